"""What can go wrong between payer, provider and us, and what becomes of the money."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.world import (
    World,
    drive_for,
    drive_until,
    line_states,
    make_order,
    make_paid_order,
    make_sims,
    open_payments,
    pass_time,
)
from xuliu.common import clock
from xuliu.ledger import addresses
from xuliu.ledger.queries import balance
from xuliu.ordering.buying.cancel import cancel
from xuliu.ordering.buying.place import place
from xuliu.ordering.ending.withdraw import withdraw
from xuliu.ordering.models import Order, OrderLine
from xuliu.ordering.progress import progress
from xuliu.payment.models import Notice, Payment, Refund
from xuliu.ticket.models import Case


def _end(world: World, order: Order) -> str:
    drive_until(world, lambda: progress(order.pk).is_final)
    return Order.objects.get(id=order.pk).state


def test_the_same_notice_twenty_times_at_once_is_one_payment_and_one_fulfilment(world: World) -> None:
    (sim,) = make_sims(world, "onelink")
    order = make_paid_order(world, [sim], "cm-12")
    reference = Payment.objects.get(order_id=order.pk).reference

    answers = world.sandbox.control.repeat_notice(reference, times=20)
    assert {answer["status"] for answer in answers} <= {200, 204}

    assert _end(world, order) == "COMPLETED"
    assert Notice.objects.filter(is_pushed=True).count() == 1
    assert len(world.sandbox.control.books()["carriers"]["onelink"]["effects"]) == 1


def test_a_notice_that_never_comes_is_found_by_asking(world: World) -> None:
    (sim,) = make_sims(world, "onelink")
    world.sandbox.control.settings(notices=False)
    order = make_paid_order(world, [sim], "cm-12")

    assert _end(world, order) == "COMPLETED"
    assert list(Notice.objects.values_list("is_pushed", flat=True)) == [False]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"amount_minor": 3599}, "payment_of_another_amount"),
        ({"currency": "USD"}, "payment_in_another_currency"),
        ({"merchant_number": "1900009999"}, "payment_to_another_merchant"),
    ],
)
def test_a_payment_that_does_not_match_goes_to_suspense_with_a_case(
    world: World, said: dict[str, object], kind: str
) -> None:
    (sim,) = make_sims(world, "onelink")
    order = make_order(world, [sim], "cm-12")
    payment = open_payments(world, order)

    world.sandbox.control.pay(payment.reference, **said)
    drive_for(world, timedelta(hours=1))

    assert Case.objects.filter(kind=kind).count() == 1
    assert line_states(order) == ["DROPPED"]
    assert balance(addresses.SUSPENSE, str(said.get("currency", "CNY"))) == said.get("amount_minor", 3600)


def test_a_payment_of_no_payment_of_ours_goes_to_suspense(world: World) -> None:
    (sim,) = make_sims(world, "onelink")
    order = make_order(world, [sim], "cm-12")
    payment = open_payments(world, order)
    Payment.objects.filter(id=payment.pk).update(reference="lost" + payment.reference[4:])

    world.sandbox.control.pay(payment.reference)
    drive_until(world, lambda: Notice.objects.exclude(state=Notice.State.STORED).exists())

    assert Case.objects.filter(kind="payment_unknown").count() == 1
    assert balance(addresses.SUSPENSE, "CNY") == 3600


@pytest.mark.parametrize(
    "forgery",
    [{"key": "wrong"}, {"tamper": True}, {"timestamp_offset": -330}, {"timestamp_offset": 330}, {"serial": "OTHER"}],
    ids=["signed by another", "tampered with", "six minutes old", "from the future", "unknown serial"],
)
def test_a_forged_or_replayed_notice_is_refused_and_leaves_nothing(
    world: World, live_site: str, forgery: dict[str, object]
) -> None:
    answer = world.sandbox.control.forge_notice(
        "wechatpay", f"{live_site}/webhooks/wx/", resource={"out_trade_no": "x"}, **forgery
    )

    assert answer["status"] == 401
    assert not Notice.objects.exists()


def test_paid_in_time_and_told_late_is_fulfilled(world: World) -> None:
    (sim,) = make_sims(world, "onelink")
    world.sandbox.control.settings(notices=False)
    world.sandbox.control.down("onelink")  # nothing is fulfilled meanwhile
    order = make_order(world, [sim], "cm-12")
    payment = open_payments(world, order)
    paid_at = clock.now() + timedelta(minutes=14)
    pass_time(world, timedelta(minutes=14))
    world.sandbox.control.pay(payment.reference, success_at=paid_at.isoformat())
    world.sandbox.control.down("wechatpay")
    drive_for(world, timedelta(minutes=40))
    assert Order.objects.get(id=order.pk).state == Order.State.AWAITING_PAYMENT

    world.sandbox.control.up("wechatpay")
    world.sandbox.control.up("onelink")

    drive_for(world, timedelta(minutes=30))
    assert _end(world, order) == "COMPLETED"


def test_paid_after_closing_is_given_back_by_itself_once(world: World) -> None:
    (sim,) = make_sims(world, "onelink")
    order = make_order(world, [sim], "cm-12")
    payment = open_payments(world, order)
    drive_for(world, timedelta(hours=1))
    assert Order.objects.get(id=order.pk).state == Order.State.EXPIRED

    world.sandbox.control.pay(payment.reference, times=1)
    world.sandbox.control.repeat_notice(payment.reference, times=5)
    drive_for(world, timedelta(minutes=10))

    assert list(Refund.objects.values_list("state", "amount_minor")) == [("SUCCEEDED", 3600)]
    assert line_states(order) == ["DROPPED"]
    assert balance(addresses.refund_payable(world.provider.pk), "CNY") == 0


def test_paid_twice_by_two_payments_is_fulfilled_once_and_given_back_once(world: World) -> None:
    (sim,) = make_sims(world, "onelink")
    order = make_order(world, [sim], "cm-12")
    place(order_id=order.pk, way="jsapi", payer_id="openid-of-lin")
    drive_until(world, lambda: Payment.objects.filter(state=Payment.State.PENDING).count() == 2)
    for payment in Payment.objects.order_by("id"):
        world.sandbox.control.pay(payment.reference)
    drive_for(world, timedelta(minutes=10))

    assert _end(world, order) == "COMPLETED"
    assert list(Refund.objects.values_list("state", "amount_minor")) == [("SUCCEEDED", 3600)]
    assert Payment.objects.filter(is_applied=True).count() == 1


def test_one_payment_announced_under_two_numbers_is_one_payment_and_a_case(world: World) -> None:
    (sim,) = make_sims(world, "onelink")
    order = make_order(world, [sim], "cm-12")
    payment = open_payments(world, order)

    world.sandbox.control.pay(payment.reference, times=2)
    drive_for(world, timedelta(minutes=10))

    assert _end(world, order) == "COMPLETED"
    assert not Refund.objects.exists()
    assert list(Case.objects.values_list("kind", flat=True)) == ["payment_announced_again"]


def test_a_number_of_the_provider_that_is_known_is_no_second_payment(world: World, live_site: str) -> None:
    """Announced once more under another payment's reference, and under one that is not ours."""
    sims = make_sims(world, "onelink", 2)
    order = make_paid_order(world, sims[:1], "cm-12")
    drive_for(world, timedelta(minutes=1))
    paid = Payment.objects.get(order_id=order.pk)
    other = open_payments(world, make_order(world, sims[1:], "cm-12"))

    for reference in (other.reference, "0ofsomebodyelse"):
        said = {"out_trade_no": reference, "transaction_id": paid.number, "trade_state": "SUCCESS"}
        said |= {"success_time": clock.now().isoformat(), "mchid": world.sandbox.credentials["wechatpay"]["mchid"]}
        resource = said | {"amount": {"total": 3600, "currency": "CNY"}}
        world.sandbox.control.forge_notice("wechatpay", f"{live_site}/webhooks/wx/", resource=resource)
    drive_for(world, timedelta(minutes=1))

    other.refresh_from_db()
    assert (other.state, balance(addresses.SUSPENSE, "CNY")) == (Payment.State.PENDING, 0)
    assert list(Case.objects.values_list("kind", flat=True)) == ["payment_announced_again"] * 2


