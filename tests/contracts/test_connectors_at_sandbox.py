"""The connectors against carriers that act, lose their answers, lie and keep books: the sandbox, over HTTP."""

import time
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from tests.contracts.sandbox_rigs import FLEETS, SandboxRig, at_sandbox
from xuliu.carrier.contract import Action, Outcome, Reading, Reason
from xuliu.carrier.registry import all_connectors
from xuliu.sandbox.testing import Sandbox

TAKEN = (Outcome.ACCEPTED, Outcome.DONE)


@pytest.fixture(params=sorted(FLEETS))
def rig(request: pytest.FixtureRequest, sandbox: Sandbox) -> Iterator[SandboxRig]:
    with at_sandbox(request.param, sandbox) as rig:
        yield rig


@pytest.fixture(params=[Action.RENEW, Action.ADD_ON])
def action(request: pytest.FixtureRequest, rig: SandboxRig) -> Action:
    if request.param not in rig.fleet.plans:
        pytest.skip(f"{rig.code} does not offer {request.param}")
    return Action(request.param)


def test_every_connector_has_a_carrier_in_the_sandbox() -> None:
    assert set(FLEETS) == set(all_connectors()), "tests/rig.py with FLEET is missing in a connector's folder"


def assert_delivered(rig: SandboxRig, action: Action, before: Reading, after: Reading) -> None:
    """What was bought stands on the SIM, as the core will look for it, and once on the carrier's books."""
    plan = rig.fleet.plans[action]
    if action is Action.RENEW:
        assert before.period_end_on is not None
        assert after.period_end_on is not None
        assert after.period_end_on >= before.period_end_on + timedelta(days=28 * plan.months)
    else:
        assert before.granted_bytes is not None
        assert after.granted_bytes == before.granted_bytes + plan.size_bytes
    assert [effect["iccid"] for effect in rig.effects()] == [after.iccid]


def test_a_change_is_delivered_once_and_read_back(rig: SandboxRig, action: Action) -> None:
    before = rig.read()

    answer = rig.submit(rig.change(action))

    assert answer.outcome in TAKEN
    assert answer.number
    assert rig.find(rig.change(action), before=before, number=answer.number).outcome is Outcome.DONE
    assert_delivered(rig, action, before, rig.read())


def test_a_reading_agrees_with_the_carriers_books(rig: SandboxRig) -> None:
    rig.stock(granted_bytes=500_000_000, used_bytes=100_000_000, ends_on="2031-03-01", state="suspended")

    reading = rig.read()

    assert reading.period_end_on == date(2031, 3, 1)
    assert reading.state == "suspended"
    assert reading.granted_bytes == pytest.approx(500_000_000, abs=1024)
    assert reading.used_bytes == pytest.approx(100_000_000, abs=1024)


@pytest.mark.parametrize("kind", ["lose_answer", "error_after", "odd_body"])
def test_a_change_whose_answer_was_lost_is_found(rig: SandboxRig, action: Action, kind: str) -> None:
    before = rig.read()
    rig.plant(kind)

    assert rig.submit(rig.change(action)).outcome is Outcome.UNKNOWN

    assert rig.find(rig.change(action), before=before).outcome is Outcome.DONE
    assert_delivered(rig, action, before, rig.read())


def test_a_change_that_was_lost_on_its_way_is_not_found_and_may_be_sent_again(rig: SandboxRig, action: Action) -> None:
    before = rig.read()
    rig.plant("lose_answer", acts=False)
    assert rig.submit(rig.change(action)).outcome is Outcome.UNKNOWN
    assert rig.find(rig.change(action), before=before).outcome is Outcome.NOT_FOUND

    assert rig.submit(rig.change(action)).outcome in TAKEN

    assert_delivered(rig, action, before, rig.read())


@pytest.mark.parametrize("fault", [{"kind": "hang", "seconds": 20}, {"kind": "drip", "seconds": 0.5}], ids=str)
def test_a_carrier_that_takes_for_ever_is_cut_off(rig: SandboxRig, action: Action, fault: dict[str, object]) -> None:
    before = rig.read()
    rig.session.deadline_seconds = 0.7
    rig.plant(**fault)  # type: ignore[arg-type]  # what goes wrong is data

    began = time.monotonic()
    answer = rig.submit(rig.change(action))

    assert answer.outcome is Outcome.UNKNOWN
    assert time.monotonic() - began < 0.7 + 1
    rig.session.deadline_seconds = 10
    assert rig.find(rig.change(action), before=before).outcome is Outcome.DONE


@pytest.mark.parametrize(
    ("why", "outcome"),
    [
        (Reason.SIM, Outcome.REJECTED),
        (Reason.PLAN, Outcome.REJECTED),
        (Reason.ACCOUNT, Outcome.NOT_SENT),
        (Reason.TEMPORARY, Outcome.NOT_SENT),
    ],
)
def test_a_refusal_is_told_with_whose_trouble_it_is(
    rig: SandboxRig, action: Action, why: Reason, outcome: Outcome
) -> None:
    rig.plant("refuse", reason=str(why))

    answer = rig.submit(rig.change(action))

    assert (answer.outcome, answer.reason) == rig.fleet.told_otherwise.get((action, why), (outcome, why))
    assert rig.effects() == []


