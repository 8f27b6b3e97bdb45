"""Claims: takes lines for one worker, so that no two work on the same one.

READY lines of an account become flights under a lease, one per SIM; for lines that are only asked about, the due time
is postponed.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import DataError, IntegrityError, connection

from xuliu.catalog.models import Offering
from xuliu.common import clock, stops
from xuliu.common.chunks import apply_halving
from xuliu.common.state import move
from xuliu.ordering.delivering.active_lines import ActiveLine, lines_by_id
from xuliu.ordering.delivering.client import CarrierClient
from xuliu.ordering.models import OrderLine
from xuliu.ordering.set_aside import set_line_aside

READY = """
    FROM ordering_orderline l
    WHERE l.account_id = %(account)s AND l.state = 'READY' AND NOT l.is_set_aside AND l.due_at <= %(at)s
      AND l.offering_id <> ALL(%(paused)s)
      AND NOT EXISTS (SELECT 1 FROM ordering_flight f WHERE f.sim_id = l.sim_id)"""


def claim(client: CarrierClient, limit: int) -> list[ActiveLine]:
    """Move lines READY → SUBMITTING, one flight per SIM, by rank and turn."""
    try:
        ids = _claim(client, limit, None)
    except (DataError, IntegrityError):  # one row makes the claim fail: find it, take the others
        ids = []
        apply_halving(
            _candidates(client, limit),
            lambda part: ids.extend(_claim(client, len(part), part)),
            set_aside=lambda line_id, error: set_line_aside(line_id, "claim", error),
        )
    return lines_by_id(ids)


def _claim(client: CarrierClient, limit: int, only: Sequence[int] | None) -> list[int]:
    sql = f"""
        WITH candidate AS (
            SELECT l.id, l.sim_id, l.attempt + 1 AS attempt {READY}
              AND (%(only)s::bigint[] IS NULL OR l.id = ANY(%(only)s))
            ORDER BY l.rank, l.turn, l.id LIMIT %(limit)s FOR NO KEY UPDATE OF l SKIP LOCKED),
        flown AS (
            INSERT INTO ordering_flight (sim_id, line_id, account_id, attempt, lease_until)
            SELECT sim_id, id, %(account)s, attempt, now() + %(lease)s FROM candidate ORDER BY sim_id, id
            ON CONFLICT DO NOTHING RETURNING line_id, attempt)
        INSERT INTO ordering_attempt (line_id, number, account_id)
        SELECT line_id, attempt, %(account)s FROM flown RETURNING line_id, number"""
    with stops.transaction("fulfil.claim"), connection.cursor() as cursor:
        values = {**_ready(client), "limit": limit, "only": only and list(only), "lease": client.lease}
        cursor.execute(sql, values)
        attempts: dict[int, int] = dict(cursor.fetchall())
        ids = sorted(attempts)
        return move(
            OrderLine, ids, to=OrderLine.State.SUBMITTING, also_each={"attempt": [attempts[one] for one in ids]}
        )


def _candidates(client: CarrierClient, limit: int) -> list[int]:
    sql = f"SELECT l.id {READY} ORDER BY l.rank, l.turn, l.id LIMIT %(limit)s"
    with connection.cursor() as cursor:
        cursor.execute(sql, {**_ready(client), "limit": limit})
        return [row[0] for row in cursor.fetchall()]


def _ready(client: CarrierClient) -> dict[str, Any]:
    paused = list(Offering.objects.filter(paused_at__isnull=False).values_list("id", flat=True))
    return {"account": client.account.id, "at": clock.now(), "paused": paused}


def lock_lines(ids: Sequence[int], *, skip_locked: bool = False) -> list[int]:
    """Lock these lines, which comes before locking their flights; returns the locked ones."""
    lines = OrderLine.objects.select_for_update(no_key=True, skip_locked=skip_locked).filter(id__in=ids).order_by("id")
    return list(lines.values_list("id", flat=True))


def lease_due(*, account_id: int, states: Sequence[str], limit: int, lease: timedelta, stop: str) -> list[ActiveLine]:
    """Claim due lines, those with a person waiting first, by postponing their due time.

    Two workers asking about the same line would be harmless; this makes it rare.
    """
    at = clock.now()
    sql = """
        UPDATE ordering_orderline SET due_at = %s, tries = LEAST(tries + 1, 1000) WHERE id IN (
            SELECT id FROM ordering_orderline
            WHERE state = ANY(%s) AND due_at <= %s AND account_id = %s AND NOT is_set_aside
            ORDER BY rank, due_at, id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING id"""
    with stops.statement(stop), connection.cursor() as cursor:
        cursor.execute(sql, (at + lease, list(states), at, account_id, limit))
        ids = [row[0] for row in cursor.fetchall()]
    return lines_by_id(ids)
