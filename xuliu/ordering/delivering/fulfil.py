"""Fulfil: claim READY lines of one carrier account into Flight, send them, store each answer as it comes.

If a worker dies midway, `check` recovers: a flight whose lease ran out before `sent_at` was written goes back to READY,
one that was sent becomes UNKNOWN. No call is made inside a transaction; each is recorded before it is made.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import connection

from xuliu.carrier.contract import AccountRefused, NoAnswer, NotSent, Reading
from xuliu.common import arrays, clock, parallel, stops
from xuliu.common.chunks import CHUNK, apply_halving, in_chunks
from xuliu.common.reasons import Why
from xuliu.common.state import move
from xuliu.ordering.delivering.active_lines import ActiveLine
from xuliu.ordering.delivering.answers import pause_account, store_answers
from xuliu.ordering.delivering.claims import claim
from xuliu.ordering.delivering.client import CarrierClient
from xuliu.ordering.delivering.evidence import to_json
from xuliu.ordering.delivering.outcomes import land, reject
from xuliu.ordering.delivering.prepare import PreparedLine, prepare
from xuliu.ordering.delivering.reasons import LineReason
from xuliu.ordering.models import OrderLine
from xuliu.ordering.patience import retry_wait
from xuliu.ordering.set_aside import set_line_aside

State = OrderLine.State


def fulfil(account_id: int, limit: int = CHUNK) -> int:
    """Send as much as the account can take in a third of a second; returns how many lines were claimed."""
    client = CarrierClient.of(account_id)
    if client.account.paused_at is not None:
        return 0
    claimed = claim(client, min(limit, client.lines_a_claim))
    batches = in_chunks(claimed, client.capabilities.batch_size)
    parallel.run([partial(_send_halving, client, batch) for batch in batches], at_once=_at_once(client))
    return len(claimed)


def _at_once(client: CarrierClient) -> int:
    return max(1, client.capabilities.parallel)


def _send_halving(client: CarrierClient, batch: Sequence[ActiveLine]) -> None:
    """Set aside a line whose data make the preparation fail; it was not sent."""
    prepared: list[PreparedLine] = []
    with client.asking.session.one_slot():
        apply_halving(
            batch,
            lambda part: prepared.extend(_ready_to_send(client, part)),
            set_aside=_keep_back,
        )
        if prepared:
            _send(client, prepared)


def _keep_back(line: ActiveLine, error: Exception) -> None:
    set_line_aside(line.id, "send", error)
    with stops.transaction("fulfil.keep_back"):
        move(OrderLine, [line.id], to=State.READY, only_from=[State.SUBMITTING], why=LineReason.SET_ASIDE_UNSENT)
        land([line.id])


def _ready_to_send(client: CarrierClient, lines: Sequence[ActiveLine]) -> list[PreparedLine]:
    """Take the reading before; store it, the attempt and `sent_at`. From then on the carrier may have the change."""
    try:
        readings = client.read(lines, stop="fulfil.read_before")
    except (NotSent, NoAnswer) as failure:
        _not_sent(lines, why=LineReason.READING_FAILED, detail=str(failure))
        if isinstance(failure, AccountRefused):
            with stops.transaction("fulfil.pause"):
                pause_account(client.account.id, said=str(failure))
        return []
    read = list(zip(lines, readings, strict=True))
    _not_sent([line for line, before in read if before is None], why=LineReason.READING_SILENT)
    _refuse([(line, before) for line, before in read if before is not None and before.refused])
    prepared = prepare(client, [(line, before) for line, before in read if before is not None and not before.refused])
    if not prepared:
        return []
    with stops.statement("fulfil.sent"):
        sent = _mark_sent(client, prepared)
    return [one for one in prepared if one.line.id in sent]


def _not_sent(lines: Sequence[ActiveLine], *, why: LineReason, detail: str = "") -> None:
    if not lines:
        return
    waits = [retry_wait(line.tries) for line in lines]
    with stops.transaction("fulfil.not_sent"):
        moved = move(
            OrderLine,
            [line.id for line in lines],
            to=State.READY,
            only_from=[State.SUBMITTING],
            why=why,
            detail=detail,
            also_each={"due_at": [clock.now() + wait for wait in waits], "tries": [line.tries + 1 for line in lines]},
        )
        land(moved)


def _refuse(pairs: Sequence[tuple[ActiveLine, Reading]]) -> None:
    if pairs:
        with stops.transaction("fulfil.refuse"):
            whys = [Why(LineReason.REFUSED_ON_READING, before.refused) for _, before in pairs]
            reject([line.id for line, _ in pairs], only_from=[State.SUBMITTING], why=whys)


def _mark_sent(client: CarrierClient, prepared: Sequence[PreparedLine]) -> set[int]:
    """Renew the lease and write `sent_at` for our own flights; a line whose lease ran out is not sent."""
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
        values: tuple[Any, ...] = (*columns, at, client.lease, at)
        cursor.execute(sql, values)
        return {row[0] for row in cursor.fetchall()}


def _send(client: CarrierClient, prepared: Sequence[PreparedLine]) -> None:
    lines = [one.line for one in prepared]
    answers = client.submit(lines, stop="fulfil.submit")
    apply_halving(
        list(zip(lines, answers, strict=True)),
        lambda part: store_answers(client, part, only_from=[State.SUBMITTING, State.UNKNOWN]),
        set_aside=lambda pair, error: set_line_aside(pair[0].id, "answer", error),
    )
