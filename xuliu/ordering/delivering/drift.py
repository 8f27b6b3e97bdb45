"""Drift: looks again at ended lines on which the carrier may still have acted.

A carrier may deliver what it refused, or deliver twice what was sent twice. Both are checked an hour, six hours and a
day after the end, and open a case.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection

from xuliu.carrier.contract import NoAnswer, NotSent, Reading
from xuliu.common import arrays, clock, stops
from xuliu.common.chunks import apply_halving
from xuliu.ordering.delivering.active_lines import ActiveLine, lines_by_id
from xuliu.ordering.delivering.client import CarrierClient
from xuliu.ordering.delivering.delivered_since import delivered_since
from xuliu.ordering.delivering.evidence import Promise, by_readings, is_proven, on_top
from xuliu.ordering.delivering.outcomes import LOOK_BACK_AFTER
from xuliu.ordering.delivering.reasons import LineCase
from xuliu.ordering.delivering.surplus import surplus_of
from xuliu.ordering.models import Attempt, OrderLine
from xuliu.ordering.set_aside import AFTER_A_FAILURE, set_line_aside
from xuliu.ticket.operations import NewCase, open_cases

LOOK_AGAIN = timedelta(minutes=30)


def find_drift(account_id: int, limit: int = 200) -> int:
    """Read the SIMs of ended lines that are due for another look; returns how many."""
    sql = """
        SELECT line_id, id FROM ordering_attempt WHERE account_id = %s AND recheck_at <= %s
        ORDER BY recheck_at LIMIT %s"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (account_id, clock.now(), limit))
        found = cursor.fetchall()
    if found:
        client = CarrierClient.of(account_id)
        apply_halving(found, lambda part: _look(client, dict(part)), set_aside=_leave_out)
    return len(found)


def next_look(ended_at: datetime, at: datetime) -> datetime | None:
    """When a line that ended then is due for its next look; None after the last one."""
    return next((ended_at + later for later in LOOK_BACK_AFTER if ended_at + later > at), None)


def _leave_out(one: tuple[int, int], error: Exception) -> None:
    again_at = None if set_line_aside(one[0], "drift", error) else clock.now() + AFTER_A_FAILURE
    Attempt.objects.filter(id=one[1]).update(recheck_at=again_at)


def _look(client: CarrierClient, attempts: Mapping[int, int]) -> None:
    """`attempts`: by line, the attempt that is due."""
    lines, at = [line for line in lines_by_id(list(attempts)) if line.base is not None], clock.now()
    try:
        readings = client.read(lines, stop="check.read_refused")
    except (NotSent, NoAnswer):
        _set_due(dict.fromkeys(attempts.values(), at + LOOK_AGAIN))
        return
    read = [(line, after) for line, after in zip(lines, readings, strict=True) if after is not None]
    since = delivered_since([line for line, _ in read])
    is_over = OrderLine.State.COMPLETED
    told = surplus_of(client, [(line, after) for line, after in read if line.state == is_over])
    told += [_case(line) for line, after in read if line.state != is_over and _has_come(line, since[line.id], after)]
    due = {attempts[line.id]: next_look(line.state_at, at) for line in lines}
    due |= {attempts[line.id]: at + LOOK_AGAIN for line in lines if since.get(line.id) is None}
    due |= {attempts[case.subject_id]: None for case in told}
    with stops.transaction("check.drift"):
        open_cases(told)
        _set_due({attempt: due.get(attempt) for attempt in attempts.values()})


def _set_due(due: Mapping[int, datetime | None]) -> None:
    sql = """
        UPDATE ordering_attempt a SET recheck_at = u.at
        FROM unnest(%s::bigint[], %s::timestamptz[]) AS u(id, at) WHERE a.id = u.id"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (arrays.integers(list(due)), arrays.dates(list(due.values()))))


def _has_come(line: ActiveLine, others: Sequence[Promise] | None, after: Reading) -> bool:
    """Whether readings show what was refused, on top of what other lines delivered."""
    if others is None or line.base is None:
        return False
    return is_proven(on_top(by_readings(line.promise), others, line.base), line.base, after)


def _case(line: ActiveLine) -> NewCase:
    facts = {"attempt": line.attempt, "sent_at": line.sent_at, "refused_at": line.answered_at}
    return NewCase(kind=LineCase.DELIVERED_AFTER_REFUSAL, subject_kind="orderline", subject_id=line.id, facts=facts)
