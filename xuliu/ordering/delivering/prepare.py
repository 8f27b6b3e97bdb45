"""Prepare: decides which lines may be sent, given their readings, and what becomes of the others.

A reading that shows less than was proven, or lacks what the proof needs, holds its line back: READY, to be read again;
once overdue, the line is set aside with a case. If a reading shows that an earlier sending worked after all, that one
is verified and nothing is sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

from xuliu.carrier.contract import Reading
from xuliu.common import arrays, clock, stops, wake
from xuliu.common.reasons import Why, WhyCode
from xuliu.common.state import move
from xuliu.ordering.delivering.active_lines import ActiveLine
from xuliu.ordering.delivering.beforehand import AGREE_AFTER, Judgement, KnownSim, judge, was_done
from xuliu.ordering.delivering.claims import lock_lines
from xuliu.ordering.delivering.client import CarrierClient
from xuliu.ordering.delivering.delivered_since import delivered_since
from xuliu.ordering.delivering.earlier import NOTHING, Earlier, Sending, earlier_attempts
from xuliu.ordering.delivering.evidence import to_json
from xuliu.ordering.delivering.outcomes import land
from xuliu.ordering.delivering.reasons import LineCase, LineReason, Short
from xuliu.ordering.models import OrderLine
from xuliu.ordering.patience import retry_wait
from xuliu.ticket.operations import NewCase, open_cases

State = OrderLine.State
Read = tuple[ActiveLine, Reading]


@dataclass(frozen=True, slots=True)
class PreparedLine:
    """A line about to be sent, its reading before, and what stands in where that is silent."""

    line: ActiveLine
    before: Reading
    stands_in: Reading | None


def prepare(client: CarrierClient, read: Sequence[Read]) -> list[PreparedLine]:
    """The lines that may be sent; the others are held back, or moved on to be verified."""
    earlier = earlier_attempts([line for line, _ in read])
    judged = {line.id: _judge(client, line, before, earlier.get(line.id, NOTHING)) for line, before in read}
    done = _done_before([(line, before) for line, before in read if judged[line.id].short is None], earlier)
    _look_back(done)
    _hold_back([(line, before, short) for line, before in read if (short := judged[line.id].short) is not None])
    is_done = {line.id for line, _ in done}
    return [
        PreparedLine(line, before, judged[line.id].stands_in)
        for line, before in read
        if judged[line.id].short is None and line.id not in is_done
    ]


def _judge(client: CarrierClient, line: ActiveLine, before: Reading, earlier: Earlier) -> Judgement:
    known = KnownSim(
        proven=line.proven,
        end_on=line.end_on,
        looked=line.looked,
        earlier=earlier.seen,
        is_let_through=earlier.is_let_through,
        has_order_query=client.capabilities.has_order_query,
    )
    return judge(line.promise, before, known)


def _done_before(read: Sequence[Read], earlier: Mapping[int, Earlier]) -> list[tuple[ActiveLine, Sending]]:
    """The lines whose reading shows that an earlier sending worked. No statement if none was sent before."""
    sent = [(line, before, first) for line, before in read if (first := earlier.get(line.id, NOTHING).first)]
    if not sent:
        return []
    since = delivered_since([line._replace(sent_at=first.sent_at) for line, _, first in sent])
    return [
        (line, first)
        for line, before, first in sent
        if (others := since[line.id]) is not None and was_done(line.promise, others, first.base, before)
    ]


def _look_back(done: Sequence[tuple[ActiveLine, Sending]]) -> None:
    """Send nothing: return each line to the sending that worked, with its reading before, to be verified."""
    if not done:
        return
    with stops.transaction("fulfil.look_back"):
        ours = _lock_flights([line for line, _ in done])
        first = [(line.id, sending.number) for line, sending in done if line.id in ours]
        moved = move(
            OrderLine,
            [line_id for line_id, _ in first],
            to=State.VERIFYING,
            only_from=[State.SUBMITTING],
            why=LineReason.DONE_EARLIER,
            also={"due_at": clock.now(), "tries": 0},
            also_each={"attempt": [number for _, number in first]},
        )
        with connection.cursor() as cursor:
            cursor.execute(
                """UPDATE ordering_flight f SET attempt = l.attempt, lease_until = NULL, sent_at = a.sent_at
                   FROM ordering_orderline l JOIN ordering_attempt a ON a.line_id = l.id AND a.number = l.attempt
                   WHERE f.line_id = l.id AND l.id = ANY(%s::bigint[])""",
                (arrays.integers(moved),),
            )
        _note([(line, None, LineReason.DONE_EARLIER) for line, _ in done if line.id in set(moved)])
        wake.after_commit("verify")


def _hold_back(held: Sequence[tuple[ActiveLine, Reading, Short]]) -> None:
    if not held:
        return
    with stops.transaction("fulfil.hold_back"):
        ours = _lock_flights([line for line, _, _ in held])
        held = [one for one in held if one[0].id in ours]
        moved = move(
            OrderLine,
            [line.id for line, _, _ in held],
            to=State.READY,
            only_from=[State.SUBMITTING],
            why=[Why(short) for _, _, short in held],
            also_each={
                "due_at": [clock.now() + _wait(line, short) for line, _, short in held],
                "tries": [min(line.tries + 1, 1000) for line, _, _ in held],
                "is_set_aside": [line.is_overdue for line, _, _ in held],
            },
        )
        _note(held)
        land(moved)
        open_cases([_case(line, before, short) for line, before, short in held if line.is_overdue])


def _wait(line: ActiveLine, short: Short) -> timedelta:
    """When to read again: as soon as possible if the carrier must repeat itself."""
    if short in (Short.NO_END, Short.NO_PLANS):
        return AGREE_AFTER
    return retry_wait(line.tries)


def _lock_flights(lines: Sequence[ActiveLine]) -> set[int]:
    """Lock and return the lines whose flights are still ours: a worker that was too slow decides nothing."""
    lock_lines([line.id for line in lines])
    sql = """
        SELECT f.line_id FROM ordering_flight f JOIN unnest(%s::bigint[], %s::int[]) AS u(line_id, attempt)
            ON u.line_id = f.line_id AND u.attempt = f.attempt
        WHERE f.lease_until > now() ORDER BY f.sim_id FOR UPDATE OF f"""
    columns = (arrays.integers([line.id for line in lines]), arrays.integers([line.attempt for line in lines]))
    with connection.cursor() as cursor:
        cursor.execute(sql, columns)
        return {row[0] for row in cursor.fetchall()}


def _note(attempts: Sequence[tuple[ActiveLine, Reading | None, WhyCode]]) -> None:
    """Record on unsent attempts their reading and the reason."""
    sql = """
        UPDATE ordering_attempt a SET before = u.before, outcome = 'not_sent', why_code = u.why_code
        FROM unnest(%s::bigint[], %s::int[], %s::jsonb[], %s::text[]) AS u(line_id, number, before, why_code)
        WHERE a.line_id = u.line_id AND a.number = u.number"""
    columns = (
        arrays.integers([line.id for line, _, _ in attempts]),
        arrays.integers([line.attempt for line, _, _ in attempts]),
        [None if before is None else to_json(before) for _, before, _ in attempts],
        arrays.texts([why for _, _, why in attempts]),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, columns)


def _case(line: ActiveLine, before: Reading, short: Short) -> NewCase:
    proven, looked = line.proven, line.looked
    facts = {
        "attempt": line.attempt,
        "why": short,
        "end_said": before.period_end_on,
        "end_proven": proven and proven.period_end_on,
        "bytes_said": before.granted_bytes,
        "bytes_proven": proven and proven.granted_bytes,
        "end_shown": looked and looked.period_end_on,
        "bytes_shown": looked and looked.granted_bytes,
    }
    return NewCase(kind=LineCase.HELD_BACK, subject_kind="orderline", subject_id=line.id, facts=facts)
