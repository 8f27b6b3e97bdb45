"""What a notice says otherwise than we asked for is doubted: the provider is asked, and what it answers counts."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.conf import settings

from tests.books import check_books
from tests.world import World, await_notices, drive, drive_for, make_order, make_paid_order, make_sims, open_payments
from xuliu.common import clock
from xuliu.ledger import addresses
from xuliu.ledger.queries import balance
from xuliu.ordering.models import Order
from xuliu.payment.accounts import provider_of
from xuliu.payment.contract import Malformed
from xuliu.payment.models import Payment, Refund
from xuliu.ticket.models import Case

MINUTE = timedelta(minutes=1)
MISFITS = [{"amount_minor": 1}, {"currency": "USD"}, {"mchid": "1900009999"}]
NAMES = ["amount", "currency", "merchant"]


def _unpaid(world: World) -> tuple[Order, Payment]:
    order = make_order(world, make_sims(world, "onelink"), "cm-12")
    return order, open_payments(world, order)


def _notice(world: World, payment: Payment, number: str, said: dict[str, object]) -> None:
    """A genuine notice, whatever the provider's books say."""
    amount = {"total": said.get("amount_minor", 3600), "currency": said.get("currency", "CNY")}
    resource = {"out_trade_no": payment.reference, "transaction_id": number, "trade_state": "SUCCESS", "amount": amount}
    resource |= {"success_time": clock.now().isoformat(), "mchid": world.sandbox.credentials["wechatpay"]["mchid"]}
    others = {name: value for name, value in said.items() if name not in ("amount_minor", "currency")}
    _send(world, resource | others)


def _send(world: World, resource: dict[str, object]) -> None:
    world.sandbox.control.forge_notice("wechatpay", f"{settings.XULIU_BASE_URL}/webhooks/wx/", resource=resource)


def _open_cases() -> dict[str, int]:
    kinds = Case.objects.filter(state="OPEN").values_list("kind", flat=True)
    return {kind: list(kinds).count(kind) for kind in kinds}


@pytest.mark.parametrize("said", MISFITS, ids=NAMES)
def test_of_two_announcements_in_one_second_what_the_provider_answers_counts(
    world: World, said: dict[str, object]
) -> None:
    """Soak seed 8018: paid, then announced again with other facts; the second notice came first."""
    order, payment = _unpaid(world)
    world.sandbox.control.settings(notices=False)
    at = clock.now().isoformat()
    world.sandbox.control.pay(payment.reference, success_at=at)
    world.sandbox.control.pay(payment.reference, success_at=at, **said)
    world.sandbox.control.repeat_notice(payment.reference)  # the newest
    drive()
    world.sandbox.control.settings(notices=True)
    await_notices(world)
    drive_for(world, 10 * MINUTE)

    assert Order.objects.get(id=order.pk).state == "COMPLETED"
    assert balance(addresses.SUSPENSE, str(said.get("currency", "CNY"))) == 0
    assert sum(_open_cases().values()) == 1, "that it was announced again is told"
    check_books(world)


@pytest.mark.parametrize("said", MISFITS, ids=NAMES)
def test_an_odd_notice_of_a_payment_that_fits_is_put_right_by_asking(world: World, said: dict[str, object]) -> None:
    order, payment = _unpaid(world)
    (number,) = world.sandbox.control.pay(payment.reference, notify=False)
    _notice(world, payment, number, said)
    drive()

    assert Payment.objects.get().is_applied
    drive_for(world, 10 * MINUTE)
    assert Order.objects.get(id=order.pk).state == "COMPLETED"
    assert Case.objects.filter(kind="payment_doubted").count() == 1
    assert _open_cases() == {}


@pytest.mark.parametrize("said", MISFITS, ids=NAMES)
def test_an_odd_notice_of_what_nobody_paid_moves_nothing_and_is_told(world: World, said: dict[str, object]) -> None:
    _, payment = _unpaid(world)
    _notice(world, payment, "4200000001", said)
    drive_for(world, 40 * MINUTE)

    assert Payment.objects.get().state == Payment.State.CLOSED
    assert Payment.objects.get().doubted_at is None, "the provider is not asked for ever"
    assert _open_cases() == {"payment_doubted": 1}
    assert balance(addresses.SUSPENSE, str(said.get("currency", "CNY"))) == 0


