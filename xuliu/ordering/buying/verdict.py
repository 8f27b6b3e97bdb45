"""Verdict: what becomes of a payment that a provider says succeeded. Pure: rows and notices in, codes out."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from xuliu.common.reasons import WhyCode
from xuliu.ordering.models import Order
from xuliu.payment.cases import PaymentCase
from xuliu.payment.contract import Status
from xuliu.payment.inbox import ReadNotice
from xuliu.payment.models import Payment
from xuliu.payment.reasons import RefundReason
from xuliu.ticket.kinds import CaseKind

GRACE = timedelta(minutes=2)


class VerdictCode(WhyCode):
    """What becomes of a payment that a provider says succeeded."""

    APPLIED = "applied"
    REPEAT = "repeat"
    PAID_TWICE = "paid_twice"
    PAID_LATE = "paid_late"
    # A provider is paid once for one payment, and one number of its own is one payment: what is announced otherwise is
    # looked at by a person, and no money is counted for it.
    ANNOUNCED_AGAIN = "payment_announced_again"
    # A pushed notice that differs from our request: the provider is queried, and its answer is judged.
    DOUBTED = "payment_doubted"
    UNKNOWN = "payment_unknown"
    OF_NO_ORDER = "payment_of_no_order"
    TO_ANOTHER_MERCHANT = "payment_to_another_merchant"
    IN_ANOTHER_CURRENCY = "payment_in_another_currency"
    OF_ANOTHER_AMOUNT = "payment_of_another_amount"
    REFUNDED_OUTSIDE = PaymentCase.REFUNDED_OUTSIDE.value


class VerdictCase(CaseKind):
    """Cases for verdicts that apply no money, named as the verdict."""

    ANNOUNCED_AGAIN = VerdictCode.ANNOUNCED_AGAIN.value
    DOUBTED = VerdictCode.DOUBTED.value
    UNKNOWN = VerdictCode.UNKNOWN.value
    OF_NO_ORDER = VerdictCode.OF_NO_ORDER.value
    TO_ANOTHER_MERCHANT = VerdictCode.TO_ANOTHER_MERCHANT.value
    IN_ANOTHER_CURRENCY = VerdictCode.IN_ANOTHER_CURRENCY.value
    OF_ANOTHER_AMOUNT = VerdictCode.OF_ANOTHER_AMOUNT.value
    REFUNDED_OUTSIDE = VerdictCode.REFUNDED_OUTSIDE.value


GIVEN_BACK = {VerdictCode.PAID_TWICE: RefundReason.PAID_TWICE, VerdictCode.PAID_LATE: RefundReason.PAID_LATE}
UNCOUNTED = (VerdictCode.ANNOUNCED_AGAIN, VerdictCode.DOUBTED)


# Tuples of just what is needed: making thousands of model rows took half of the time.
class LockedPayment(NamedTuple):
    """A payment as we asked for it, its row locked."""

    id: int
    reference: str
    order_id: int
    account_id: int
    amount_minor: int
    currency: str
    state: str
    number: str
    is_refunded_outside: bool
    is_doubted: bool = False


class LockedOrder(NamedTuple):
    """An order whose row is locked."""

    id: int
    state: str
    valid_until: datetime
    is_waited_for: bool
    total_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one payment that a provider says succeeded."""

    code: VerdictCode
    notice: ReadNotice
    payment: LockedPayment | None

    @property
    def fields(self) -> dict[str, object]:
        """The fields that identify it in a log."""
        return {"order": self.payment.order_id, "payment": self.payment.id} if self.payment else {}


