"""Check: asks what became of lines whose fate is unknown. No answer is not "no".

UNKNOWN lines, and ACCEPTED ones whose result comes later, are asked about by reference or number at growing
intervals. NOT_FOUND proves that nothing happened only after the carrier's `settles_within`; until then, and if
nobody can say, the line stays as it is, and a person sees the evidence.
"""

from collections.abc import Sequence
from datetime import timedelta

from django.db import connection

from xuliu.carrier.contract import Answer, NoAnswer, NotSent, Outcome
from xuliu.common import clock, stops, wake
from xuliu.common.chunks import CHUNK, apply_halving, in_chunks
from xuliu.common.state import move
from xuliu.ordering.delivering import verify
from xuliu.ordering.delivering.active_lines import ActiveLine
from xuliu.ordering.delivering.answers import keep_from_sending, store_answers
from xuliu.ordering.delivering.claims import lease_due, lock_lines
from xuliu.ordering.delivering.client import CarrierClient
from xuliu.ordering.delivering.deadlines import absence_proves_from
from xuliu.ordering.delivering.outcomes import land
from xuliu.ordering.delivering.reasons import LineReason
from xuliu.ordering.models import Flight, OrderLine
from xuliu.ordering.patience import backoff, may_be_sent_again
from xuliu.ordering.set_aside import set_line_aside
from xuliu.ticket.operations import open_cases

State = OrderLine.State
ASK_FIRST = timedelta(seconds=5)
ASK_LONGEST = timedelta(minutes=30)
LEASE = timedelta(minutes=1)


def recover(limit: int = CHUNK) -> int:
    """Recover flights whose lease ran out: not sent → READY; sent → UNKNOWN. Returns how many were found."""
    found = _expired(limit)
    apply_halving(found, _recover, set_aside=_leave)
    return len(found)


def _recover(lines: Sequence[int]) -> None:
    with stops.transaction("check.recover"):
        unsent, sent = _ended_leases(lines)
        land(
            move(
                OrderLine,
                unsent,
                to=State.READY,
                only_from=[State.SUBMITTING],
                why=LineReason.DIED_UNSENT,
                also={"due_at": clock.now()},
            )
        )
        move(
            OrderLine,
            sent,
            to=State.UNKNOWN,
            only_from=[State.SUBMITTING],
            why=LineReason.DIED_SENT,
            also={"due_at": clock.now(), "tries": 0},
        )
        if sent:
            wake.after_commit("check")


def _expired(limit: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT line_id FROM ordering_flight WHERE lease_until < now() ORDER BY line_id LIMIT %s", (limit,)
        )
        return [row[0] for row in cursor.fetchall()]


def _leave(line_id: int, error: Exception) -> None:
    """Keep its flight, so that nothing else is sent to the SIM; without a lease it is not found again."""
    if set_line_aside(line_id, "recover", error):
        with stops.transaction("check.leave"):
            Flight.objects.filter(line_id=line_id).update(lease_until=None)


