"""Ready: paid lines join the queue of their carrier account, each with its rank and turn."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

from django.db import connection

from xuliu.common import arrays, clock, stops, wake
from xuliu.common.chunks import CHUNK, apply_halving
from xuliu.common.state import move
from xuliu.ordering.delivering.turns import Turn, WaitingLine, turns
from xuliu.ordering.models import Order, OrderLine
from xuliu.ordering.set_aside import FAILED_BEFORE, set_line_aside


class Paid(Protocol):
    """What releasing lines needs of an order: an Order, or its row."""

    @property
    def id(self) -> int:
        """Its id."""

    @property
    def is_waited_for(self) -> bool:
        """Whether a person waits for it."""


def release_lines(orders: Sequence[Paid], limit: int = CHUNK) -> int:
    """Move WAITING lines of these paid orders, locked by the caller, to READY; returns how many.

    At most `limit`: a step releases the rest.
    """
    waiting = _waiting([order.id for order in orders], limit)
    if not waiting:
        return 0
    at = clock.now()
    apply_halving(
        turns(
            waiting,
            waited_for={order.id for order in orders if order.is_waited_for},
            at=at,
            heads=_heads({line.account_id for line in waiting}),
        ),
        partial(_release, at),
        set_aside=lambda turn, error: set_line_aside(turn.line_id, "release", error),
    )
    wake.after_commit("fulfil")
    if len(waiting) == limit:
        wake.after_commit("pay.release_rest")
    return len(waiting)


def _release(at: datetime, lines: Sequence[Turn]) -> None:
    """Release under a savepoint: one line that cannot join must not hold up everybody's payment."""
    ranks, places, ids = (list(column) for column in zip(*lines, strict=True))
    with stops.savepoint():
        move(OrderLine, ids, to=OrderLine.State.READY, also={"due_at": at}, also_each={"rank": ranks, "turn": places})


def _waiting(order_ids: Sequence[int], limit: int) -> list[WaitingLine]:
    sql = """
        SELECT l.id, l.order_id, l.account_id, l.position, s.period_end_on, a.zone
        FROM ordering_orderline l JOIN inventory_sim s ON s.id = l.sim_id
        JOIN carrier_carrieraccount a ON a.id = l.account_id
        WHERE l.order_id = ANY(%s::bigint[]) AND l.state = 'WAITING' AND NOT l.is_set_aside
        ORDER BY l.order_id, l.position LIMIT %s"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (arrays.integers(order_ids), limit))
        return [WaitingLine(*row) for row in cursor.fetchall()]


def _heads(account_ids: set[int]) -> dict[tuple[int, int], int]:
    """The current turn of each queue of these accounts: the smallest of its READY lines."""
    sql = """
        SELECT a, r, (SELECT turn FROM ordering_orderline
                      WHERE account_id = a AND rank = r AND state = 'READY' AND NOT is_set_aside
                      ORDER BY account_id, rank, turn, id LIMIT 1)
        FROM unnest(%s::bigint[]) AS accounts(a), unnest(%s::int[]) AS ranks(r)"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (sorted(account_ids), OrderLine.Rank.values))
        return {(account, rank): turn for account, rank, turn in cursor.fetchall() if turn is not None}


def release_rest(limit: int = CHUNK) -> int:
    """Release the lines of large orders still WAITING, and lines that could not be released at first: a transaction
    releases one chunk, not 100,000 lines."""
    with stops.transaction("pay.release_rest"), connection.cursor() as cursor:
        waits = (
            "SELECT 1 FROM ordering_orderline l WHERE l.order_id = o.id AND l.state = 'WAITING' AND NOT l.is_set_aside"
        )
        sql = f"""
            SELECT id FROM ordering_order o
            WHERE state = 'PAID' AND (line_count > %s OR id IN ({FAILED_BEFORE})) AND EXISTS ({waits})
            ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED"""
        cursor.execute(sql, (limit,))
        ids = [row[0] for row in cursor.fetchall()]
        return release_lines(list(Order.objects.filter(id__in=ids)))
