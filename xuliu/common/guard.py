"""How often something may be tried: one guard for all limits, in tables whose entries nobody can push out.

A try is counted before it is checked, so that fifty at once do not exceed the limit. Several budgets are checked
together: either all have room and all are counted, or none is. Keys are stored as keyed hashes.

A counter's window begins with its first try. Inside a caller's transaction the counter stays locked until the commit,
and a rollback undoes the count: count first, in one call, and keep the rest short.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from math import ceil
from typing import Any

from django.db import connection

from xuliu.common import clock
from xuliu.common.addresses import read
from xuliu.common.crypto import keyed_hash

# A subscriber has a /64 at least and often a /56; a /48 is a whole site. The wider net allows for neighbours.
NETS = ((64, 1), (56, 4), (48, 16))
FORGOTTEN_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How many tries one key, such as an address, has per window; `kind` says of what, such as "look-ups"."""

    kind: str
    key: str
    limit: int
    window: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Whether a try is allowed; if not, in how many seconds there is room again."""

    is_allowed: bool
    retry_after_seconds: int = 0


class TooManyTries(Exception):
    """A budget is used up until `retry_after_seconds` have passed."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(f"again in {retry_after_seconds} s")
        self.retry_after_seconds = retry_after_seconds

    @property
    def minutes(self) -> int:
        """Whole minutes to wait, at least one."""
        return max(1, ceil(self.retry_after_seconds / 60))


def spend(budgets: Sequence[Budget], *, cost: int = 1, once: str = "") -> Admission:
    """Count a try against all of these budgets, or against none if one has no room.

    Repeating the same `once`, such as a typed number, is free while the first budget's window lasts.
    """
    now, rows = clock.now(), {_key(budget): budget for budget in budgets}
    first = _key(budgets[0])
    parameters: dict[str, Any] = {
        "now": now,
        "cost": cost,
        "keys": list(rows),
        "kinds": [budget.kind for budget in rows.values()],
        "limits": [budget.limit for budget in rows.values()],
        "ends": [now + budget.window for budget in rows.values()],
        "mark": keyed_hash(f"{first.hex()} {once}", purpose="tried once") if once else None,
        "mark_ends": now + budgets[0].window,
    }
    with connection.cursor() as cursor:
        cursor.execute(SPEND, parameters)
        is_known, counted, full_until = cursor.fetchone()
    if is_known or len(counted) == len(rows):
        return Admission(is_allowed=True)
    if counted:  # a rival took the room between our check and our count
        _give_back([bytes(key) for key in counted], cost, now)
    return Admission(is_allowed=False, retry_after_seconds=_seconds_until(full_until, now, budgets))


def require(budgets: Sequence[Budget], *, cost: int = 1, once: str = "") -> None:
    """Spend, or raise TooManyTries."""
    verdict = spend(budgets, cost=cost, once=once)
    if not verdict.is_allowed:
        raise TooManyTries(verdict.retry_after_seconds)


def give_back(budgets: Sequence[Budget], *, cost: int = 1) -> None:
    """Undo a count that was no guess: the password was right."""
    _give_back([_key(budget) for budget in budgets], cost, clock.now())


def of_address(*, kind: str, address: str, limit: int, window: timedelta) -> list[Budget]:
    """An address's budgets: its own, and of an IPv6 one those of the networks around it, with growing limits."""
    return [
        Budget(kind=f"{kind} {size}".strip(), key=net, limit=limit * factor, window=window)
        for size, net, factor in _nets(address)
    ]


def forget_ended() -> int:
    """Drop counters and marks whose window is over, some at a time; returns how many. A step of the worker."""
    parameters: dict[str, Any] = {"now": clock.now(), "most": FORGOTTEN_AT_ONCE}
    dropped = 0
    for table in ("common_counter", "common_mark"):
        with connection.cursor() as cursor:
            cursor.execute(FORGET.format(table=table), parameters)
            dropped += cursor.rowcount
    return dropped


def _nets(address: str) -> Iterable[tuple[str, str, int]]:
    known = read(address)
    if known is None or known.version == 4:
        return [("", str(known or address), 1)]
    return [(f"/{size}", str(ip_network((known, size), strict=False)), factor) for size, factor in NETS]


def _key(budget: Budget) -> bytes:
    return keyed_hash(f"{budget.kind}\n{budget.key}", purpose="counter")


def _give_back(keys: list[bytes], cost: int, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, {"keys": keys, "cost": cost, "now": now})


def _seconds_until(full_until: datetime | None, now: datetime, budgets: Sequence[Budget]) -> int:
    """Until all have room again; where a rival was quicker than our look, the longest that it can be."""
    left = full_until - now if full_until else max(budget.window for budget in budgets)
    return max(1, ceil(left.total_seconds()))


# One statement checks and counts. The check of `full` may be a moment old: ON CONFLICT locks each row and checks again.
# Counters are written in key order, so that writers of the same ones never deadlock.
SPEND = """
    WITH given AS (
        SELECT * FROM unnest(%(keys)s::bytea[], %(kinds)s::text[], %(limits)s::int[], %(ends)s::timestamptz[])
            AS g(key, kind, most, ends_at)),
    known AS (SELECT 1 FROM common_mark WHERE key = %(mark)s AND ends_at > %(now)s),
    full_ones AS (
        SELECT COALESCE(c.ends_at, g.ends_at) AS ends_at FROM given g
        LEFT JOIN common_counter c ON c.key = g.key AND c.ends_at > %(now)s
        WHERE COALESCE(c.count, 0) + %(cost)s > g.most),
    counted AS (
        INSERT INTO common_counter AS c (key, kind, most, count, ends_at)
        SELECT key, kind, most, %(cost)s, ends_at FROM given
        WHERE NOT EXISTS (SELECT FROM full_ones) AND NOT EXISTS (SELECT FROM known)
        ORDER BY key
        ON CONFLICT (key) DO UPDATE
            SET count = CASE WHEN c.ends_at > %(now)s THEN c.count ELSE 0 END + %(cost)s,
                ends_at = CASE WHEN c.ends_at > %(now)s THEN c.ends_at ELSE excluded.ends_at END,
                most = excluded.most
            WHERE c.ends_at <= %(now)s OR c.count + %(cost)s <= excluded.most
        RETURNING c.key),
    marked AS (
        INSERT INTO common_mark AS m (key, ends_at)
        SELECT %(mark)s, %(mark_ends)s
        WHERE %(mark)s IS NOT NULL AND (SELECT count(*) FROM counted) = (SELECT count(*) FROM given)
        ON CONFLICT (key) DO UPDATE SET ends_at = excluded.ends_at)
    SELECT EXISTS (SELECT FROM known),
        COALESCE((SELECT array_agg(key) FROM counted), '{}'),
        (SELECT max(ends_at) FROM full_ones)"""

GIVE_BACK = """
    UPDATE common_counter SET count = count - %(cost)s
    WHERE key IN (SELECT key FROM common_counter
                  WHERE key = ANY(%(keys)s::bytea[]) AND ends_at > %(now)s AND count >= %(cost)s
                  ORDER BY key FOR UPDATE)"""

FORGET = """
    DELETE FROM {table} WHERE key IN (
        SELECT key FROM {table} WHERE ends_at <= %(now)s ORDER BY ends_at LIMIT %(most)s FOR UPDATE SKIP LOCKED)"""
