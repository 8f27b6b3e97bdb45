"""The steps that call payment providers about refunds: send within the provider's limits, query how they ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import F

from xuliu.common import clock, stops
from xuliu.common.reasons import Why
from xuliu.common.state import move
from xuliu.payment import operations
from xuliu.payment.accounts import capabilities_of, provider_of, session_of
from xuliu.payment.anew import renew
from xuliu.payment.cases import PaymentCase
from xuliu.payment.contract import ChangeResult, Outcome, RefundRequest, Status, StatusReport
from xuliu.payment.models import Refund, RefundNumber
from xuliu.payment.payment_steps import notify_url
from xuliu.payment.provider_calls import AT_ONCE, ask_together, claim, later, store
from xuliu.payment.reasons import RefundMove
from xuliu.payment.refund_notices import ASK_AGAIN
from xuliu.ticket.operations import NewCase, open_cases

ASK_FIRST = timedelta(seconds=10)
QueryResult = tuple[StatusReport, bytes] | None
NumberStatus = RefundNumber.Status
OPEN_STATUSES = ("", NumberStatus.PENDING, NumberStatus.REFUSED)
WHY = {
    Outcome.NOT_SENT: RefundMove.NOT_SENT,
    Outcome.REJECTED: RefundMove.REFUSED,
    Outcome.UNKNOWN: RefundMove.NO_ANSWER,
}


@dataclass(frozen=True, slots=True)
class _Other:
    """Another refund of the same payment: whether it comes first, and when it was sent."""

    is_before_us: bool
    sent_at: datetime | None


def send_refunds(limit: int = AT_ONCE) -> int:
    """Send PENDING refunds within the provider's spacing, at most one per payment at a time."""
    claimed = claim(Refund, [Refund.State.PENDING], limit, stop="refund.claim")
    if not claimed:
        return 0
    with stops.transaction("refund.sent"):
        turns = _turns(claimed)
        also = {"sent_at": clock.now(), "due_at": clock.now() + ASK_FIRST}
        due = [refund for refund in claimed if turns[refund.id] is None]
        each = {"sendings": [refund.sendings + 1 for refund in due]}
        moved = set(move(Refund, [r.id for r in due], to=Refund.State.SENT, also=also, also_each=each))
        _postpone([(refund, at) for refund in claimed if (at := turns[refund.id])])
    sent = ask_together([refund for refund in claimed if refund.id in moved], _refund)
    store(sent, _store_answers, stop="refund.answered")
    return len(claimed)


def _turns(refunds: Sequence[Refund]) -> dict[int, datetime | None]:
    """When each may be sent (None: now): the provider takes a payment's refunds one at a time, spaced, in order."""
    of_payments = Refund.objects.filter(payment_id__in={refund.payment_id for refund in refunds})
    every = list(of_payments.only("payment_id", "state", "sent_at"))
    turns = {}
    for refund in refunds:
        others = [
            _Other(other.state == Refund.State.PENDING and other.id < refund.id, other.sent_at)
            for other in every
            if other.payment_id == refund.payment_id and other.id != refund.id
        ]
        turns[refund.id] = _turn(others, capabilities_of(refund.payment.account).refund_spacing)
    return turns


def _turn(others: Sequence[_Other], spacing: timedelta) -> datetime | None:
    at = clock.now()
    free_at = max((other.sent_at + spacing for other in others if other.sent_at), default=at)
    if any(other.is_before_us for other in others):
        return max(free_at, at + spacing)
    return free_at if free_at > at else None


def _postpone(refunds: Sequence[tuple[Refund, datetime]]) -> None:
    for refund, at in refunds:
        refund.due_at, refund.lease_until = at, None
    Refund.objects.bulk_update([refund for refund, _ in refunds], ["due_at", "lease_until"])


def _refund(refund: Refund) -> ChangeResult:
    account = refund.payment.account
    refund_request = RefundRequest(
        reference=refund.reference,
        payment_reference=refund.payment.reference,
        amount_minor=refund.amount_minor,
        total_minor=refund.payment.amount_minor,
        currency=refund.currency,
        why=refund.why,
        notify_url=notify_url(account),
    )
    with stops.call("refund.send"):
        return provider_of(account).refund(session_of(account), refund_request)


def _store_answers(answered: Sequence[tuple[Refund, ChangeResult]]) -> None:
    """Store the answers. A refusal is not final: the provider is queried at once whether it has the refund after
    all."""
    _note(answered)
    unsure = [(refund, done) for refund, done in answered if done.outcome is not Outcome.DONE]
    not_sent = [(refund, done) for refund, done in unsure if done.outcome is Outcome.NOT_SENT]
    refused = [refund.id for refund, done in unsure if done.outcome is Outcome.REJECTED]
    move(
        Refund,
        [r.id for r, _ in unsure],
        to=Refund.State.UNKNOWN,
        why=[Why(WHY[done.outcome], done.detail) for _, done in unsure],
    )
    Refund.objects.filter(id__in=refused).update(due_at=clock.now())
    _back_to_pending([(refund, Why(RefundMove.NOT_SENT, done.detail)) for refund, done in not_sent])
    ids = [refund.id for refund, _ in not_sent]
    Refund.objects.filter(id__in=ids, sendings__gt=0).update(sendings=F("sendings") - 1)  # not a sending
    open_cases([_case(PaymentCase.REFUND_WAITS, refund, done.detail) for refund, done in not_sent])