def test_a_payer_who_cancels_is_believed_once_the_provider_has_closed(world: World) -> None:
    (sim,) = make_sims(world, "onelink")
    order = make_order(world, [sim], "cm-12")
    open_payments(world, order)

    cancel(order_id=order.pk)
    assert Order.objects.get(id=order.pk).state == Order.State.AWAITING_PAYMENT
    drive_for(world, timedelta(minutes=1))

    assert Order.objects.get(id=order.pk).state == Order.State.CANCELLED
    assert line_states(order) == ["DROPPED"]


def test_who_pays_while_cancelling_is_served(world: World) -> None:
    (sim,) = make_sims(world, "onelink")
    world.sandbox.control.settings(notices=False)
    order = make_order(world, [sim], "cm-12")
    payment = open_payments(world, order)

    world.sandbox.control.pay(payment.reference)
    cancel(order_id=order.pk)

    assert _end(world, order) == "COMPLETED"


def test_what_is_withdrawn_before_it_is_sent_is_given_back(world: World) -> None:
    sims = make_sims(world, "onelink", 3)
    world.sandbox.control.down("onelink")
    order = make_paid_order(world, sims, "cm-12")
    drive_until(world, lambda: line_states(order) == ["READY"] * 3)

    assert withdraw(order_id=order.pk) == 3
    drive_for(world, timedelta(minutes=5))
    world.sandbox.control.up("onelink")
    drive_for(world, timedelta(minutes=5))

    assert Order.objects.get(id=order.pk).state == Order.State.FAILED
    assert list(Refund.objects.values_list("state", "amount_minor")) == [("SUCCEEDED", 3 * 3600)]
    assert not world.sandbox.control.books()["carriers"]["onelink"]["effects"]


@pytest.mark.usefixtures("short_deadlines")
@pytest.mark.parametrize("kind", ["lose_answer", "error_after", "odd_body", "hang"])
def test_a_refund_whose_answer_is_lost_is_sent_once(world: World, kind: str) -> None:
    sims = make_sims(world, "onelink")
    world.sandbox.control.fault(peer="onelink", kind="refuse", operation="change", reason="sim", count=None)
    world.sandbox.control.fault(peer="wechatpay", kind=kind, operation="refund")
    order = make_paid_order(world, sims, "cm-12")
    drive_for(world, timedelta(minutes=30))

    assert Order.objects.get(id=order.pk).state == Order.State.FAILED
    assert list(Refund.objects.values_list("state", flat=True)) == ["SUCCEEDED"]
    assert world.sandbox.control.books()["providers"]["wechatpay"]["refunded_minor"]["CNY"] == 3600
    assert OrderLine.objects.get(order=order).refunded_minor == 3600
