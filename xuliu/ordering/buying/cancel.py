"""Cancel: an unpaid order is given up, by its payer or for another order; its lines are dropped."""

from collections.abc import Sequence

from xuliu.common import clock, stops, wake
from xuliu.common.state import move
from xuliu.ordering.buying.reasons import OrderReason
from xuliu.ordering.models import Order, OrderLine
from xuliu.payment.operations import request_close


def cancel(*, order_id: int) -> None:
    """Cancel before paying. The order becomes CANCELLED once the provider has confirmed that it cannot be paid any
    more; money that arrives before that still counts."""
    with stops.transaction("cancel"):
        Order.objects.select_for_update(no_key=True).get(id=order_id)
        give_up(order_id=order_id, why=OrderReason.CANCELLED_BY_PAYER)


def give_up(*, order_id: int, why: OrderReason) -> None:
    """End an unpaid order inside the caller's transaction, which has locked it; a paid one goes on."""
    if ids := move(Order, [order_id], to=Order.State.LAPSED, only_from=[Order.State.QUOTED], why=why):
        drop_unpaid(ids)
        return
    placed = Order.objects.filter(id=order_id, state=Order.State.AWAITING_PAYMENT)
    placed.filter(cancel_requested_at__isnull=True).update(cancel_requested_at=clock.now())
    if placed.exists():
        request_close(order_ids=[order_id])
        wake.after_commit("order.expire")


def drop_unpaid(order_ids: Sequence[int]) -> None:
    """Drop the lines of orders that will never be paid."""
    ids = OrderLine.objects.filter(order_id__in=order_ids, state=OrderLine.State.WAITING).order_by("id")
    move(OrderLine, list(ids.values_list("id", flat=True)), to=OrderLine.State.DROPPED)