def _note(answered: Sequence[tuple[Refund, ChangeResult]]) -> None:
    """Record the provider's answer on the refund and on the number it was sent under."""
    said = {Outcome.DONE: NumberStatus.PENDING, Outcome.REJECTED: NumberStatus.REFUSED}
    numbers = numbers_now([refund for refund, _ in answered])
    for refund, done in answered:
        refund.number, refund.detail, refund.lease_until = done.number, done.detail[:200], None
        number = numbers[refund.id]
        if number.status in OPEN_STATUSES:
            number.status = said.get(done.outcome, number.status)
            number.number, number.detail = done.number or number.number, done.detail[:200]
    Refund.objects.bulk_update([refund for refund, _ in answered], ["number", "detail", "lease_until"])
    RefundNumber.objects.bulk_update(list(numbers.values()), ["status", "number", "detail"])


def numbers_now(refunds: Sequence[Refund]) -> dict[int, RefundNumber]:
    """Each refund's current number, by the refund's id."""
    found = RefundNumber.objects.filter(reference__in=[refund.reference for refund in refunds])
    return {number.refund_id: number for number in found}


def _case(kind: PaymentCase, refund: Refund, detail: str) -> NewCase:
    return NewCase(kind=kind, subject_kind="refund", subject_id=refund.id, facts={"detail": detail})


def _back_to_pending(refunds: Sequence[tuple[Refund, Why]]) -> None:
    """Send them again, waiting longer each time."""
    unknown = [Refund.State.UNKNOWN]
    whys = [why for _, why in refunds]
    move(Refund, [refund.id for refund, _ in refunds], to=Refund.State.PENDING, only_from=unknown, why=whys)
    later([refund for refund, _ in refunds])


def ask_refunds(limit: int = AT_ONCE) -> int:
    """Query refunds whose end is unknown: sent ones; failed ones that the provider may still complete, or that two
    people want under a new number; and those that succeeded under an earlier number than the current one."""
    states = [Refund.State.SENT, Refund.State.UNKNOWN, Refund.State.FAILED, Refund.State.SUCCEEDED]
    claimed = claim(Refund, states, limit, stop="refund.claim_asked")
    store(ask_together(claimed, _ask), _store_found, stop="refund.found")
    return len(claimed)


def _ask(refund: Refund) -> QueryResult:
    account = refund.payment.account
    with stops.call("refund.query"):
        return provider_of(account).query_refund(session_of(account), refund.reference)


def _store_found(answered: Sequence[tuple[Refund, QueryResult]]) -> None:
    """Store their ends in the inbox, like a notice; what the provider provably never had is sent again, or was refused.

    The rows are locked, but the number may have changed since: a report on another number is ignored.
    """
    later([refund for refund, _ in answered])
    now_by = dict(Refund.objects.filter(id__in=[r.id for r, _ in answered]).values_list("id", "reference"))
    found = [(r, *result) for r, result in answered if result and result[0].reference == now_by[r.id]]
    operations.store_query_notices(
        [
            operations.QueryNotice(account_id=refund.payment.account_id, report=report, body=body)
            for refund, report, body in found
            if report.status not in (Status.PENDING, Status.NOT_FOUND)
        ]
    )
    _not_found([refund for refund, report, _ in found if report.status is Status.NOT_FOUND])
    renew([(refund, report) for refund, report, _ in found if refund.anew_requested_at is not None])
    _rest([refund for refund, _, _ in found])


def _not_found(refunds: Sequence[Refund]) -> None:
    """Fail those that were refused when requested. Send the rest again, up to the limit; beyond it they stay as they
    are, a case is opened, and the provider is still queried."""
    numbers = numbers_now(refunds)
    refused = [refund for refund in refunds if numbers[refund.id].status == NumberStatus.REFUSED]
    lost = [refund for refund in refunds if refund not in refused and _is_proven(refund)]
    move(Refund, [r.id for r in lost], to=Refund.State.UNKNOWN, only_from=[Refund.State.SENT], why=RefundMove.NOT_FOUND)
    vain = [refund for refund in lost if refund.sendings >= settings.XULIU_MOST_SENDINGS]
    _back_to_pending([(refund, Why(RefundMove.NEVER_THERE)) for refund in lost if refund not in vain])
    open_cases([_case(PaymentCase.REFUND_SENT_IN_VAIN, refund, refund.detail) for refund in vain])
    whys = [Why(RefundMove.REFUSED, numbers[refund.id].detail) for refund in refused]
    live = [Refund.State.SENT, Refund.State.UNKNOWN]
    ended = set(move(Refund, [r.id for r in refused], to=Refund.State.FAILED, only_from=live, why=whys))
    open_cases([_case(PaymentCase.REFUND_REFUSED, r, numbers[r.id].detail) for r in refused if r.id in ended])
    # There is nothing more to learn about a number that the provider does not have.
    over = [r.id for r in refused] + [r.id for r in lost if r.state == Refund.State.SUCCEEDED]
    absent = [*over, *(refund.id for refund in vain)]
    RefundNumber.objects.filter(id__in=[numbers[id_].id for id_ in absent]).update(status=NumberStatus.NOT_FOUND)
    Refund.objects.filter(id__in=over).update(due_at=None)


def _rest(asked: Sequence[Refund]) -> None:
    """Set when unchanged refunds are queried next: ended ones never automatically, failed ones that may still succeed
    once a day. Those that people requested anew, or that have a new number by now, go on."""
    sql = """
        UPDATE payment_refund r SET due_at = CASE n.status WHEN 'failed' THEN %s::timestamptz END
        FROM payment_refundnumber n
        WHERE r.id = ANY(%s) AND n.reference = r.reference AND r.state IN ('FAILED', 'SUCCEEDED')
            AND n.status IN ('succeeded', 'closed', 'failed', 'not_found') AND r.anew_requested_at IS NULL"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (clock.now() + ASK_AGAIN, [refund.id for refund in asked]))


def _is_proven(refund: Refund) -> bool:
    settles_within = capabilities_of(refund.payment.account).settles_within
    return refund.sent_at is not None and clock.now() >= refund.sent_at + settles_within