def judge(
    notices: Sequence[ReadNotice],
    payments: Mapping[str, LockedPayment],
    orders: Mapping[int, LockedOrder],
    paid: set[int],
) -> list[Verdict]:
    """One verdict per notice, in the order of the provider's times of payment: an order's first payment counts. For one
    payment, a refund counts more than its being paid."""
    verdicts: list[Verdict] = []
    succeeded = {p.id: p.number for p in payments.values() if p.state == Payment.State.SUCCEEDED}
    known = {(p.account_id, p.number): p.id for p in payments.values() if p.number}
    taken = set(paid)
    returned = {one.report.reference for one in notices if one.report.status is Status.REFUNDED}
    returned |= {payment.reference for payment in payments.values() if payment.is_refunded_outside}
    asked = {payment.reference for payment in payments.values() if payment.is_doubted}
    asked |= {one.report.reference for one in notices if _is_odd(one, payments)}
    for one in sorted(notices, key=lambda one: (_awaits(one, asked), not _is_odd(one, payments), *_when_paid(one))):
        payment = payments.get(one.report.reference)
        if _is_announced_again(one, payment, known, succeeded):
            code = VerdictCode.ANNOUNCED_AGAIN
        elif payment is None:
            code = VerdictCode.UNKNOWN
        elif payment.id in succeeded:
            code = VerdictCode.REPEAT
        elif _awaits(one, asked):
            code = VerdictCode.DOUBTED
        elif payment.reference in returned:
            code = _misfit(one, payment) or VerdictCode.REFUNDED_OUTSIDE
        else:
            code = _misfit(one, payment) or _code(one, payment, orders, taken)
        if payment and code not in UNCOUNTED:
            succeeded.setdefault(payment.id, one.report.number)
            known.setdefault((one.account_id, one.report.number), payment.id)
        if payment and code is VerdictCode.APPLIED:
            taken.add(payment.order_id)
        verdicts.append(Verdict(code, one, payment))
    return verdicts


def _is_odd(one: ReadNotice, payments: Mapping[str, LockedPayment]) -> bool:
    """Whether it was pushed to us and is not what we asked for."""
    payment = payments.get(one.report.reference)
    return one.is_pushed and payment is not None and _misfit(one, payment) is not None


def _awaits(one: ReadNotice, asked: Container[str]) -> bool:
    """Whether the provider has to be asked first: of what was pushed to us of one payment, something is odd. What fits
    may then be no truer than what does not, whichever comes first."""
    return one.is_pushed and one.report.reference in asked


def _when_paid(notice: ReadNotice) -> tuple[datetime, bool, int]:
    return notice.report.at or notice.received_at, notice.report.status is not Status.REFUNDED, notice.notice_id


def _is_announced_again(
    one: ReadNotice, payment: LockedPayment | None, known: Mapping[tuple[int, str], int], succeeded: Mapping[int, str]
) -> bool:
    """Whether the provider's number belongs to another payment, or this payment has another number."""
    number = one.report.number
    if not number:
        return False
    known_of = known.get((one.account_id, number))
    if payment is None:
        return known_of is not None
    return known_of not in (None, payment.id) or succeeded.get(payment.id, "") not in ("", number)


def _code(one: ReadNotice, payment: LockedPayment, orders: Mapping[int, LockedOrder], paid: set[int]) -> VerdictCode:
    order = orders.get(payment.order_id)
    if order is None:
        return VerdictCode.OF_NO_ORDER
    if order.id in paid:
        return VerdictCode.PAID_TWICE
    paid_at = one.report.at or one.received_at
    is_in_time = order.state == Order.State.AWAITING_PAYMENT and paid_at <= order.valid_until + GRACE
    return VerdictCode.APPLIED if is_in_time else VerdictCode.PAID_LATE


def _misfit(one: ReadNotice, payment: LockedPayment) -> VerdictCode | None:
    """How the payment differs from our request; None if it does not."""
    if payment.account_id != one.account_id or one.report.merchant_number not in ("", one.merchant_number):
        return VerdictCode.TO_ANOTHER_MERCHANT
    if one.report.currency != payment.currency:
        return VerdictCode.IN_ANOTHER_CURRENCY
    return VerdictCode.OF_ANOTHER_AMOUNT if one.report.amount_minor != payment.amount_minor else None
