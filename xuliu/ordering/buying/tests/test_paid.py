"""The one door to PAID: whatever an order is paid by, the same follows, and nothing but its price is taken."""

from __future__ import annotations

import pytest
from django.db import transaction

from tests.make import make_shop
from tests.sales import make_quote
from xuliu.common import clock
from xuliu.common.state import move
from xuliu.ledger import addresses
from xuliu.ledger.models import Posting
from xuliu.ordering.buying.paid import Funds, PaidOrder, pay
from xuliu.ordering.models import Order

pytestmark = pytest.mark.django_db
NOTHING = {"list_minor": 0, "price_minor": 0, "tax_minor": 0}


def make_placed(*, is_free: bool = False) -> Order:
    order = make_quote(make_shop())
    if is_free:
        order.lines.update(**NOTHING)
        Order.objects.filter(id=order.pk).update(total_minor=0)
    move(Order, [order.pk], to=Order.State.AWAITING_PAYMENT)
    order.refresh_from_db()
    return order


def by(source: str, order: Order) -> Funds | None:
    if not order.total_minor:
        return None
    return Funds(f"{source}:{order.pk}", source, order.total_minor, order.currency)


@pytest.mark.parametrize("source", ["provider:7:receivable", "merchant:7:purse", addresses.VOUCHERS_OUTSTANDING, ""])
def test_whatever_pays_an_order_its_money_is_held_and_its_lines_are_ready(source: str) -> None:
    order, at = make_placed(is_free=not source), clock.now()

    with transaction.atomic():
        pay([PaidOrder(order, at, by(source, order))])

    order.refresh_from_db()
    assert (order.state, order.paid_at) == (Order.State.PAID, at)
    assert set(order.lines.values_list("state", flat=True)) == {"READY"}
    held = Posting.objects.filter(destination=addresses.held(order.pk))
    assert [(one.source, one.amount_minor) for one in held] == ([(source, order.total_minor)] if source else [])


@pytest.mark.parametrize(
    "funds",
    [
        None,
        Funds("a", "merchant:7:purse", 1, "CNY"),
        Funds("a", "merchant:7:purse", 3600, "USD"),
    ],
)
def test_nothing_but_its_price_is_taken(funds: Funds | None) -> None:
    order = make_placed()
    with pytest.raises(RuntimeError, match="its price"), transaction.atomic():
        pay([PaidOrder(order, clock.now(), funds)])
    order.refresh_from_db()
    assert order.state == Order.State.AWAITING_PAYMENT
    assert not Posting.objects.exists()


@pytest.mark.parametrize("state", [Order.State.QUOTED, Order.State.PAID, Order.State.EXPIRED])
def test_what_does_not_await_its_payment_is_not_paid(state: Order.State) -> None:
    order = make_placed()
    Order.objects.filter(id=order.pk).update(state=state)
    with pytest.raises(RuntimeError, match="await"), transaction.atomic():
        pay([PaidOrder(order, clock.now(), by("merchant:7:purse", order))])
    assert Order.objects.get(id=order.pk).state == state
    assert not Posting.objects.exists()
