"""The only writer of postings and checkpoints."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from xuliu.common import actor, arrays, clock

# Folding waits this long for active writers, and they wait no longer for it.
FOLD_LOCK_TIMEOUT_MS = 500
FOLD_AT_MOST = 500_000
NIGHT_ZONE, NIGHT_HOUR = "Asia/Shanghai", 4


class Contradiction(Exception):
    """A reference was posted again with other figures: one of the two is wrong, and neither may win silently."""


class Entry(NamedTuple):
    """A posting to be made: `amount_minor` >= 0 moves from source to destination. The reference is derived from
    the subject (`line:<id>:release`), so that the same movement cannot be posted twice."""

    reference: str
    source: str
    destination: str
    amount_minor: int
    currency: str
    order_id: int | None = None
    line_id: int | None = None


def post(entries: Sequence[Entry], *, at: datetime) -> None:
    """Write postings, in one statement whatever their number; `at` is the business instant.

    An entry of 0 is skipped. A reference already posted with the same figures changes nothing. Raises Contradiction if
    it was posted with other figures, IntegrityError for an amount below 0 or source = destination; the caller must
    then roll back.
    """
    # In the order of references, so that writers of the same ones never deadlock.
    moving = sorted((entry for entry in entries if entry.amount_minor), key=attrgetter("reference"))
    if not moving:
        return
    doer = actor.current()
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [at, doer.kind, doer.id, *_columns(moving)])
        if cursor.rowcount < len(moving):
            _compare(moving)


def fold_checkpoints() -> int:
    """Sum the postings since the last fold into one checkpoint per address; returns how many postings it folded.

    Addresses of single orders are skipped: they get a handful of postings. Folds at most FOLD_AT_MOST postings, so call
    again until it returns 0. Raises OperationalError if active writers do not finish in time.
    """
    horizon = _horizon()
    with connection.cursor() as cursor:
        cursor.execute(FOLD, {"horizon": horizon, "at_most": FOLD_AT_MOST})
        folded: int = cursor.fetchone()[0]
        return folded


def fold_by_night() -> int:
    """Fold what was posted before the last NIGHT_HOUR and all since; returns how many postings. Raises as
    `fold_checkpoints`."""
    there = clock.now().astimezone(ZoneInfo(NIGHT_ZONE))
    night = there.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    if night > there:
        night -= timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(UNFOLDED)
        oldest = cursor.fetchone()
    folded = 0
    if oldest is not None and oldest[0] < night:
        while count := fold_checkpoints():
            folded += count
    return folded


# The oldest unfolded posting.
UNFOLDED = """
    SELECT at FROM ledger_posting WHERE id > COALESCE(
        (SELECT max(up_to_posting_id) FROM ledger_checkpoint WHERE address = ''), 0)
    ORDER BY id LIMIT 1"""

INSERT = """
    INSERT INTO ledger_posting
        (reference, source, destination, amount_minor, currency, order_id, line_id, at, actor_kind, actor_id)
    SELECT e.*, %s, %s, %s
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[]) AS e
    ON CONFLICT (reference) DO NOTHING"""

DIFFERENCES = """
    SELECT e.reference
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[])
        AS e(reference, source, destination, amount_minor, currency, order_id, line_id)
    JOIN ledger_posting p USING (reference)
    WHERE (p.source, p.destination, p.amount_minor, p.currency, p.order_id, p.line_id)
        IS DISTINCT FROM (e.source, e.destination, e.amount_minor, e.currency, e.order_id, e.line_id)
    ORDER BY e.reference LIMIT 5"""

# The checkpoint of the empty address marks how far folding has come.
FOLD = """
    WITH since AS (SELECT COALESCE(max(up_to_posting_id), 0) AS id FROM ledger_checkpoint WHERE address = ''),
    fresh AS (
        SELECT p.id, source, destination, currency, amount_minor FROM ledger_posting p, since
        WHERE p.id > since.id AND p.id <= %(horizon)s ORDER BY p.id LIMIT %(at_most)s),
    summed AS (
        SELECT address, currency, sum(amount_minor) AS amount_minor
        FROM (
            SELECT destination AS address, currency, amount_minor FROM fresh
            UNION ALL SELECT source, currency, -amount_minor FROM fresh) AS moved
        WHERE address NOT LIKE 'order:%%' GROUP BY address, currency
        UNION ALL (SELECT '', '', 0 FROM fresh LIMIT 1)),
    written AS (
        INSERT INTO ledger_checkpoint (address, currency, up_to_posting_id, balance_minor)
        SELECT address, currency, (SELECT max(id) FROM fresh), amount_minor + COALESCE((
            SELECT c.balance_minor FROM ledger_checkpoint c
            WHERE c.address = s.address AND c.currency = s.currency
            ORDER BY c.up_to_posting_id DESC LIMIT 1), 0)
        FROM summed s)
    SELECT count(*) FROM fresh"""


def _columns(entries: Sequence[Entry]) -> list[str]:
    references, sources, destinations, amounts, currencies, orders, lines = zip(*entries, strict=True)
    return [
        *[arrays.texts(column) for column in (references, sources, destinations)],
        arrays.integers(amounts),
        arrays.texts(currencies),
        *[arrays.integers(column) for column in (orders, lines)],
    ]


def _compare(entries: Sequence[Entry]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENCES, _columns(entries))
        different = [row[0] for row in cursor.fetchall()]
    if different:
        raise Contradiction(f"posted before with other figures: {', '.join(different)}")


def _horizon() -> int:
    """The newest posting before which no other can appear any more.

    A posting gets its number before it is committed, so numbers become visible out of order, and a fold must be
    complete: the lock waits until no writer is between the two.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {FOLD_LOCK_TIMEOUT_MS}")
        cursor.execute("LOCK TABLE ledger_posting IN SHARE MODE")
        cursor.execute("SELECT COALESCE(max(id), 0) FROM ledger_posting")
        horizon: int = cursor.fetchone()[0]
        return horizon
