"""OneLink's answers of which nobody can say whose they are, or of which month."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.contracts.peer import RecordedCall, Reply
from tests.contracts.rigs import Rig, rigged
from xuliu.carrier.connectors.onelink.tests.test_onelink import LIN, make_change, submit
from xuliu.carrier.contract import NoAnswer, Outcome


@pytest.fixture
def rig() -> Iterator[Rig]:
    with rigged("onelink") as rig:
        yield rig


def test_numbers_of_other_cards_are_no_word_of_the_card_that_was_asked_about(rig: Rig) -> None:
    rig.peer.answer = lambda asked: rig.recorded.of_another(asked) or rig.recorded.answer(asked)
    nameless = make_change(LIN, msisdn="")

    with pytest.raises(NoAnswer):
        rig.connector.read(rig.session, [nameless.sim])
    assert [answer.outcome for answer in submit(rig, [nameless])] == [Outcome.NOT_SENT]


@pytest.mark.parametrize(("passes", "is_counted"), [(timedelta(0), True), (timedelta(minutes=2), False)])
def test_bytes_read_while_a_month_turned_are_of_no_count(rig: Rig, passes: timedelta, is_counted: bool) -> None:
    ends_at = datetime(2027, 1, 31, 15, 59, tzinfo=UTC)  # a minute before February in China
    rig.session.ahead = ends_at - datetime.now(UTC)

    def answer(asked: RecordedCall) -> Reply:
        if asked.path.endswith("/sim-data-margin"):
            rig.session.ahead += passes
        return rig.recorded.answer(asked)

    rig.read()
    rig.peer.answer = answer

    assert (rig.read().counted_from is not None) is is_counted
