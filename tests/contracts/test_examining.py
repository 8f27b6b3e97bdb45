"""What trying an account shows: every connector's and every provider's."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.contracts.peer import Fault, Reply, Silence
from tests.contracts.provider_desk import Desk, rig_of
from tests.contracts.rigs import CODES, Rig, rigged
from xuliu.common.findings import TryResult, is_usable
from xuliu.payment.contract import NoAnswer, NotSent


@pytest.fixture(params=CODES)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with rigged(request.param) as rig:
        yield rig


def test_an_account_that_works_is_found_right_by_questions_that_change_nothing(rig: Rig) -> None:
    found = rig.connector.examine(rig.session)

    assert is_usable(found)
    assert rig.changes_seen() == 0
    assert all(finding.about["zh-hans"] and finding.about["en"] for finding in found)


def test_refused_credentials_are_found_wrong(rig: Rig) -> None:
    rig.always(rig.recorded.bad_credentials)

    found = rig.connector.examine(rig.session)

    assert TryResult.WRONG in {finding.shown for finding in found}
    assert all(finding.why for finding in found if finding.shown is TryResult.WRONG)
    assert not is_usable(found)


@pytest.mark.parametrize(
    "fault", [Silence(is_held=False), Reply(status=502), Reply(status=429), Reply(body=b"<html>")], ids=repr
)
def test_where_nobody_answers_an_account_is_neither_right_nor_wrong(rig: Rig, fault: Fault) -> None:
    rig.always(fault)

    found = rig.connector.examine(rig.session)

    assert {finding.shown for finding in found} == {TryResult.UNTRIED}


def test_a_provider_account_that_works_is_found_right_and_nothing_is_opened(desk: Desk) -> None:
    found = desk.provider.examine(desk.session)

    assert is_usable(found)
    assert desk.books()["payments"] == []
    assert all(finding.about["zh-hans"] and finding.about["en"] for finding in found)


def test_where_no_provider_answers_an_account_is_neither_right_nor_wrong(desk: Desk) -> None:
    desk.sandbox.control.down(desk.peer)
    try:
        found = desk.provider.examine(desk.session)
    except (NoAnswer, NotSent):
        return
    assert TryResult.UNTRIED in {finding.shown for finding in found if finding.is_needed}
    assert TryResult.WRONG not in {finding.shown for finding in found}


def test_what_is_mistyped_of_a_provider_account_is_found_wrong(desk: Desk) -> None:
    mistyped = rig_of(desk.peer).MISTYPED
    assert mistyped, "rig.py says of no field what a wrong value of it is"
    for name, value in mistyped.items():
        stranger = type(desk.provider)(replace(desk.config, **{name: value}))

        found = stranger.examine(desk.session)

        assert any(finding.shown is TryResult.WRONG and finding.why for finding in found), name
        assert not is_usable(found), name
