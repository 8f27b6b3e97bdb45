"""Settle: orders without an open line end, money owed back becomes one refund, and a receipt is requested.

It looks at the state of the lines, not at messages: whichever step ends the last line, the order is found.
"""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection

from xuliu.common import stops, wake
from xuliu.common.chunks import CHUNK, apply_halving
from xuliu.common.state import move
from xuliu.ordering.ending.refund import refund_refused
from xuliu.ordering.models import Order, OrderLine
from xuliu.ordering.set_aside import NOT_SET_ASIDE, set_order_aside

ENDED = "NOT EXISTS (SELECT 1 FROM ordering_orderline l WHERE l.order_id = o.id AND l.state = ANY(%(open)s))"


class _Count(NamedTuple):
    order_id: int
    lines: int
    completed: int
    owed_minor: int


def settle(limit: int = CHUNK) -> int:
    """Settle paid orders that have no open line; returns how many. One that fails is set aside with a case."""
    settled: list[int] = []
    apply_halving(
        _ended(limit),
        lambda part: settled.extend(_settle(part)),
        set_aside=lambda order_id, error: set_order_aside(order_id, "settle", error),
    )
    return len(settled)


def _ended(limit: int) -> list[int]:
    sql = f"""
        SELECT id FROM ordering_order o WHERE state = 'PAID' AND {ENDED} AND {NOT_SET_ASIDE}
        ORDER BY id LIMIT %(limit)s"""
    with connection.cursor() as cursor:
        cursor.execute(sql, {"open": list(OrderLine.OPEN), "limit": limit})
        return [row[0] for row in cursor.fetchall()]


def _settle(candidates: Sequence[int]) -> list[int]:
    with stops.transaction("settle.write"):
        ids = _locked_ended(candidates)
        counts = _counts(ids)
        for state in (Order.State.COMPLETED, Order.State.PARTIAL, Order.State.FAILED):
            move(Order, [count.order_id for count in counts if _end(count) == state], to=state)
        refund_refused({count.order_id: count.owed_minor for count in counts if count.owed_minor})
        if ids:
            wake.after_commit("receipts")
    return ids


def _locked_ended(candidates: Sequence[int]) -> list[int]:
    """Lock the orders, then check again: a line may have been reopened meanwhile."""
    with connection.cursor() as cursor:
        lock = "SELECT id FROM ordering_order WHERE state = 'PAID' AND id = ANY(%s) ORDER BY id"
        cursor.execute(f"{lock} FOR NO KEY UPDATE SKIP LOCKED", (list(candidates),))
        ids = [row[0] for row in cursor.fetchall()]
        again = f"SELECT id FROM ordering_order o WHERE id = ANY(%(ids)s) AND {ENDED} ORDER BY id"
        cursor.execute(again, {"open": list(OrderLine.OPEN), "ids": ids})
        return [row[0] for row in cursor.fetchall()]


def _counts(order_ids: Sequence[int]) -> list[_Count]:
    sql = """
        SELECT order_id, count(*), count(*) FILTER (WHERE state = 'COMPLETED'),
            COALESCE(sum(price_minor) FILTER (WHERE state = 'REJECTED' AND refund_id IS NULL), 0)::bigint
        FROM ordering_orderline WHERE order_id = ANY(%s) GROUP BY order_id ORDER BY order_id"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (list(order_ids),))
        return [_Count(*row) for row in cursor.fetchall()]


def _end(count: _Count) -> str:
    if count.completed == count.lines:
        return Order.State.COMPLETED
    return Order.State.PARTIAL if count.completed else Order.State.FAILED
