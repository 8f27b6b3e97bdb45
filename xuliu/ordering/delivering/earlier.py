"""Earlier: what a line's older attempts left behind. Most lines have none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from xuliu.carrier.contract import Reading
from xuliu.common import arrays
from xuliu.ordering.delivering.active_lines import ActiveLine
from xuliu.ordering.delivering.evidence import base_of, from_json


@dataclass(frozen=True, slots=True)
class Sending:
    """The first attempt of a line that the carrier may have acted on."""

    number: int
    base: Reading
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Earlier:
    """The first sending that may have been done, and the reading of the attempt before this one."""

    first: Sending | None = None
    seen: Reading | None = None
    is_let_through: bool = False


NOTHING = Earlier()


def earlier_attempts(lines: Sequence[ActiveLine]) -> dict[int, Earlier]:
    """Earlier attempts by line, for lines that have any. One statement; none if all are at their first attempt."""
    again = [line for line in lines if line.attempt > 1]
    if not again:
        return {}
    sql = """
        SELECT u.id, f.number, f.before, f.stands_in, f.sent_at, s.before, COALESCE(s.is_let_through, false)
        FROM unnest(%s::bigint[], %s::int[]) AS u(id, number)
        LEFT JOIN LATERAL (
            SELECT * FROM ordering_attempt a WHERE a.line_id = u.id AND a.number < u.number
                AND a.sent_at IS NOT NULL AND a.before IS NOT NULL AND a.outcome <> 'not_sent'
            ORDER BY a.number LIMIT 1) f ON true
        LEFT JOIN LATERAL (
            SELECT * FROM ordering_attempt a WHERE a.line_id = u.id AND a.number < u.number AND a.before IS NOT NULL
            ORDER BY a.number DESC LIMIT 1) s ON true"""
    columns = (arrays.integers([line.id for line in again]), arrays.integers([line.attempt for line in again]))
    with connection.cursor() as cursor:
        cursor.execute(sql, columns)
        return {line_id: _earlier(*rest) for line_id, *rest in cursor.fetchall()}


def _earlier(
    number: int | None, before: Any, stands_in: Any, sent_at: datetime | None, seen: Any, is_let_through: bool
) -> Earlier:
    base = base_of(before, stands_in, sent_at)
    has_first = number is not None and base is not None and sent_at is not None
    first = Sending(number, base, sent_at) if has_first else None  # type: ignore[arg-type]  # none of them is None then
    return Earlier(first, from_json(seen), is_let_through)
