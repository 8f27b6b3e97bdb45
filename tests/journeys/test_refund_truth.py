"""Refunds have late truth and a second way: what the provider says in the end counts, and money goes back once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.make import make_person
from tests.world import World, await_notices, drive, drive_for, make_paid_order, make_sims
from xuliu.common.actor import Actor, acting
from xuliu.common.deciding import CannotDecide
from xuliu.common.models import Event
from xuliu.ledger import addresses
from xuliu.ledger.queries import balance
from xuliu.ordering.models import OrderLine
from xuliu.payment import anew
from xuliu.payment.models import Refund, RefundNumber
from xuliu.ticket.models import Case

MINUTES = timedelta(minutes=2)


def _owed(world: World, outcome: str, *, sims: int = 1, notices: bool = True) -> Refund:
    """A refund of one refused line, which the provider has taken on and ends so."""
    made = make_sims(world, "onelink", sims)
    fault = {"kind": "refuse", "operation": "change", "reason": "sim", "count": None}
    world.sandbox.control.fault(peer="onelink", iccid=made[0].iccid, **fault)
    world.sandbox.control.settings(refund_outcome=outcome)
    make_paid_order(world, made, "cm-12")
    await_notices(world)
    if not notices:
        world.sandbox.control.settings(notices=False)
    drive_for(world, MINUTES)
    world.sandbox.control.settings(refund_outcome="success", notices=True)
    return Refund.objects.get()


def _state(refund: Refund) -> str:
    refund.refresh_from_db()
    return refund.state


def _decide(refund: Refund, *names: str) -> list[bool]:
    done = []
    for name in names:
        with acting(Actor("person", make_person(name).pk, name)):
            done.append(anew.ask_anew(refund_id=refund.pk, why="our balance is filled"))
    return done


def _open_cases() -> list[str]:
    return list(Case.objects.filter(state="OPEN").order_by("kind").values_list("kind", flat=True))


def test_an_abnormal_refund_that_a_person_ended_at_the_provider_succeeds_and_is_posted_once(world: World) -> None:
    refund = _owed(world, "abnormal")
    assert (_state(refund), _open_cases()) == ("FAILED", ["refund_failed"])
    assert balance(addresses.refund_payable(world.provider.pk), "CNY") == 3600

    world.sandbox.control.end_refund(refund.reference, "success")
    world.sandbox.control.repeat_notice(refund.reference, times=3, kind="refund")
    drive_for(world, MINUTES)

    assert (_state(refund), _open_cases()) == ("SUCCEEDED", [])
    assert balance(addresses.refund_payable(world.provider.pk), "CNY") == 0


def test_an_abnormal_refund_of_which_no_notice_comes_any_more_is_asked_about_every_day(world: World) -> None:
    refund = _owed(world, "abnormal")
    world.sandbox.control.settings(notices=False)
    world.sandbox.control.end_refund(refund.reference, "success")
    drive_for(world, timedelta(days=1, minutes=5))
    assert _state(refund) == "SUCCEEDED"


def test_of_two_notices_in_one_batch_the_later_truth_counts_whichever_was_stored_first(world: World) -> None:
    refund = _owed(world, "hold", notices=False)
    world.sandbox.control.settings(notices=False)
    for status in ("abnormal", "success"):
        world.sandbox.control.end_refund(refund.reference, status)
    # Both are sent at once by their ages: the newest, then the one before it.
    world.sandbox.control.repeat_notice(refund.reference, kind="refund")
    world.sandbox.control.settings(notices=True)
    await_notices(world)
    drive()
    assert _state(refund) == "SUCCEEDED"


@pytest.mark.parametrize("outcome", ["hold", "abnormal"])
def test_what_is_unknown_or_abnormal_is_never_asked_anew(world: World, outcome: str) -> None:
    refund = _owed(world, outcome)
    with pytest.raises(CannotDecide, match="not_closed"):
        _decide(refund, "Olga")
    world.sandbox.control.end_refund(refund.reference, "success")
    drive_for(world, MINUTES)
    assert RefundNumber.objects.count() == 1


def test_a_closed_refund_is_asked_anew_by_two_people_under_a_new_number(world: World) -> None:
    refund = _owed(world, "closed")
    assert (_state(refund), _open_cases()) == ("FAILED", ["refund_closed"])
    old = refund.reference

    assert _decide(refund, "Olga", "Olga") == [False, False]
    drive_for(world, MINUTES)
    assert _state(refund) == "FAILED"
    assert _decide(refund, "Otto") == [True]
    asked = len(world.sandbox.control.calls(peer="wechatpay", operation="refund_query"))
    drive_for(world, MINUTES)

    assert len(world.sandbox.control.calls(peer="wechatpay", operation="refund_query")) > asked
    assert (_state(refund), _open_cases()) == ("SUCCEEDED", [])
    assert refund.reference != old
    assert dict(RefundNumber.objects.values_list("reference", "status")) == {
        old: "closed",
        refund.reference: "succeeded",
    }
    assert Refund.objects.count() == 1


def test_a_closed_refund_is_not_asked_anew_while_the_provider_does_not_say_so_once_more(world: World) -> None:
    refund = _owed(world, "closed")
    world.sandbox.control.down("wechatpay")
    assert _decide(refund, "Olga", "Otto") == [False, True]
    drive_for(world, MINUTES)
    assert (_state(refund), RefundNumber.objects.count()) == ("FAILED", 1)
    world.sandbox.control.settings(notices=False)
    world.sandbox.control.end_refund(refund.reference, "success")
    world.sandbox.control.up("wechatpay")
    drive_for(world, timedelta(minutes=10))
    assert (_state(refund), RefundNumber.objects.count()) == ("SUCCEEDED", 1)


def test_money_that_went_twice_under_two_numbers_is_posted_as_it_is_with_a_case(world: World) -> None:
    refund = _owed(world, "closed", sims=2)
    old = refund.reference
    _decide(refund, "Olga", "Otto")
    drive_for(world, MINUTES)
    assert _state(refund) == "SUCCEEDED"

    world.sandbox.control.end_refund(old, "success")
    world.sandbox.control.repeat_notice(old, times=2, kind="refund")
    drive_for(world, MINUTES)

    assert _open_cases() == ["refunded_twice"]
    assert balance(addresses.loss("refunded_twice"), "CNY") == -3600
    assert balance(addresses.refund_payable(world.provider.pk), "CNY") == 0


def test_an_old_number_that_succeeds_late_keeps_the_new_one_from_being_sent(world: World) -> None:
    refund = _owed(world, "closed")
    old = refund.reference
    world.sandbox.control.fault(peer="wechatpay", kind="too_many", operation="refund", count=None)
    _decide(refund, "Olga", "Otto")
    drive_for(world, MINUTES)
    assert _state(refund) == "PENDING"

    world.sandbox.control.end_refund(old, "success")
    world.sandbox.control.clear_faults()
    await_notices(world)
    drive_for(world, timedelta(minutes=10))

    assert _state(refund) == "SUCCEEDED"
    assert [one["status"] for one in world.sandbox.control.books()["providers"]["wechatpay"]["refunds"]] == ["success"]


@pytest.mark.parametrize("outcome", ["closed", "success"])
def test_what_has_ended_is_asked_about_where_somebody_wants_it_and_not_for_ever(world: World, outcome: str) -> None:
    refund = _owed(world, outcome)
    before = _state(refund)
    anew.ask_now(refund_id=refund.pk)
    drive_for(world, MINUTES)
    assert (_state(refund), refund.due_at) == (before, None)
    assert len(world.sandbox.control.calls(peer="wechatpay", operation="refund_query")) >= 1


@pytest.mark.parametrize(
    ("status", "code"), [(400, "INVALID_REQUEST"), (404, "RESOURCE_NOT_EXISTS"), (403, "USER_ACCOUNT_ABNORMAL")]
)
def test_a_refused_request_is_asked_about_before_it_is_called_refused(world: World, status: int, code: str) -> None:
    fault = {"kind": "refuse", "operation": "refund", "status": status, "code": code}
    world.sandbox.control.fault(peer="wechatpay", **fault)
    refund = _owed(world, "success")
    states = list(_moves(refund))
    assert states == ["SENT", "UNKNOWN", "FAILED"]
    assert len(world.sandbox.control.calls(peer="wechatpay", operation="refund_query")) == 1
    assert _open_cases() == ["refund_refused"]

    with acting(Actor("person", make_person("Olga").pk, "Olga")):
        assert anew.send_again(refund_id=refund.pk, why="the order is there")
    drive_for(world, MINUTES)
    assert (_state(refund), _open_cases()) == ("SUCCEEDED", [])
    assert RefundNumber.objects.count() == 1


def test_a_refusal_of_what_the_provider_has_is_no_refusal(world: World) -> None:
    """The first request acted and its answer was lost; the second was refused."""
    world.sandbox.control.fault(peer="wechatpay", kind="lose_answer", operation="refund")
    world.sandbox.control.fault(peer="wechatpay", kind="refuse", operation="refund", status=400, code="PARAM_ERROR")
    refund = _owed(world, "success", notices=False)
    drive_for(world, timedelta(minutes=10))
    assert _state(refund) == "SUCCEEDED"
    assert OrderLine.objects.get().refunded_minor == 3600


def _moves(refund: Refund) -> list[str]:
    moved = Event.objects.filter(kind="refund", subject_id=refund.pk).order_by("id")
    return list(moved.values_list("became", flat=True))