def _ended_leases(lines: Sequence[int]) -> tuple[list[int], list[int]]:
    """Lock the lines, then the flights, and clear their leases, so that each is found once. A line whose answer is
    being stored is left for the next time."""
    sql = """
        UPDATE ordering_flight SET lease_until = NULL WHERE sim_id IN (
            SELECT sim_id FROM ordering_flight WHERE lease_until < now() AND line_id = ANY(%s)
            ORDER BY sim_id FOR UPDATE SKIP LOCKED)
        RETURNING line_id, sent_at IS NOT NULL"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (lock_lines(lines, skip_locked=True),))
        rows = sorted(cursor.fetchall())
    return [line for line, was_sent in rows if not was_sent], [line for line, was_sent in rows if was_sent]


def check(account_id: int, limit: int = CHUNK) -> int:
    """Ask the carrier what became of due lines; returns how many were asked about."""
    client = CarrierClient.of(account_id)
    due = lease_due(
        account_id=account_id,
        states=[State.UNKNOWN, State.ACCEPTED],
        limit=min(limit, client.lines_a_claim),
        lease=LEASE,
        stop="check.claim",
    )
    for batch in in_chunks(due, 50):
        apply_halving(
            batch,
            lambda part: _ask(client, part),
            set_aside=lambda line, error: set_line_aside(line.id, "check", error),
        )
    return len(due)


def _ask(client: CarrierClient, lines: Sequence[ActiveLine]) -> None:
    try:
        answers = client.find(lines, stop="check.find")
    except (NotSent, NoAnswer):
        _ask_later(lines)
        return
    answered = list(zip(lines, answers, strict=True))
    told = [(line, answer) for line, answer in answered if _is_news(line, answer)]
    if told:
        store_answers(client, told, only_from=[State.UNKNOWN, State.ACCEPTED])
    # If the answer rests on a reading of the SIM, verify need not read it again.
    verify.conclude(client, [(line, answer.seen) for line, answer in told if answer.seen is not None])
    proven = [line for line, answer in answered if _proves_nothing_happened(client, line, answer)]
    _send_again(proven)
    news = {line.id for line, _ in told} | {line.id for line in proven}
    _ask_later([line for line in lines if line.id not in news])
    _give_up_waiting(client, [line for line in lines if line.id not in news])


def _is_news(line: ActiveLine, answer: Answer) -> bool:
    """Whether the answer changes anything: ACCEPTED again does not, nor does UNKNOWN.

    NOT_SENT does: the carrier did not do it, for a reason that is ours or temporary.
    """
    if answer.outcome is Outcome.ACCEPTED:
        return not line.carrier_number
    return answer.outcome in (Outcome.DONE, Outcome.REJECTED, Outcome.NOT_SENT)


def _proves_nothing_happened(client: CarrierClient, line: ActiveLine, answer: Answer) -> bool:
    if answer.outcome is not Outcome.NOT_FOUND or line.sent_at is None:
        return False
    return clock.now() >= absence_proves_from(line, client.capabilities)


def _send_again(lines: Sequence[ActiveLine]) -> None:
    """Send these again, except those sent as often as allowed: they stay for a person."""
    if not lines:
        return
    with stops.transaction("check.send_again"):
        told = keep_from_sending(lines)
        moved = move(
            OrderLine,
            [line.id for line in lines if may_be_sent_again(line.sent_before + 1)],
            to=State.READY,
            only_from=[State.UNKNOWN],
            why=LineReason.NEVER_DONE,
            also={"due_at": clock.now(), "tries": 0},
        )
        land(moved)
        open_cases(told)


def _ask_later(lines: Sequence[ActiveLine]) -> None:
    ids = [line.id for line in lines]
    waits = [backoff(line.tries, first=ASK_FIRST, longest=ASK_LONGEST) for line in lines]
    with stops.transaction("check.later"), connection.cursor() as cursor:
        cursor.execute(
            """UPDATE ordering_orderline l SET due_at = u.due_at
               FROM unnest(%s::bigint[], %s::timestamptz[]) AS u(id, due_at)
               WHERE l.id = u.id AND l.state IN ('UNKNOWN', 'ACCEPTED')""",
            (ids, [clock.now() + wait for wait in waits]),
        )


def _give_up_waiting(client: CarrierClient, lines: Sequence[ActiveLine]) -> None:
    """Leave accepted orders that the carrier never finishes to verify, which judges by readings."""
    late = [
        line.id
        for line in lines
        if line.answered_at and clock.now() >= line.answered_at + client.capabilities.verify_within
    ]
    if late:
        with stops.transaction("check.give_up_waiting"):
            move(
                OrderLine,
                late,
                to=State.VERIFYING,
                only_from=[State.ACCEPTED],
                why=LineReason.NO_END_IN_TIME,
                also={"due_at": clock.now(), "tries": 0},
            )
