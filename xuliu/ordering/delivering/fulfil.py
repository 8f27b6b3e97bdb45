"""Fulfil: claim READY lines of one carrier account into Flight, send them, store each answer as it comes.

What dies in the middle is found again by `check`: a flight whose lease ran out before `sent_at` was written goes back
to READY, one that was sent becomes UNKNOWN. No call stands inside a transaction; each is recorded before it is made.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import DataError, IntegrityError, connection

from xuliu.carrier.contract import AccountRefused, NoAnswer, NotSent, Reading
from xuliu.catalog.models import Offering
from xuliu.common import arrays, clock, parallel, stops
from xuliu.common.chunks import CHUNK, apply_halving, in_chunks
from xuliu.common.state import move
from xuliu.ordering.delivering.answers import pause_account, store_answers
from xuliu.ordering.delivering.evidence import to_json
from xuliu.ordering.delivering.outcomes import land, reject
from xuliu.ordering.delivering.prepare import PreparedLine, prepare
from xuliu.ordering.delivering.underway import ActiveLine, CarrierClient, backoff, lines_by_id, set_aside
from xuliu.ordering.models import OrderLine

State = OrderLine.State
LEASE_DEADLINES = 3  # a deadline is at most a third of the lease
RETRY_FIRST = timedelta(seconds=15)
RETRY_LONGEST = timedelta(minutes=10)


def fulfil(account_id: int, limit: int = CHUNK) -> int:
    """Send what the account can take in a third of a second; returns how many lines were claimed."""
    peer = CarrierClient.of(account_id)
    if peer.account.paused_at is not None:
        return 0
    claimed = claim(peer, min(limit, peer.lines_a_claim))
    batches = in_chunks(claimed, peer.capabilities.batch_size)
    parallel.run([partial(_send_halving, peer, batch) for batch in batches], at_once=_at_once(peer))
    return len(claimed)


def claim(peer: CarrierClient, limit: int) -> list[ActiveLine]:
    """Lines READY → SUBMITTING, one flight a SIM, in the order of rank and turn."""
    try:
        ids = _claim(peer, limit, None)
    except (DataError, IntegrityError):  # one row poisons the claim: find it, take the others
        ids = []
        apply_halving(
            _candidates(peer, limit),
            lambda part: ids.extend(_claim(peer, len(part), part)),
            set_aside=lambda line_id, error: set_aside(line_id, "claim", error),
        )
    return lines_by_id(ids)


READY = """
    FROM ordering_orderline l
    WHERE l.account_id = %(account)s AND l.state = 'READY' AND NOT l.is_set_aside AND l.due_at <= %(at)s
      AND l.offering_id <> ALL(%(paused)s)
      AND NOT EXISTS (SELECT 1 FROM ordering_flight f WHERE f.sim_id = l.sim_id)"""


def _claim(peer: CarrierClient, limit: int, only: Sequence[int] | None) -> list[int]:
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
        values = {**_ready(peer), "limit": limit, "only": only and list(only), "lease": _lease(peer)}
        cursor.execute(sql, values)
        attempts: dict[int, int] = dict(cursor.fetchall())
        ids = sorted(attempts)
        return move(OrderLine, ids, to=State.SUBMITTING, also_each={"attempt": [attempts[one] for one in ids]})


def _candidates(peer: CarrierClient, limit: int) -> list[int]:
    sql = f"SELECT l.id {READY} ORDER BY l.rank, l.turn, l.id LIMIT %(limit)s"
    with connection.cursor() as cursor:
        cursor.execute(sql, {**_ready(peer), "limit": limit})
        return [row[0] for row in cursor.fetchall()]


def _ready(peer: CarrierClient) -> dict[str, Any]:
    paused = list(Offering.objects.filter(paused_at__isnull=False).values_list("id", flat=True))
    return {"account": peer.account.id, "at": clock.now(), "paused": paused}


def _lease(peer: CarrierClient) -> timedelta:
    return peer.deadline * LEASE_DEADLINES


def _at_once(peer: CarrierClient) -> int:
    return max(1, peer.capabilities.parallel)


def _send_halving(peer: CarrierClient, batch: Sequence[ActiveLine]) -> None:
    """A line whose data make the preparation fail is set aside; it was not sent."""
    prepared: list[PreparedLine] = []
    with peer.asking.session.one_place():
        apply_halving(
            batch,
            lambda part: prepared.extend(_ready_to_send(peer, part)),
            set_aside=_keep_back,
        )
        if prepared:
            _send(peer, prepared)


def _keep_back(line: ActiveLine, error: Exception) -> None:
    set_aside(line.id, "send", error)
    with stops.transaction("fulfil.keep_back"):
        move(OrderLine, [line.id], to=State.READY, only_from=[State.SUBMITTING], why="set aside before it was sent")
        land([line.id])


def _ready_to_send(peer: CarrierClient, lines: Sequence[ActiveLine]) -> list[PreparedLine]:
    """Take the reading before and write it, the attempt and `sent_at`: after that the carrier may have heard of it."""
    try:
        readings = peer.read(lines, stop="fulfil.read_before")
    except (NotSent, NoAnswer) as failure:
        _not_sent(lines, why=f"the reading before failed: {failure}")
        if isinstance(failure, AccountRefused):
            with stops.transaction("fulfil.pause"):
                pause_account(peer.account.id, why=str(failure))
        return []
    read = list(zip(lines, readings, strict=True))
    _not_sent([line for line, before in read if before is None], why="nothing usable was said of the SIM")
    _refuse([(line, before) for line, before in read if before is not None and before.refused])
    prepared = prepare(peer, [(line, before) for line, before in read if before is not None and not before.refused])
    if not prepared:
        return []
    with stops.statement("fulfil.sent"):
        sent = _mark_sent(peer, prepared)
    return [one for one in prepared if one.line.id in sent]


def _not_sent(lines: Sequence[ActiveLine], *, why: str) -> None:
    if not lines:
        return
    waits = [backoff(line.tries, first=RETRY_FIRST, longest=RETRY_LONGEST) for line in lines]
    with stops.transaction("fulfil.not_sent"):
        moved = move(
            OrderLine,
            [line.id for line in lines],
            to=State.READY,
            only_from=[State.SUBMITTING],
            why=why,
            also_each={"due_at": [clock.now() + wait for wait in waits], "tries": [line.tries + 1 for line in lines]},
        )
        land(moved)


def _refuse(pairs: Sequence[tuple[ActiveLine, Reading]]) -> None:
    if pairs:
        with stops.transaction("fulfil.refuse"):
            whys = [f"the carrier on reading the SIM: {before.refused}" for _, before in pairs]
            reject([line.id for line, _ in pairs], only_from=[State.SUBMITTING], why=whys)


def _mark_sent(peer: CarrierClient, prepared: Sequence[PreparedLine]) -> set[int]:
    """Renew the lease and write `sent_at` for flights that are still ours; a line whose lease ran out is not sent."""
    sql = """
        WITH u AS (SELECT * FROM unnest(%s::bigint[], %s::int[], %s::jsonb[], %s::jsonb[])
                   AS u(line_id, attempt, before, stands_in)),
        sent AS (
            UPDATE ordering_flight f SET sent_at = %s, lease_until = now() + %s FROM u
            WHERE f.line_id = u.line_id AND f.attempt = u.attempt AND f.lease_until > now()
            RETURNING f.line_id, f.attempt)
        UPDATE ordering_attempt a SET before = u.before, stands_in = u.stands_in, sent_at = %s
        FROM u JOIN sent USING (line_id)
        WHERE a.line_id = u.line_id AND a.number = u.attempt RETURNING a.line_id"""
    at = clock.now()
    columns: tuple[Any, ...] = (
        arrays.integers([one.line.id for one in prepared]),
        arrays.integers([one.line.attempt for one in prepared]),
        arrays.texts([to_json(one.before) for one in prepared]),
        [None if one.stands_in is None else to_json(one.stands_in) for one in prepared],
    )
    with connection.cursor() as cursor:
        values: tuple[Any, ...] = (*columns, at, _lease(peer), at)
        cursor.execute(sql, values)
        return {row[0] for row in cursor.fetchall()}


def _send(peer: CarrierClient, prepared: Sequence[PreparedLine]) -> None:
    lines = [one.line for one in prepared]
    answers = peer.submit(lines, stop="fulfil.submit")
    apply_halving(
        list(zip(lines, answers, strict=True)),
        lambda part: store_answers(peer, part, only_from=[State.SUBMITTING, State.UNKNOWN]),
        set_aside=lambda pair, error: set_aside(pair[0].id, "answer", error),
    )
