"""The steps that talk to payment providers about refunds: send within the provider's limits, ask how they ended."""

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
from xuliu.payment.hearing import ASK_AGAIN
from xuliu.payment.models import Refund, RefundNumber
from xuliu.payment.payment_steps import notify_url
from xuliu.payment.provider_calls import AT_ONCE, ask_together, claim, later, store
from xuliu.payment.reasons import RefundMove
from xuliu.ticket.operations import NewCase, open_cases

ASK_FIRST = timedelta(seconds=10)
QueryResult = tuple[StatusReport, bytes] | None
Standings = RefundNumber.Standing
OPEN_STANDINGS = ("", Standings.PENDING, Standings.REFUSED)
WHY = {
    Outcome.NOT_SENT: RefundMove.NOT_SENT,
    Outcome.REJECTED: RefundMove.REFUSED,
    Outcome.UNKNOWN: RefundMove.NO_ANSWER,
}


@dataclass(frozen=True, slots=True)
class _Other:
    """What counts of the other refunds of a payment: whether an earlier one waits, and when the last one was sent."""

    is_before_us: bool
    sent_at: datetime | None


def send_refunds(limit: int = AT_ONCE) -> int:
    """Send PENDING refunds within the provider's spacing, at most one a payment under way."""
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
    """When each may be sent, None for now: the provider takes one refund of a payment at a time, spaced, in order."""
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
    """A refusal is no end yet: the provider is asked at once whether it has the refund all the same."""
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
    Refund.objects.filter(id__in=ids, sendings__gt=0).update(sendings=F("sendings") - 1)  # it counts for none
    open_cases([_case(PaymentCase.REFUND_WAITS, refund, done.detail) for refund, done in not_sent])


def _note(answered: Sequence[tuple[Refund, ChangeResult]]) -> None:
    """What the provider said, whatever it means, on the refund and on the number that it went by."""
    said = {Outcome.DONE: Standings.PENDING, Outcome.REJECTED: Standings.REFUSED}
    numbers = numbers_now([refund for refund, _ in answered])
    for refund, done in answered:
        refund.number, refund.detail, refund.lease_until = done.number, done.detail[:200], None
        number = numbers[refund.id]
        if number.standing in OPEN_STANDINGS:
            number.standing = said.get(done.outcome, number.standing)
            number.number, number.detail = done.number or number.number, done.detail[:200]
    Refund.objects.bulk_update([refund for refund, _ in answered], ["number", "detail", "lease_until"])
    RefundNumber.objects.bulk_update(list(numbers.values()), ["standing", "number", "detail"])


def numbers_now(refunds: Sequence[Refund]) -> dict[int, RefundNumber]:
    """The number that each goes by now, by the refund's id."""
    found = RefundNumber.objects.filter(reference__in=[refund.reference for refund in refunds])
    return {number.refund_id: number for number in found}


def _case(kind: PaymentCase, refund: Refund, detail: str) -> NewCase:
    return NewCase(kind=kind, subject_kind="refund", subject_id=refund.id, facts={"detail": detail})


def _back_to_pending(refunds: Sequence[tuple[Refund, Why]]) -> None:
    """To be sent again, after longer each time."""
    unknown = [Refund.State.UNKNOWN]
    whys = [why for _, why in refunds]
    move(Refund, [refund.id for refund, _ in refunds], to=Refund.State.PENDING, only_from=unknown, why=whys)
    later([refund for refund, _ in refunds])


def ask_refunds(limit: int = AT_ONCE) -> int:
    """Ask about refunds whose end is not known: sent ones; failed ones that the provider may still bring to an end, or
    that two people want asked for under another number; one that succeeded by an earlier number than its present."""
    states = [Refund.State.SENT, Refund.State.UNKNOWN, Refund.State.FAILED, Refund.State.SUCCEEDED]
    claimed = claim(Refund, states, limit, stop="refund.claim_unheard")
    store(ask_together(claimed, _ask), _store_heard, stop="refund.found")
    return len(claimed)


