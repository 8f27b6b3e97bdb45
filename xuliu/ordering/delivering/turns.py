"""Turns: the order in which a carrier account's READY lines are sent. Pure.

Lines with a person waiting and SIMs about to go dark come first. Then orders share the account: an order starts at the
queue's current turn (start-time fair queueing), so ten lines placed behind 100,000 leave within the next rounds.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from xuliu.common.clock import civil_date
from xuliu.ordering.models import OrderLine

GOES_DARK_WITHIN = timedelta(days=3)


class WaitingLine(NamedTuple):
    """A paid line joining its account's queue; the SIM's period ends on `period_end_on` in that `zone`."""

    id: int
    order_id: int
    account_id: int
    position: int
    period_end_on: date | None
    zone: str


class Turn(NamedTuple):
    """A line's place in the queue: the smallest (rank, turn, line) leaves first."""

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
    """Each line's place. `waited_for` are orders with a person waiting; `heads` has the current turn of each non-empty
    queue, by account and rank."""
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
