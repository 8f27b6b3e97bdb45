"""Applies providers' reports on refunds as a set: the latest report on each number, and what follows from it.

The later report counts, whichever was stored first; a success is never undone. Money that was refunded twice under two
numbers is posted twice and opens a case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from xuliu.common import clock
from xuliu.common.reasons import Why
from xuliu.common.state import move
from xuliu.ledger import addresses
from xuliu.ledger.operations import Entry, post
from xuliu.payment import outside
from xuliu.payment.cases import PaymentCase
from xuliu.payment.contract import Status
from xuliu.payment.inbox import ReadNotice
from xuliu.payment.models import Refund, RefundNumber
from xuliu.payment.reasons import RefundMove
from xuliu.ticket.operations import NewCase, open_cases

ASK_AGAIN = timedelta(days=1)
ENDS = {
    Status.SUCCEEDED: RefundNumber.Status.SUCCEEDED,
    Status.CLOSED: RefundNumber.Status.CLOSED,
    Status.FAILED: RefundNumber.Status.FAILED,
}
WHY = {
    RefundNumber.Status.CLOSED: RefundMove.CLOSED,
    RefundNumber.Status.FAILED: RefundMove.NOT_REACHED,
}


@dataclass(frozen=True, slots=True)
class RefundsApplied:
    """`strange`: notices for a person to look at; `outside`: orders with a refund made outside."""

    strange: frozenset[int] = frozenset()
    outside: frozenset[int] = frozenset()


def apply_refunds(notices: Sequence[ReadNotice]) -> RefundsApplied:
    """Apply notices about refunds."""
    if not notices:
        return RefundsApplied()
    numbers = _locked_numbers([one.report.reference for one in notices])
    known = [(one, numbers[one.report.reference]) for one in notices if one.report.reference in numbers]
    odd = [one for one, number in known if differs(one, number.refund)]
    odd_ids = {one.notice_id for one in odd}
    open_cases([_strange(one) for one in odd])  # before the report that may close them
    _store_reports(latest_reports([pair for pair in known if pair[0].notice_id not in odd_ids]))
    unknown = [one for one in notices if one.report.reference not in numbers]
    recorded = outside.record_reported(unknown)
    unasked = [one for one in unknown if one.notice_id not in recorded]
    open_cases([_strange(one) for one in unasked])
    strange = [*odd, *unasked]
    return RefundsApplied(frozenset(one.notice_id for one in strange), frozenset(recorded.values()))


def _locked_numbers(references: Sequence[str]) -> dict[str, RefundNumber]:
    """The numbers by reference, with their refunds locked until they are written."""
    of_these = RefundNumber.objects.filter(reference__in=references)
    refunds = Refund.objects.select_for_update(no_key=True, of=("self",)).select_related("payment")
    locked = {refund.pk: refund for refund in refunds.filter(id__in=of_these.values("refund_id")).order_by("id")}
    numbers = {number.reference: number for number in of_these}
    for number in numbers.values():
        number.refund = locked[number.refund_id]
    return numbers


def differs(notice: ReadNotice, refund: Refund) -> bool:
    """Whether the notice has another amount, account or payment than the refund."""
    report, payment = notice.report, refund.payment
    is_of_another = bool(report.payment_reference) and report.payment_reference != payment.reference
    is_much_or_little = report.amount_minor is not None and report.amount_minor != refund.amount_minor
    return is_of_another or is_much_or_little or notice.account_id != payment.account_id


def latest_reports(known: Sequence[tuple[ReadNotice, RefundNumber]]) -> list[tuple[ReadNotice, RefundNumber]]:
    """The report that counts for each number, if it is news, in the order they were made."""
    latest: dict[int, tuple[ReadNotice, RefundNumber]] = {}
    for one, number in sorted(known, key=lambda pair: (pair[0].said_at, pair[0].notice_id)):
        before = latest.get(number.pk)
        is_paid = RefundNumber.Status.SUCCEEDED in (number.status, before and ENDS[before[0].report.status])
        if one.report.status in ENDS and not is_paid and is_news(one, number):
            latest[number.pk] = (one, number)
    return sorted(latest.values(), key=lambda pair: (pair[0].said_at, pair[0].notice_id))


def is_news(notice: ReadNotice, number: RefundNumber) -> bool:
    has_ended = number.status in ENDS.values() and number.said_at is not None
    is_paid = notice.report.status is Status.SUCCEEDED
    return is_paid or not has_ended or notice.said_at >= (number.said_at or notice.said_at)


def _store_reports(latest: Sequence[tuple[ReadNotice, RefundNumber]]) -> None:
    """Store the reports on their numbers, then move the refunds."""
    for notice, number in latest:
        number.status, number.said_at = ENDS[notice.report.status], notice.said_at
        number.number = notice.report.number or number.number
        number.detail = notice.report.detail[:200]
    RefundNumber.objects.bulk_update([number for _, number in latest], ["status", "said_at", "number", "detail"])
    _succeed([pair for pair in latest if pair[1].status == RefundNumber.Status.SUCCEEDED])
    _fail([(notice, n) for notice, n in latest if n.status != n.Status.SUCCEEDED and n.reference == n.refund.reference])
    set_due({number.refund_id: number for _, number in latest if number.reference == number.refund.reference})


def set_due(current: Mapping[int, RefundNumber]) -> None:
    """Set when each refund is queried next, by its current number: every day until that is final, then never
    automatically."""
    tomorrow = clock.now() + ASK_AGAIN
    may_end = [id_ for id_, number in current.items() if number.status == RefundNumber.Status.FAILED]
    if current:
        Refund.objects.filter(id__in=current).update(due_at=None, lease_until=None, anew_requested_at=None)
        Refund.objects.filter(id__in=may_end).update(due_at=tomorrow)


def _succeed(latest: Sequence[tuple[ReadNotice, RefundNumber]]) -> None:
    """The first success ends a refund; any other means that the money went out again."""
    first: dict[int, tuple[ReadNotice, RefundNumber]] = {}
    twice = []
    for notice, number in latest:
        if number.refund.state == Refund.State.SUCCEEDED or number.refund_id in first:
            twice.append(number)
        else:
            first[number.refund_id] = (notice, number)
    # Stop what has not been sent yet.
    Refund.objects.filter(id__in=first, state=Refund.State.PENDING).update(due_at=None, anew_requested_at=None)
    move(
        Refund,
        list(first),
        to=Refund.State.SUCCEEDED,
        also_each={"number": [notice.report.number for notice, _ in first.values()]},
    )
    once = [_paid_back(number) for _, number in first.values()]
    post([*once, *(_paid_again(number) for number in twice)], at=clock.now())
    open_cases([_twice(number) for number in twice])


def _paid_back(number: RefundNumber) -> Entry:
    refund = number.refund
    return Entry(
        reference=f"refund:{refund.pk}:paid",
        source=addresses.refund_payable(refund.payment.account_id),
        destination=addresses.provider_receivable(refund.payment.account_id),
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        order_id=refund.payment.order_id,
    )


def _paid_again(number: RefundNumber) -> Entry:
    refund = number.refund
    return Entry(
        reference=f"refund:{refund.pk}:paid:{number.reference}",
        source=addresses.loss("refunded_twice"),
        destination=addresses.provider_receivable(refund.payment.account_id),
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        order_id=refund.payment.order_id,
    )


def _twice(number: RefundNumber) -> NewCase:
    facts = {"reference": number.reference, "number": number.number, "amount_minor": number.refund.amount_minor}
    return NewCase(kind=PaymentCase.REFUNDED_TWICE, subject_kind="refund", subject_id=number.refund_id, facts=facts)


def _fail(latest: Sequence[tuple[ReadNotice, RefundNumber]]) -> None:
    ids = [number.refund_id for _, number in latest]
    moved = set(
        move(
            Refund,
            ids,
            to=Refund.State.FAILED,
            why=[Why(WHY[RefundNumber.Status(number.status)], number.detail) for _, number in latest],
        )
    )
    open_cases([_failed(number) for _, number in latest if number.refund_id in moved])


def _failed(number: RefundNumber) -> NewCase:
    is_closed = number.status == RefundNumber.Status.CLOSED
    kind = PaymentCase.REFUND_CLOSED if is_closed else PaymentCase.REFUND_FAILED
    return NewCase(kind=kind, subject_kind="refund", subject_id=number.refund_id, facts={"said": number.detail})


def _strange(notice: ReadNotice) -> NewCase:
    facts = {"reference": notice.report.reference, "amount_minor": notice.report.amount_minor}
    return NewCase(kind=PaymentCase.REFUND_STRANGE, subject_kind="notice", subject_id=notice.notice_id, facts=facts)