def _ask(refund: Refund) -> QueryResult:
    account = refund.payment.account
    with stops.call("refund.query"):
        return provider_of(account).query_refund(session_of(account), refund.reference)


def _store_heard(answered: Sequence[tuple[Refund, QueryResult]]) -> None:
    """Its end goes into the inbox, like a notice; what the provider provably never had is sent again, or was refused.

    The rows are locked and the number may have changed since: what was said of another is not believed of this one.
    """
    later([refund for refund, _ in answered])
    now_by = dict(Refund.objects.filter(id__in=[r.id for r, _ in answered]).values_list("id", "reference"))
    found = [(r, *heard) for r, heard in answered if heard and heard[0].reference == now_by[r.id]]
    operations.store_query_notices(
        [
            operations.QueryNotice(account_id=refund.payment.account_id, report=report, body=body)
            for refund, report, body in found
            if report.standing not in (Status.PENDING, Status.NOT_FOUND)
        ]
    )
    _not_found([refund for refund, report, _ in found if report.standing is Status.NOT_FOUND])
    renew([(refund, report) for refund, report, _ in found if refund.anew_requested_at is not None])
    _rest([refund for refund, _, _ in found])


def _not_found(refunds: Sequence[Refund]) -> None:
    """Refused is what was refused when it was asked for. The rest is sent again, but no more often than it may: then it
    stays as it is, a person is told, and the provider is asked on."""
    numbers = numbers_now(refunds)
    refused = [refund for refund in refunds if numbers[refund.id].standing == Standings.REFUSED]
    lost = [refund for refund in refunds if refund not in refused and _is_proven(refund)]
    move(Refund, [r.id for r in lost], to=Refund.State.UNKNOWN, only_from=[Refund.State.SENT], why=RefundMove.NOT_FOUND)
    vain = [refund for refund in lost if refund.sendings >= settings.XULIU_MOST_SENDINGS]
    _back_to_pending([(refund, Why(RefundMove.NEVER_THERE)) for refund in lost if refund not in vain])
    open_cases([_case(PaymentCase.REFUND_SENT_IN_VAIN, refund, refund.detail) for refund in vain])
    whys = [Why(RefundMove.REFUSED, numbers[refund.id].detail) for refund in refused]
    live = [Refund.State.SENT, Refund.State.UNKNOWN]
    ended = set(move(Refund, [r.id for r in refused], to=Refund.State.FAILED, only_from=live, why=whys))
    open_cases([_case(PaymentCase.REFUND_REFUSED, r, numbers[r.id].detail) for r in refused if r.id in ended])
    # Nothing more is to be heard of a number that the provider does not have.
    over = [r.id for r in refused] + [r.id for r in lost if r.state == Refund.State.SUCCEEDED]
    absent = [*over, *(refund.id for refund in vain)]
    RefundNumber.objects.filter(id__in=[numbers[id_].id for id_ in absent]).update(standing=Standings.NOT_FOUND)
    Refund.objects.filter(id__in=over).update(due_at=None)


def _rest(heard: Sequence[Refund]) -> None:
    """Asked about and still as it was: what has ended is not asked about again by itself, what has failed and may still
    succeed once a day. What people want asked anew, or have under a new number by now, goes on."""
    sql = """
        UPDATE payment_refund r SET due_at = CASE n.standing WHEN 'failed' THEN %s::timestamptz END
        FROM payment_refundnumber n
        WHERE r.id = ANY(%s) AND n.reference = r.reference AND r.state IN ('FAILED', 'SUCCEEDED')
            AND n.standing IN ('succeeded', 'closed', 'failed', 'not_found') AND r.anew_requested_at IS NULL"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (clock.now() + ASK_AGAIN, [refund.id for refund in heard]))


def _is_proven(refund: Refund) -> bool:
    settles_within = capabilities_of(refund.payment.account).settles_within
    return refund.sent_at is not None and clock.now() >= refund.sent_at + settles_within
