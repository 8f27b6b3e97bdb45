"""Writes of readings and buckets: sets, one statement each."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from json import JSONEncoder

from django.db import connection

from xuliu.carrier.contract import Reading as CarrierReading
from xuliu.common import arrays, clock, wake

ASK_AGAIN_AFTER = timedelta(minutes=5)
_as_json = JSONEncoder(default=str).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvingReading:
    """A reading that proved a line."""

    sim_id: int
    line_id: int
    reading: CarrierReading


def grant_buckets(
    *,
    line_ids: Sequence[int],
    sim_ids: Sequence[int],
    sizes_bytes: Sequence[int],
    starts_on: Sequence[date],
    ends_on: Sequence[date],
) -> None:
    """Record the bytes granted by delivered lines, once per line, valid from–to (exclusive)."""
    sql = """
        INSERT INTO balance_bucket (line_id, sim_id, granted_bytes, starts_on, ends_on)
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::date[], %s::date[])"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [arrays.of(column) for column in (line_ids, sim_ids, sizes_bytes, starts_on, ends_on)])


def request_readings(*, sim_ids: Sequence[int]) -> list[int]:
    """Request readings of these SIMs, each at most once in five minutes; returns those that will be read."""
    at = clock.now()
    sql = """
        INSERT INTO balance_reading AS r (sim_id, requested_at) SELECT u.id, %s FROM unnest(%s::bigint[]) AS u(id)
        ON CONFLICT (sim_id) DO UPDATE SET requested_at = excluded.requested_at
        WHERE r.requested_at IS NULL AND (r.asked_at IS NULL OR r.asked_at < %s) RETURNING sim_id"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (at, sorted(set(sim_ids)), at - ASK_AGAIN_AFTER))
        requested = [row[0] for row in cursor.fetchall()]
    if requested:
        wake.after_commit("readings")
    return requested


def store_readings(readings: Mapping[int, CarrierReading]) -> None:
    """Keep the newest reading per SIM id; an older one than the stored changes nothing."""
    rows = sorted(readings.items())
    sql = """
        INSERT INTO balance_reading AS r (sim_id, as_of, carrier_state, period_end_on, granted_bytes, used_bytes,
            left_bytes, counted_from, imei, blocked_why, refused)
        SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::date[], %s::bigint[], %s::bigint[],
            %s::bigint[], %s::date[], %s::text[], %s::text[], %s::text[])
        ON CONFLICT (sim_id) DO UPDATE SET as_of = excluded.as_of, carrier_state = excluded.carrier_state,
            period_end_on = excluded.period_end_on, granted_bytes = excluded.granted_bytes,
            used_bytes = excluded.used_bytes, left_bytes = excluded.left_bytes,
            counted_from = excluded.counted_from, imei = excluded.imei, blocked_why = excluded.blocked_why,
            refused = excluded.refused, requested_at = NULL, failed_at = NULL
        WHERE r.as_of IS NULL OR r.as_of <= excluded.as_of"""
    with connection.cursor() as cursor:
        cursor.execute(sql, _columns(rows))


def store_proven(proofs: Sequence[ProvingReading]) -> None:
    """Keep each SIM's latest proving reading; an older one than the stored changes nothing."""
    latest = {one.sim_id: one for one in sorted(proofs, key=lambda one: (one.reading.as_of, one.line_id))}
    rows = [latest[sim_id] for sim_id in sorted(latest)]
    sql = """
        INSERT INTO balance_provenreading AS p (sim_id, line_id, as_of, period_end_on, granted_bytes,
            counted_from, plans)
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::date[], %s::bigint[], %s::date[],
            %s::jsonb[])
        ON CONFLICT (sim_id) DO UPDATE SET line_id = excluded.line_id, as_of = excluded.as_of,
            period_end_on = excluded.period_end_on, granted_bytes = excluded.granted_bytes,
            counted_from = excluded.counted_from, plans = excluded.plans
        WHERE p.as_of <= excluded.as_of"""
    columns = (
        arrays.integers([one.sim_id for one in rows]),
        arrays.integers([one.line_id for one in rows]),
        arrays.dates([one.reading.as_of for one in rows]),
        arrays.dates([one.reading.period_end_on for one in rows]),
        arrays.integers([one.reading.granted_bytes for one in rows]),
        arrays.dates([one.reading.counted_from for one in rows]),
        arrays.texts([_plans_json(one.reading) for one in rows]),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, columns)


def _plans_json(reading: CarrierReading) -> str:
    return _as_json([asdict(plan) for plan in reading.plans]) if reading.plans else "[]"


def _columns(rows: Sequence[tuple[int, CarrierReading]]) -> list[str]:
    return [
        arrays.integers([sim_id for sim_id, _ in rows]),
        arrays.dates([one.as_of for _, one in rows]),
        arrays.texts([one.state for _, one in rows]),
        arrays.dates([one.period_end_on for _, one in rows]),
        arrays.integers([one.granted_bytes for _, one in rows]),
        arrays.integers([one.used_bytes for _, one in rows]),
        arrays.integers([one.left_bytes for _, one in rows]),
        arrays.dates([one.counted_from for _, one in rows]),
        arrays.texts([one.imei[:15] for _, one in rows]),
        arrays.texts([one.blocked_why[:200] for _, one in rows]),
        arrays.texts([one.refused[:200] for _, one in rows]),
    ]


def reading_failed(*, sim_ids: Sequence[int]) -> None:
    """Record that the carrier could not be read: the stored reading stays, and the page says so."""
    sql = "UPDATE balance_reading SET requested_at = NULL, failed_at = %s WHERE sim_id = ANY(%s)"
    with connection.cursor() as cursor:
        cursor.execute(sql, (clock.now(), list(sim_ids)))