def test_too_many_calls_waits_as_long_as_asked(rig: SandboxRig, action: Action) -> None:
    rig.plant("too_many", retry_after=7)

    answer = rig.submit(rig.change(action))

    assert (answer.outcome, answer.reason, answer.retry_after_seconds) == (Outcome.NOT_SENT, Reason.AWAY, 7)
    assert rig.effects() == []


def test_an_expired_token_costs_one_more_call_and_no_second_effect(rig: SandboxRig, action: Action) -> None:
    before = rig.read()
    rig.sandbox.control.expire_tokens(rig.code)

    assert rig.submit(rig.change(action)).outcome in TAKEN

    assert_delivered(rig, action, before, rig.read())


def test_a_carrier_that_is_down_gets_nothing_and_is_served_when_it_is_back(rig: SandboxRig, action: Action) -> None:
    before = rig.read()
    rig.sandbox.control.down(rig.code)
    assert rig.submit(rig.change(action)).outcome is Outcome.NOT_SENT

    rig.sandbox.control.up(rig.code)
    assert rig.submit(rig.change(action)).outcome in TAKEN

    assert_delivered(rig, action, before, rig.read())


def test_an_empty_account_is_our_trouble_and_nobody_elses(rig: SandboxRig, action: Action) -> None:
    rig.sandbox.control.account(rig.code, 0)

    answer = rig.submit(rig.change(action))

    assert (answer.outcome, answer.reason) == (Outcome.NOT_SENT, Reason.ACCOUNT)
    assert rig.effects() == []


def test_a_carrier_that_says_ok_and_does_nothing_is_seen_through_by_the_reading(
    rig: SandboxRig, action: Action
) -> None:
    before = rig.read()
    rig.plant("nothing")

    assert rig.submit(rig.change(action)).outcome in TAKEN

    after = rig.read()
    assert (after.period_end_on, after.granted_bytes) == (before.period_end_on, before.granted_bytes)


def test_less_than_was_bought_shows_in_the_reading(rig: SandboxRig) -> None:
    if Action.ADD_ON not in rig.fleet.plans:
        pytest.skip(f"{rig.code} does not offer add-ons")
    before = rig.read()
    rig.plant("wrong_amount", factor=0.5)

    rig.submit(rig.change(Action.ADD_ON))

    granted, size = rig.read().granted_bytes, rig.fleet.plans[Action.ADD_ON].size_bytes
    assert before.granted_bytes is not None
    assert granted == before.granted_bytes + size // 2


def test_an_order_that_takes_its_time_stays_accepted_until_it_shows(rig: SandboxRig, action: Action) -> None:
    before = rig.read()
    rig.sandbox.control.settings(settle_seconds=3600)
    number = rig.submit(rig.change(action)).number
    assert rig.find(rig.change(action), before=before, number=number).outcome is Outcome.ACCEPTED

    rig.sandbox.control.settle()

    assert rig.find(rig.change(action), before=before, number=number).outcome is Outcome.DONE
    assert_delivered(rig, action, before, rig.read())


def test_a_card_that_is_on_no_books_is_refused(rig: SandboxRig, action: Action) -> None:
    assert rig.read(99).refused
    answer = rig.submit(rig.change(action, 99))

    assert (answer.outcome, answer.reason) == (Outcome.REJECTED, Reason.SIM)


def test_a_bulk_of_cards_is_delivered_to_each_once(rig: SandboxRig) -> None:
    places = range(100, 100 + min(rig.connector.capabilities.batch_size, 100))
    rig.stock(*places)
    changes = [rig.change(min(rig.fleet.plans), place) for place in places]

    answers = rig.connector.submit(rig.session, changes)

    assert [answer.reference for answer in answers] == [change.reference for change in changes]
    assert {answer.outcome for answer in answers} <= set(TAKEN)
    assert sorted(effect["iccid"] for effect in rig.effects()) == [change.sim.iccid for change in changes]


def test_an_order_that_failed_later_is_told_by_its_query(sandbox: Sandbox) -> None:
    with at_sandbox("onelink", sandbox) as rig:
        before = rig.read()
        rig.plant("fail_later", reason="sim")
        number = rig.submit(rig.change(Action.ADD_ON)).number

        assert rig.find(rig.change(Action.ADD_ON), before=before, number=number).outcome is Outcome.REJECTED
        assert rig.effects() == []


def test_the_vendors_pause_between_two_orders_is_waited_for(sandbox: Sandbox) -> None:
    with at_sandbox("onelink", sandbox) as rig:
        rig.stock(100, 101, 102)
        sandbox.control.settings(onelink_repeat_minutes=30)
        assert rig.submit(rig.change(Action.ADD_ON, 101)).outcome in TAKEN

        changes = [rig.change(Action.ADD_ON, place) for place in (100, 101, 102)]
        answers = rig.connector.submit(rig.session, changes)

        assert [answer.outcome for answer in answers] == [Outcome.ACCEPTED, Outcome.NOT_SENT, Outcome.ACCEPTED]
        assert answers[1].retry_after_seconds == 1800


def test_an_expired_sim_cannot_be_topped_up_but_extended(sandbox: Sandbox) -> None:
    with at_sandbox("1nce", sandbox) as rig:
        rig.stock(ends_on="2020-01-01", starts_on="2019-01-01")

        refused = rig.submit(rig.change(Action.ADD_ON))

        assert (refused.outcome, refused.reason) == (Outcome.REJECTED, Reason.SIM)
        assert rig.submit(rig.change(Action.RENEW)).outcome in TAKEN
