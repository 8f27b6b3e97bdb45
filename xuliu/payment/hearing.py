"""What providers say of refunds, applied as a set: the last word on each of a refund's numbers, and what follows.

The later truth counts, whichever was stored first: a success is never taken back, and of two other ends the one that
the provider said later. Money that went twice under two numbers is posted twice, and is a case.
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
    Status.SUCCEEDED: RefundNumber.Standing.SUCCEEDED,
    Status.CLOSED: RefundNumber.Standing.CLOSED,
    Status.FAILED: RefundNumber.Standing.FAILED,
}
WHY = {
    RefundNumber.Standing.CLOSED: RefundMove.CLOSED,
    RefundNumber.Standing.FAILED: RefundMove.NOT_REACHED,
}


@dataclass(frozen=True, slots=True)
class RefundsApplied:
    """`strange`: notices that a person must look at; `outside`: orders of which something was given back past us."""

    strange: frozenset[int] = frozenset()
    outside: frozenset[int] = frozenset()


def apply_refunds(heard: Sequence[ReadNotice]) -> RefundsApplied:
    """Apply what providers say of refunds."""
    if not heard:
        return RefundsApplied()
    numbers = _locked_numbers([one.report.reference for one in heard])
    known = [(one, numbers[one.report.reference]) for one in heard if one.report.reference in numbers]
    odd = [one for one, number in known if differs(one, number.refund)]
    odd_ids = {one.notice_id for one in odd}
    open_cases([_strange(one) for one in odd])  # before the word that may put it right
    _tell(last_words([pair for pair in known if pair[0].notice_id not in odd_ids]))
    unknown = [one for one in heard if one.report.reference not in numbers]
    recorded = outside.record_told(unknown)
    unasked = [one for one in unknown if one.notice_id not in recorded]
    open_cases([_strange(one) for one in unasked])
    strange = [*odd, *unasked]
    return RefundsApplied(frozenset(one.notice_id for one in strange), frozenset(recorded.values()))


def _locked_numbers(references: Sequence[str]) -> dict[str, RefundNumber]:
    """By reference, their refunds locked: what is read here stays so until it is written."""
    of_these = RefundNumber.objects.filter(reference__in=references)
    refunds = Refund.objects.select_for_update(no_key=True, of=("self",)).select_related("payment")
    locked = {refund.pk: refund for refund in refunds.filter(id__in=of_these.values("refund_id")).order_by("id")}
    numbers = {number.reference: number for number in of_these}
    for number in numbers.values():
        number.refund = locked[number.refund_id]
    return numbers


def differs(heard: ReadNotice, refund: Refund) -> bool:
    """Whether it is of another amount, another account or another payment."""
    report, payment = heard.report, refund.payment
    is_of_another = bool(report.payment_reference) and report.payment_reference != payment.reference
    is_much_or_little = report.amount_minor is not None and report.amount_minor != refund.amount_minor
    return is_of_another or is_much_or_little or heard.account_id != payment.account_id


def last_words(known: Sequence[tuple[ReadNotice, RefundNumber]]) -> list[tuple[ReadNotice, RefundNumber]]:
    """Of each number the one word that counts, where it is news; in the order in which they were said."""
    words: dict[int, tuple[ReadNotice, RefundNumber]] = {}
    for one, number in sorted(known, key=lambda pair: (pair[0].said_at, pair[0].notice_id)):
        before = words.get(number.pk)
        is_paid = RefundNumber.Standing.SUCCEEDED in (number.standing, before and ENDS[before[0].report.standing])
        if one.report.standing in ENDS and not is_paid and is_news(one, number):
            words[number.pk] = (one, number)
    return sorted(words.values(), key=lambda pair: (pair[0].said_at, pair[0].notice_id))


def is_news(heard: ReadNotice, number: RefundNumber) -> bool:
    has_ended = number.standing in ENDS.values() and number.said_at is not None
    is_paid = heard.report.standing is Status.SUCCEEDED
    return is_paid or not has_ended or heard.said_at >= (number.said_at or heard.said_at)


def _tell(words: Sequence[tuple[ReadNotice, RefundNumber]]) -> None:
    """Write the words down, then move refunds by them."""
    for heard, number in words:
        number.standing, number.said_at = ENDS[heard.report.standing], heard.said_at
        number.number = heard.report.number or number.number
        number.detail = heard.report.detail[:200]
    RefundNumber.objects.bulk_update([number for _, number in words], ["standing", "said_at", "number", "detail"])
    _succeed([pair for pair in words if pair[1].standing == RefundNumber.Standing.SUCCEEDED])
    _fail([(h, n) for h, n in words if n.standing != n.Standing.SUCCEEDED and n.reference == n.refund.reference])
    set_due({number.refund_id: number for _, number in words if number.reference == number.refund.reference})


def set_due(current: Mapping[int, RefundNumber]) -> None:
    """When each is asked about next, by what was said of the number that it goes by now: where that is not final, every
    day; where it is, never again by itself."""
    tomorrow = clock.now() + ASK_AGAIN
    may_end = [id_ for id_, number in current.items() if number.standing == RefundNumber.Standing.FAILED]
    if current:
        Refund.objects.filter(id__in=current).update(due_at=None, lease_until=None, anew_requested_at=None)
        Refund.objects.filter(id__in=may_end).update(due_at=tomorrow)


def _succeed(words: Sequence[tuple[ReadNotice, RefundNumber]]) -> None:
    """The first success of a refund ends it; any other is money that went once more."""
    first: dict[int, tuple[ReadNotice, RefundNumber]] = {}
    twice = []
    for heard, number in words:
        if number.refund.state == Refund.State.SUCCEEDED or number.refund_id in first:
            twice.append(number)
        else:
            first[number.refund_id] = (heard, number)
    # What has not been sent yet is not sent any more.
    Refund.objects.filter(id__in=first, state=Refund.State.PENDING).update(due_at=None, anew_requested_at=None)
    move(
        Refund,
        list(first),
        to=Refund.State.SUCCEEDED,
        also_each={"number": [heard.report.number for heard, _ in first.values()]},
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


def _fail(words: Sequence[tuple[ReadNotice, RefundNumber]]) -> None:
    ids = [number.refund_id for _, number in words]
    moved = set(
        move(
            Refund,
            ids,
            to=Refund.State.FAILED,
            why=[Why(WHY[RefundNumber.Standing(number.standing)], number.detail) for _, number in words],
        )
    )
    open_cases([_failed(number) for _, number in words if number.refund_id in moved])


def _failed(number: RefundNumber) -> NewCase:
    is_closed = number.standing == RefundNumber.Standing.CLOSED
    kind = PaymentCase.REFUND_CLOSED if is_closed else PaymentCase.REFUND_FAILED
    return NewCase(kind=kind, subject_kind="refund", subject_id=number.refund_id, facts={"said": number.detail})


def _strange(heard: ReadNotice) -> NewCase:
    facts = {"reference": heard.report.reference, "amount_minor": heard.report.amount_minor}
    return NewCase(kind=PaymentCase.REFUND_STRANGE, subject_kind="notice", subject_id=heard.notice_id, facts=facts)
