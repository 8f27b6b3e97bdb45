"""Expire: quotes lapse, unpaid orders end, but only once the provider confirmed that nothing of theirs can be paid."""

from xuliu.common import clock, stops
from xuliu.common.chunks import CHUNK
from xuliu.common.state import move
from xuliu.ordering.models import Order
from xuliu.ordering.pay import GRACE, drop_unpaid
from xuliu.payment.models import Payment
from xuliu.payment.operations import want_closed

State = Order.State


def lapse_quotes(limit: int = CHUNK) -> int:
    """Quotes past their time; returns how many lapsed."""
    with stops.transaction("expire.lapse"):
        old = Order.objects.filter(state=State.QUOTED, valid_until__lt=clock.now()).order_by("id")
        lapsed = move(Order, list(old.values_list("id", flat=True)[:limit]), to=State.LAPSED)
        drop_unpaid(lapsed)
    return len(lapsed)


def end_unpaid(limit: int = CHUNK) -> int:
    """Placed orders past their time, or cancelled by their payer: have the payments closed, then end them.

    Returns how many ended. An order whose payment turns out to be paid in between stays and is fulfilled.
    """
    with stops.transaction("expire.end"):
        unpaid = Order.objects.filter(state=State.AWAITING_PAYMENT)
        overdue = unpaid.filter(valid_until__lt=clock.now() - GRACE) | unpaid.filter(cancel_wanted_at__isnull=False)
        found = list(overdue.select_for_update(skip_locked=True, no_key=True).order_by("id")[:limit])
        live = _order_ids_with_live_payments([order.id for order in found])
        want_closed(order_ids=sorted(live))
        dead = [order for order in found if order.id not in live]
        cancelled = [order.id for order in dead if order.cancel_wanted_at is not None]
        ended = move(Order, cancelled, to=State.CANCELLED, why="cancelled by the payer")
        ended += move(Order, [order.id for order in dead if order.id not in set(cancelled)], to=State.EXPIRED)
        drop_unpaid(ended)
    return len(ended)


def _order_ids_with_live_payments(order_ids: list[int]) -> set[int]:
    live = Payment.objects.filter(order_id__in=order_ids, state__in=Payment.LIVE)
    return set(live.values_list("order_id", flat=True))
