"""Expire: quotes lapse; unpaid orders end, but only once the provider has confirmed that they cannot be paid."""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import connection

from xuliu.common import clock, stops
from xuliu.common.chunks import CHUNK, apply_halving
from xuliu.common.state import move
from xuliu.ordering.buying.cancel import drop_unpaid
from xuliu.ordering.buying.reasons import OrderReason
from xuliu.ordering.buying.verdict import GRACE
from xuliu.ordering.models import Order
from xuliu.ordering.set_aside import NOT_SET_ASIDE, set_order_aside
from xuliu.payment.models import Payment
from xuliu.payment.operations import request_close

State = Order.State


def lapse_quotes(limit: int = CHUNK) -> int:
    """Lapse quotes past their time; returns how many were found."""
    return _each_set(_found("state = 'QUOTED' AND valid_until < %s", clock.now(), limit), "lapse", _lapse)


def _lapse(ids: Sequence[int]) -> None:
    with stops.transaction("expire.lapse"):
        drop_unpaid(move(Order, ids, to=State.LAPSED))


def end_unpaid(limit: int = CHUNK) -> int:
    """Have the payments of expired or cancelled orders closed, then end the orders.

    Returns how many ended. An order that turns out to be paid meanwhile is fulfilled.
    """
    overdue = "state = 'AWAITING_PAYMENT' AND (valid_until < %s OR cancel_requested_at IS NOT NULL)"
    ended: list[int] = []
    _each_set(_found(overdue, clock.now() - GRACE, limit), "expire", lambda part: ended.extend(_end(part)))
    return len(ended)


def _found(condition: str, at: datetime, limit: int) -> list[int]:
    """Orders that meet the condition, except those waiting for a person. Runs every second."""
    sql = f"SELECT o.id FROM ordering_order o WHERE {condition} AND {NOT_SET_ASIDE} ORDER BY o.id LIMIT %s"
    with connection.cursor() as cursor:
        cursor.execute(sql, (at, limit))
        return [row[0] for row in cursor.fetchall()]


def _each_set(ids: Sequence[int], step: str, apply: Callable[[Sequence[int]], object]) -> int:
    apply_halving(ids, apply, set_aside=lambda order_id, error: set_order_aside(order_id, step, error))
    return len(ids)


def _end(ids: Sequence[int]) -> list[int]:
    with stops.transaction("expire.end"):
        unpaid = Order.objects.filter(id__in=ids, state=State.AWAITING_PAYMENT)
        found = list(unpaid.select_for_update(skip_locked=True, no_key=True).order_by("id"))
        live = _order_ids_with_live_payments([order.id for order in found])
        request_close(order_ids=sorted(live))
        dead = [order for order in found if order.id not in live]
        cancelled = [order.id for order in dead if order.cancel_requested_at is not None]
        ended = move(Order, cancelled, to=State.CANCELLED, why=OrderReason.CANCELLED_BY_PAYER)
        ended += move(Order, [order.id for order in dead if order.id not in set(cancelled)], to=State.EXPIRED)
        drop_unpaid(ended)
    return ended


def _order_ids_with_live_payments(order_ids: list[int]) -> set[int]:
    live = Payment.objects.filter(order_id__in=order_ids, state__in=Payment.LIVE)
    return set(live.values_list("order_id", flat=True))
