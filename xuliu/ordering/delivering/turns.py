"""Turns: in what order the READY lines of a carrier account leave. Pure.

Before turns come a person waiting and what goes dark first. Then bulk orders share the account: an order starts where
the account's queue stands now (start-time fair queueing), so ten lines placed behind 100,000 leave within the next
rounds.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from xuliu.common.clock import civil_date
from xuliu.ordering.models import OrderLine

GOES_DARK_WITHIN = timedelta(days=3)


class WaitingLine(NamedTuple):
    """A paid line that joins the queue of its account; the SIM's period ends on `period_end_on` in that `zone`."""

    id: int
    order_id: int
    account_id: int
    position: int
    period_end_on: date | None
    zone: str


class Turn(NamedTuple):
    """Where a line stands: the smallest (rank, turn, line) leaves first."""

    rank: int
    turn: int
    line_id: int


def turns(
    lines: Sequence[WaitingLine],
    *,
    waited_for: Collection[int],
    at: datetime,
    heads: Mapping[tuple[int, int], int],
) -> list[Turn]:
    """Where each line stands. `waited_for` are the orders for which a person waits; `heads` says by account and rank at
    which turn a queue stands, and nothing of an empty one."""
    dark_by = {zone: civil_date(at, zone) + GOES_DARK_WITHIN for zone in {line.zone for line in lines}}
    ranks = [_rank(line, line.order_id in waited_for, dark_by[line.zone]) for line in lines]
    return [
        Turn(rank, heads.get((line.account_id, rank), 0) + line.position, line.id)
        for line, rank in zip(lines, ranks, strict=True)
    ]


def _rank(line: WaitingLine, is_waited_for: bool, dark_by: date) -> int:
    if is_waited_for:
        return OrderLine.Rank.PERSON_WAITS
    goes_dark = line.period_end_on is None or line.period_end_on <= dark_by
    return OrderLine.Rank.GOES_DARK if goes_dark else OrderLine.Rank.CAN_WAIT