def test_an_odd_notice_of_a_closed_payment_that_was_paid_late_has_it_given_back(world: World) -> None:
    _, payment = _unpaid(world)
    drive_for(world, 40 * MINUTE)
    assert Payment.objects.get().state == Payment.State.CLOSED
    (number,) = world.sandbox.control.pay(payment.reference, notify=False)
    _notice(world, payment, number, {"amount_minor": 1})
    drive_for(world, 10 * MINUTE)

    refunded = Refund.objects.values_list("state", "amount_minor", "why", "why_number")
    assert list(refunded) == [("SUCCEEDED", 3600, "paid_late", number)]
    assert _open_cases() == {}


@pytest.mark.parametrize(
    "said",
    [{"amount": {"total": "36.00", "currency": "CNY"}}, {"transaction_id": "42\x0000"}, {"transaction_id": ""}],
    ids=["amount", "NUL in the number", "no number"],
)
@pytest.mark.parametrize("is_closed", [False, True], ids=["live", "closed"])
def test_a_notice_that_cannot_be_read_has_the_provider_asked_and_its_case_closes_itself(
    world: World, said: dict[str, object], is_closed: bool
) -> None:
    _, payment = _unpaid(world)
    if is_closed:
        drive_for(world, 40 * MINUTE)
    (number,) = world.sandbox.control.pay(payment.reference, notify=False)
    _notice(world, payment, number, said)
    drive()
    assert (Payment.objects.get().state, Payment.objects.get().number) == (Payment.State.SUCCEEDED, number)

    drive_for(world, 10 * MINUTE)
    assert Case.objects.filter(kind="notice_set_aside").count() == 1
    assert _open_cases() == {}


@pytest.mark.parametrize("in_one_batch", [False, True], ids=["one by one", "in one batch"])
@pytest.mark.parametrize("said", MISFITS, ids=NAMES)
def test_a_notice_that_fits_is_no_truer_than_an_odd_one_before_it(
    world: World, said: dict[str, object], in_one_batch: bool
) -> None:
    """Soak seed 6020: paid otherwise, the provider could not be asked, and then announced again as it was asked for."""
    _, payment = _unpaid(world)
    world.sandbox.control.settings(notices=False)
    world.sandbox.control.fault(peer="wechatpay", kind="error", operation="query", count=None)
    (odd,) = world.sandbox.control.pay(payment.reference, notify=False, **said)
    _notice(world, payment, odd, said)
    if not in_one_batch:
        drive()
    (again,) = world.sandbox.control.pay(payment.reference, notify=False)
    _notice(world, payment, again, {})
    drive()
    assert not Payment.objects.filter(state="SUCCEEDED").exists()

    world.sandbox.control.clear_faults()
    drive_for(world, 10 * MINUTE)
    assert Payment.objects.get().number == odd
    check_books(world)


def test_a_number_that_is_not_said_by_the_query_either_completes_no_payment(world: World) -> None:
    """Two payments without one could be the same money."""
    _, payment = _unpaid(world)
    said = {"out_trade_no": payment.reference, "trade_state": "SUCCESS", "success_time": clock.now().isoformat()}
    body = json.dumps(said | {"amount": {"total": 3600, "currency": "CNY"}}).encode()
    with pytest.raises(Malformed, match="without its number") as odd:
        provider_of(payment.account).read_notice(body=body, is_pushed=False)
    assert odd.value.reference == payment.reference


def test_an_odd_refund_notice_is_told_until_the_refund_has_its_end(world: World) -> None:
    world.sandbox.control.fault(peer="onelink", kind="refuse", operation="change", reason="sim", count=None)
    world.sandbox.control.settings(refund_outcome="hold")
    make_paid_order(world, make_sims(world, "onelink"), "cm-12")
    drive_for(world, MINUTE)
    refund = Refund.objects.get()
    said = {"out_refund_no": refund.reference, "out_trade_no": refund.payment.reference, "refund_id": "5030000001"}
    said |= {"refund_status": "SUCCESS", "success_time": clock.now().isoformat(), "amount": {"refund": 1}}
    _send(world, said)
    drive_for(world, MINUTE)
    assert _open_cases() == {"refund_strange": 1}

    world.sandbox.control.end_refund(refund.reference, "success")
    await_notices(world)
    drive_for(world, 2 * MINUTE)
    assert (Refund.objects.get().state, _open_cases()) == ("SUCCEEDED", {})
