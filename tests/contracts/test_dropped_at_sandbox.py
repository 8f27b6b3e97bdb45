"""Mei Tel's connector at Mei Tel's stand-in: the two examples, of one who read the documents, keep the contract."""

from collections.abc import Callable, Iterator

import pytest

from tests.contracts import test_connectors_at_sandbox as contract
from tests.contracts.fleets import Fleet, Plan
from tests.contracts.sandbox_rigs import FLEETS, SandboxRig, at_sandbox
from tests.contracts.test_dropping_one_in import mei_tel
from xuliu.carrier.contract import Action, Outcome, Reason
from xuliu.sandbox.testing import Sandbox
from xuliu.sandbox.tests.test_dropped_in import running

__all__ = ["mei_tel", "running"]

FLEET = Fleet(
    iccid_prefix="89861199000000000",
    msisdn_prefix="1440000000",
    plans={Action.RENEW: Plan(code="year", months=12), Action.ADD_ON: Plan(code="100M", size_bytes=10**8)},
    base_plan="year",
)


@pytest.fixture
def rig(mei_tel: str, running: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxRig]:
    monkeypatch.setitem(FLEETS, mei_tel, FLEET)
    running.control.reset()
    with at_sandbox(mei_tel, running) as rig:
        yield rig


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize(
    "owed",
    [
        contract.test_a_change_is_delivered_once_and_read_back,
        contract.test_a_change_that_was_lost_on_its_way_is_not_found_and_may_be_sent_again,
        contract.test_too_many_calls_waits_as_long_as_asked,
        contract.test_an_expired_token_costs_one_more_call_and_no_second_effect,
        contract.test_a_carrier_that_is_down_gets_nothing_and_is_served_when_it_is_back,
        contract.test_an_empty_account_is_our_trouble_and_nobody_elses,
        contract.test_a_carrier_that_says_ok_and_does_nothing_is_seen_through_by_the_reading,
        contract.test_an_order_that_takes_its_time_stays_accepted_until_it_shows,
        contract.test_a_card_that_is_on_no_books_is_refused,
    ],
)
def test_the_examples_keep_what_every_connector_owes(
    rig: SandboxRig, owed: Callable[[SandboxRig, Action], None], action: Action
) -> None:
    owed(rig, action)


@pytest.mark.parametrize("kind", ["lose_answer", "error_after", "odd_body"])
def test_the_examples_find_a_change_whose_answer_was_lost(rig: SandboxRig, kind: str) -> None:
    contract.test_a_change_whose_answer_was_lost_is_found(rig, Action.ADD_ON, kind)


@pytest.mark.parametrize("why", [Reason.SIM, Reason.PLAN, Reason.ACCOUNT, Reason.TEMPORARY])
def test_the_examples_tell_whose_trouble_a_refusal_is_at_once_and_later(rig: SandboxRig, why: Reason) -> None:
    outcome = Outcome.REJECTED if why in (Reason.SIM, Reason.PLAN) else Outcome.NOT_SENT
    contract.test_a_refusal_is_told_with_whose_trouble_it_is(rig, Action.ADD_ON, why, outcome)

    before = rig.read()
    rig.plant("fail_later", reason=str(why))
    rig.submit(rig.change(Action.ADD_ON))
    told = rig.find(rig.change(Action.ADD_ON), before=before)
    assert (told.outcome, told.reason) == (outcome, why)
