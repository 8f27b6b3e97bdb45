"""Ready: paid lines join the queue of their carrier account, each with its rank and turn.

Bulk orders share an account by turns: an order starts where the account's queue stands now (start-time fair
queueing), so ten lines placed behind 100,000 leave within the next rounds. Before turns come a person waiting and what
goes dark first.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import NamedTuple, Protocol

from django.db import connection

from xuliu.common import arrays, clock, stops, wake
from xuliu.common.chunks import CHUNK, apply_halving
from xuliu.common.state import move
from xuliu.ordering.models import Order, OrderLine
from xuliu.ordering.set_aside import FAILED_BEFORE, set_line_aside

GOES_DARK_WITHIN = timedelta(days=3)


class _Waiting(NamedTuple):
    id: int
    order_id: int
    account_id: int
    position: int
    period_end_on: date | None
    zone: str


class Paid(Protocol):
    """What counts of an order whose lines are released: an Order, or its row."""

    @property
    def id(self) -> int:
        """Its id."""

    @property
    def is_waited_for(self) -> bool:
        """Whether a person waits for it."""


def release_lines(orders: Sequence[Paid], limit: int = CHUNK) -> int:
    """Move WAITING lines of these paid orders, whose rows the caller has locked, to READY; returns how many moved.

    At most `limit`: a step releases the rest.
    """
    waiting = _waiting([order.id for order in orders], limit)
    if not waiting:
        return 0
    at = clock.now()
    waited_for = {order.id for order in orders if order.is_waited_for}
    dark_by = {zone: clock.civil_date(at, zone) + GOES_DARK_WITHIN for zone in {line.zone for line in waiting}}
    ranks = [_rank(line, line.order_id in waited_for, dark_by[line.zone]) for line in waiting]
    heads = _heads({line.account_id for line in waiting})
    turns = [heads.get((line.account_id, rank), 0) + line.position for line, rank in zip(waiting, ranks, strict=True)]
    ids = [line.id for line in waiting]
    apply_halving(
        list(zip(ids, ranks, turns, strict=True)),
        partial(_release, at),
        set_aside=lambda line, error: set_line_aside(line[0], "release", error),
    )
    wake.after_commit("fulfil")
    if len(waiting) == limit:
        wake.after_commit("pay.release_rest")
    return len(waiting)


def _release(at: datetime, lines: Sequence[tuple[int, int, int]]) -> None:
    """Under a savepoint: one line that cannot join must not hold up the payment of all."""
    ids, ranks, turns = (list(column) for column in zip(*lines, strict=True))
    with stops.savepoint():
        move(OrderLine, ids, to=OrderLine.State.READY, also={"due_at": at}, also_each={"rank": ranks, "turn": turns})


def _waiting(order_ids: Sequence[int], limit: int) -> list[_Waiting]:
    sql = """
        SELECT l.id, l.order_id, l.account_id, l.position, s.period_end_on, a.zone
        FROM ordering_orderline l JOIN inventory_sim s ON s.id = l.sim_id
        JOIN carrier_carrieraccount a ON a.id = l.account_id
        WHERE l.order_id = ANY(%s::bigint[]) AND l.state = 'WAITING' AND NOT l.is_set_aside
        ORDER BY l.order_id, l.position LIMIT %s"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (arrays.integers(order_ids), limit))
        return [_Waiting(*row) for row in cursor.fetchall()]


def _rank(line: _Waiting, is_waited_for: bool, dark_by: date) -> int:
    if is_waited_for:
        return OrderLine.Rank.PERSON_WAITS
    goes_dark = line.period_end_on is None or line.period_end_on <= dark_by
    return OrderLine.Rank.GOES_DARK if goes_dark else OrderLine.Rank.CAN_WAIT


def _heads(account_ids: set[int]) -> dict[tuple[int, int], int]:
    """The turn at which each queue of these accounts stands: the smallest among its READY lines."""
    sql = """
        SELECT a, r, (SELECT turn FROM ordering_orderline
                      WHERE account_id = a AND rank = r AND state = 'READY' AND NOT is_set_aside
                      ORDER BY account_id, rank, turn, id LIMIT 1)
        FROM unnest(%s::bigint[]) AS accounts(a), unnest(%s::int[]) AS ranks(r)"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (sorted(account_ids), OrderLine.Rank.values))
        return {(account, rank): turn for account, rank, turn in cursor.fetchall() if turn is not None}


def release_rest(limit: int = CHUNK) -> int:
    """Release what a large order's payment left WAITING, and lines that could not be released at first: a transaction
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
