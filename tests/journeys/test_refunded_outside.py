"""Money that went back past us: it is not delivered, it is held, and two people say how much it was."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.make import make_person
from tests.world import (
    World,
    await_notices,
    drive,
    drive_for,
    drive_until,
    line_states,
    make_order,
    make_paid_order,
    make_sims,
    open_payments,
    pass_time,
)
from xuliu.common.actor import Actor, acting
from xuliu.common.deciding import CannotDecide
from xuliu.ledger import addresses
from xuliu.ledger.queries import balance
from xuliu.ordering.buying.place import place
from xuliu.ordering.delivering import decide
from xuliu.ordering.models import Order, OrderLine
from xuliu.payment import outside, payment_steps
from xuliu.payment.models import Notice, Payment, Refund
from xuliu.ticket.models import Case


def _enter(payment: Payment, name: str, number: str, amount_minor: int) -> bool:
    with acting(Actor("person", make_person(name).pk, name)):
        return outside.enter(payment_id=payment.pk, number=number, amount_minor=amount_minor, why="seen there")


def _open_cases() -> list[str]:
    return list(Case.objects.filter(state="OPEN").order_by("kind").values_list("kind", flat=True))


def test_a_query_that_says_refunded_delivers_nothing_and_two_people_say_how_much(world: World) -> None:
    order = make_order(world, make_sims(world, "onelink"), "cm-12")
    payment = open_payments(world, order)
    world.sandbox.control.pay(payment.reference, notify=False)
    told = world.sandbox.control.refund_outside(payment.reference, 3600, notify=False)
    drive_for(world, timedelta(hours=1))

    assert (Order.objects.get(id=order.pk).state, line_states(order)) == ("EXPIRED", ["DROPPED"])
    assert balance(addresses.SUSPENSE, "CNY") == 3600
    assert _open_cases() == ["payment_refunded_outside"]

    assert not _enter(payment, "Olga", told["number"], 3600)
    assert not _enter(payment, "Olga", told["number"], 3600)
    assert not _enter(payment, "Otto", told["number"], 3500)
    with pytest.raises(CannotDecide, match="no_amount"):
        _enter(payment, "Otto", told["number"], 3601)
    assert _enter(payment, "Otto", told["number"], 3600)
    drive()
    assert balance(addresses.SUSPENSE, "CNY") == 0
    assert _open_cases() == []


def test_a_notice_says_how_much_and_the_rest_is_given_back_by_a_person(world: World) -> None:
    order = make_order(world, make_sims(world, "onelink"), "cm-12")
    payment = open_payments(world, order)
    world.sandbox.control.pay(payment.reference, notify=False)
    world.sandbox.control.refund_outside(payment.reference, 1000)
    await_notices(world)
    drive_for(world, timedelta(minutes=2))
    assert (balance(addresses.SUSPENSE, "CNY"), line_states(order)) == (2600, ["WAITING"])

    with acting(Actor("person", make_person("Olga").pk, "Olga")):
        assert outside.give_back_rest(payment_id=payment.pk, why="the payer wants no more of it")
        with pytest.raises(CannotDecide, match="no_amount"):
            outside.give_back_rest(payment_id=payment.pk, why="once more")
    drive_for(world, timedelta(minutes=5))
    assert sorted(Refund.objects.values_list("state", "amount_minor")) == [("SUCCEEDED", 1000), ("SUCCEEDED", 2600)]
    assert balance(addresses.SUSPENSE, "CNY") == 0
    drive_for(world, timedelta(hours=1))
    assert _open_cases() == []


def test_what_is_paid_and_not_yet_with_the_carrier_waits_for_a_person(world: World) -> None:
    world.sandbox.control.down("onelink")
    order = make_paid_order(world, make_sims(world, "onelink"), "cm-12")
    drive_until(world, lambda: line_states(order) == ["READY"])
    payment = Payment.objects.get(order_id=order.pk)
    told = world.sandbox.control.refund_outside(payment.reference, 3600)
    await_notices(world)
    drive()
    world.sandbox.control.up("onelink")
    drive_for(world, timedelta(minutes=30))
    assert line_states(order) == ["READY"]
    assert "payment_refunded_outside" in _open_cases()

    # Entered by people besides: the provider's number says that it is the same.
    _enter(payment, "Olga", told["number"], 3600)
    _enter(payment, "Otto", told["number"], 3600)
    assert Refund.objects.count() == 1
    with acting(Actor("person", make_person("Olga").pk, "Olga")):
        decide.refund(line_id=OrderLine.objects.get(order=order).pk, why="given back already")
    drive_for(world, timedelta(minutes=5))
    assert Order.objects.get(id=order.pk).state == Order.State.FAILED
    assert Refund.objects.count() == 1  # and no second one of ours
    assert balance(addresses.refund_payable(world.provider.pk), "CNY") == 0


def test_a_part_that_went_back_past_us_is_less_to_be_given_back_by_us(world: World) -> None:
    world.sandbox.control.down("onelink")
    order = make_paid_order(world, make_sims(world, "onelink"), "cm-12")
    drive_until(world, lambda: line_states(order) == ["READY"])
    world.sandbox.control.refund_outside(Payment.objects.get(order_id=order.pk).reference, 1000)
    await_notices(world)
    drive()
    with acting(Actor("person", make_person("Olga").pk, "Olga")):
        decide.refund(line_id=OrderLine.objects.get(order=order).pk, why="the payer wants no more of it")
    drive_for(world, timedelta(minutes=5))
    assert sorted(Refund.objects.values_list("state", "amount_minor")) == [("SUCCEEDED", 1000), ("SUCCEEDED", 2600)]
    assert balance(addresses.refund_payable(world.provider.pk), "CNY") == 0


def test_an_order_refunded_past_us_can_be_paid_anew(world: World) -> None:
    order = make_order(world, make_sims(world, "onelink"), "cm-12")
    payment = open_payments(world, order)
    world.sandbox.control.pay(payment.reference, notify=False)
    world.sandbox.control.refund_outside(payment.reference, 3600)
    await_notices(world)
    drive_for(world, timedelta(minutes=1))
    assert Order.objects.get(id=order.pk).state == Order.State.AWAITING_PAYMENT
    place(order_id=order.pk, way="native")
    world.sandbox.control.pay(open_payments(world, order).reference)
    drive_for(world, timedelta(minutes=2))
    assert Order.objects.get(id=order.pk).state == Order.State.COMPLETED


def test_of_a_success_and_a_refund_in_one_batch_the_refund_counts(world: World) -> None:
    """The payment's notice was stored first and not applied yet; what is asked meanwhile says that it went back."""
    order = make_order(world, make_sims(world, "onelink"), "cm-12")
    payment = open_payments(world, order)
    world.sandbox.control.pay(payment.reference)
    await_notices(world)
    told = world.sandbox.control.refund_outside(payment.reference, 3600, notify=False)
    pass_time(world, timedelta(seconds=30))
    payment_steps.ask_payments()
    assert Notice.objects.filter(state=Notice.State.STORED).count() == 2
    drive_for(world, timedelta(minutes=2))

    assert (line_states(order), balance(addresses.SUSPENSE, "CNY")) == (["WAITING"], 3600)
    for name in ("Olga", "Otto"):
        _enter(payment, name, told["number"], 3600)
    drive_for(world, timedelta(hours=1))
    assert line_states(order) == ["DROPPED"]


def test_what_was_delivered_and_then_given_back_past_us_stays_a_question(world: World) -> None:
    order = make_paid_order(world, make_sims(world, "onelink"), "cm-12")
    drive_until(world, lambda: line_states(order) == ["COMPLETED"])
    payment = Payment.objects.get(order_id=order.pk)
    world.sandbox.control.refund_outside(payment.reference, 3600)
    await_notices(world)
    drive_for(world, timedelta(hours=2), step=timedelta(minutes=10))

    assert Refund.objects.get().is_outside
    assert _open_cases() == ["payment_refunded_outside"], "goods and money are gone: only a person can end that"
