"""Answers: the carrier's answer about an attempt decides the line's next state. Shared by `fulfil` and `check`."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection

from xuliu.carrier.contract import Answer, Outcome, Reason
from xuliu.carrier.operations import pause
from xuliu.carrier.reasons import CarrierReason
from xuliu.common import arrays, clock, stops, wake
from xuliu.common.reasons import Why
from xuliu.common.state import move
from xuliu.common.trail import log_rows
from xuliu.ordering.delivering.active_lines import ActiveLine
from xuliu.ordering.delivering.client import CarrierClient
from xuliu.ordering.delivering.outcomes import LOOK_BACK_AFTER, land, reject
from xuliu.ordering.delivering.reasons import LineCase, LineReason
from xuliu.ordering.models import OrderLine
from xuliu.ordering.patience import may_be_sent_again, retry_wait
from xuliu.ticket.operations import NewCase, open_case, open_cases

log = logging.getLogger(__name__)
State = OrderLine.State
Answered = tuple[ActiveLine, Answer]
FIRST_LOOK = timedelta(0)
ASK_FIRST = timedelta(seconds=2)
LONGEST_WAIT = timedelta(hours=1)  # a carrier that says more has said nothing


def store_answers(client: CarrierClient, answered: Sequence[Answered], *, only_from: Sequence[str]) -> None:
    """Store each answer on its attempt, and move the line if that is its newest attempt.

    An answer to an older attempt is logged, wakes `check`, and moves nothing.
    """
    with stops.transaction("answers.store"):
        current = _keep(answered)
        by_outcome: dict[Outcome, list[Answered]] = {}
        for line, answer in answered:
            if line.id in current:
                by_outcome.setdefault(answer.outcome, []).append((line, answer))
        for outcome, part in by_outcome.items():
            if outcome is Outcome.NOT_SENT:
                _wait(client, part, only_from)
            elif outcome is Outcome.REJECTED:
                _refused(part, only_from)
            else:
                _go_on(outcome, part, only_from)
        if len(current) < len(answered):
            wake.after_commit("check")
    for outcome, part in by_outcome.items():
        level = logging.INFO if outcome in NEXT and outcome is not Outcome.UNKNOWN else logging.WARNING
        log_rows(log, f"carrier answered {outcome}", [line for line, _ in part], level=level)


def _keep(answered: Sequence[Answered]) -> set[int]:
    """Store the answers on their attempts and end the leases; returns the lines whose newest attempt was answered,
    locked. A line that a person ended meanwhile is still looked at again later."""
    sql = """
        WITH u AS (SELECT * FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[])
                   AS u(line_id, number, outcome, reason, carrier_number, detail)),
        kept AS (
            UPDATE ordering_attempt a SET answered_at = %s, outcome = u.outcome, reason = u.reason,
                carrier_number = COALESCE(NULLIF(u.carrier_number, ''), a.carrier_number), detail = u.detail,
                recheck_at = CASE WHEN u.outcome = 'rejected' THEN %s::timestamptz ELSE a.recheck_at END
            FROM u WHERE a.line_id = u.line_id AND a.number = u.number),
        answered AS (
            UPDATE ordering_flight f SET lease_until = NULL FROM u WHERE f.line_id = u.line_id AND f.attempt = u.number)
        SELECT l.id FROM ordering_orderline l JOIN u ON u.line_id = l.id AND u.number = l.attempt
        ORDER BY l.id FOR NO KEY UPDATE OF l"""
    columns = (
        arrays.integers([line.id for line, _ in answered]),
        arrays.integers([line.attempt for line, _ in answered]),
        arrays.texts([answer.outcome.value for _, answer in answered]),
        arrays.texts([answer.reason.value if answer.reason else "" for _, answer in answered]),
        arrays.texts([answer.number[:64] for _, answer in answered]),
        arrays.texts([answer.detail[:1000] for _, answer in answered]),
    )
    at = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(sql, (*columns, at, at + LOOK_BACK_AFTER[0]))
        return {row[0] for row in cursor.fetchall()}


NEXT = {
    Outcome.DONE: (State.VERIFYING, FIRST_LOOK),
    Outcome.ACCEPTED: (State.ACCEPTED, ASK_FIRST),
    Outcome.UNKNOWN: (State.UNKNOWN, ASK_FIRST),
}
SAID = {
    Outcome.DONE: LineReason.SAID_DONE,
    Outcome.ACCEPTED: LineReason.SAID_ACCEPTED,
    Outcome.UNKNOWN: LineReason.NO_ANSWER,
}


def _go_on(outcome: Outcome, answered: Sequence[Answered], only_from: Sequence[str]) -> None:
    """Move DONE and ACCEPTED on to be verified; UNKNOWN is asked about again. The flight stays."""
    state, wait = NEXT[outcome]
    allowed = [origin for origin in only_from if state in OrderLine.MOVES.get(State(origin), ())]
    if allowed:
        move(
            OrderLine,
            [line.id for line, _ in answered],
            to=state,
            only_from=allowed,
            why=[Why(SAID[outcome], answer.detail) for _, answer in answered],
            also={"due_at": clock.now() + wait, "tries": 0},
        )
    wake.after_commit("verify" if outcome is Outcome.DONE else "check")


def _refused(answered: Sequence[Answered], only_from: Sequence[str]) -> None:
    whys = [Why(_refused_for(answer), answer.detail) for _, answer in answered]
    reject([line.id for line, _ in answered], only_from=only_from, why=whys)


def _refused_for(answer: Answer) -> LineReason:
    if answer.reason is Reason.SIM:
        return LineReason.REFUSED_FOR_SIM
    return LineReason.REFUSED_FOR_PLAN if answer.reason is Reason.PLAN else LineReason.REFUSED


def _wait(client: CarrierClient, answered: Sequence[Answered], only_from: Sequence[str]) -> None:
    """Move unsent lines back to READY with a due time. If our balance is empty, pause the account and refund nobody."""
    moved = move(
        OrderLine,
        [line.id for line, _ in answered],
        to=State.READY,
        only_from=only_from,
        why=[Why(LineReason.NOT_SENT, answer.detail) for _, answer in answered],
        also_each={
            "due_at": [_due(line, answer) for line, answer in answered],
            "tries": [min(line.tries + 1, 1000) for line, _ in answered],
        },
    )
    land(moved)
    tried = [line for line, answer in answered if answer.reason is Reason.TEMPORARY and line.id in set(moved)]
    open_cases(keep_from_sending(tried))
    ours = next((answer for _, answer in answered if answer.reason is Reason.ACCOUNT), None)
    if ours is not None:
        pause_account(client.account.id, said=ours.detail)


def _due(line: ActiveLine, answer: Answer) -> datetime:
    if answer.reason is Reason.ACCOUNT:
        return clock.now()  # the pause of the account holds the line, until a person ends it
    said = answer.retry_after_seconds
    if said is not None and said <= LONGEST_WAIT.total_seconds():
        return clock.now() + max(timedelta(seconds=1), timedelta(seconds=said))
    return clock.now() + retry_wait(line.tries)


def keep_from_sending(lines: Sequence[ActiveLine]) -> list[NewCase]:
    """Set lines aside that were sent but not done as often as allowed: a person decides. Returns the cases to open."""
    vain = {line.id: line for line in lines if not may_be_sent_again(line.sent_before + 1)}
    if not vain:
        return []
    # A person may have ended one meanwhile: it needs no case.
    open_lines = OrderLine.objects.filter(id__in=vain, state__in=(State.READY, State.UNKNOWN)).order_by("id")
    ids = list(open_lines.select_for_update(no_key=True).values_list("id", flat=True))
    OrderLine.objects.filter(id__in=ids).update(is_set_aside=True)
    return [_in_vain(vain[line_id]) for line_id in ids]


def _in_vain(line: ActiveLine) -> NewCase:
    facts = {"sendings": line.sent_before + 1, "sent_at": line.sent_at, "paid_at": line.paid_at}
    return NewCase(kind=LineCase.SENT_IN_VAIN, subject_kind="orderline", subject_id=line.id, facts=facts)


def pause_account(account_id: int, *, said: str) -> None:
    """Pause the account and open a case: the carrier takes nothing from us until a person has dealt with it.

    One such answer is enough, while a payment provider's takes three: ACCOUNT means only our balance, means of payment
    or credentials, which would stop the next line as well, and which a person has to fill or mend. A wrong pause costs
    time, but no line fails or is refunded because of it.
    """
    pause([account_id], why=CarrierReason.US_REFUSED, detail=said)
    open_case(LineCase.ACCOUNT_PAUSED, ("carrieraccount", account_id), {"said": said})
