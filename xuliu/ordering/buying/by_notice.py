"""Pay: what providers say about payments, applied as a set.

Stored notices of payments are compared with what we asked for — amount, currency, merchant, order, the provider's
time of payment — and each gets one verdict: applied, given back, or put into suspense with a case. Order → PAID, lines
→ READY and the postings are one transaction. Never is money sent away unseen, never is it counted twice.
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection

from xuliu.common import arrays, clock, stops, wake
from xuliu.common.chunks import CHUNK, apply_halving
from xuliu.common.state import move
from xuliu.common.trail import log_rows
from xuliu.ledger import addresses
from xuliu.ledger.operations import Entry, post
from xuliu.ordering.delivering.ready import release_lines
from xuliu.ordering.models import Order, OrderLine
from xuliu.payment import outside
from xuliu.payment.contract import Status, Subject
from xuliu.payment.hearing import apply_refunds
from xuliu.payment.inbox import ReadNotice, locked_notices, set_notice_aside, waiting_notices
from xuliu.payment.models import Notice, Payment
from xuliu.payment.operations import NewRefund, close_confirmed, doubt, request_refunds
from xuliu.payment.payment_steps import PAID
from xuliu.ticket.operations import NewCase, open_cases

log = logging.getLogger(__name__)

GRACE = timedelta(minutes=2)

APPLY = "applied"
REPEAT = "repeat"
PAID_TWICE = "paid_twice"
PAID_LATE = "paid_late"
GIVEN_BACK = (PAID_TWICE, PAID_LATE)
# A provider is paid once for one payment, and one number of its own is one payment: what is announced otherwise is
# looked at by a person, and no money is counted for it.
ANNOUNCED_AGAIN = "payment_announced_again"
# Said by a notice alone, and other than we asked for: the provider is asked, and its answer is judged.
DOUBTED = "payment_doubted"
UNCOUNTED = (ANNOUNCED_AGAIN, DOUBTED)
REFUNDED = outside.CASE


# Tuples of what is looked at: making the rows of thousands took half of the time.
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


class LockedOrder(NamedTuple):
    """An order whose row is locked."""

    id: int
    state: str
    valid_until: datetime
    is_waited_for: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one payment that a provider says succeeded. Other codes than the above go to suspense."""

    code: str
    heard: ReadNotice
    payment: LockedPayment | None

    @property
    def fields(self) -> dict[str, object]:
        """What names it in a log."""
        return {"order": self.payment.order_id, "payment": self.payment.id} if self.payment else {}


def apply_notices(limit: int = CHUNK) -> int:
    """Apply stored notices, oldest first; returns how many were looked at. A poisonous one is set aside with a case."""
    ids = waiting_notices(limit)
    apply_halving(ids, _apply, set_aside=set_notice_aside)
    return len(ids)


def _apply(ids: Sequence[int]) -> None:
    with stops.transaction("pay.apply"):
        notices = locked_notices(ids)
        payments = [heard for heard in notices if heard.report.subject is Subject.PAYMENT]
        # Orders are locked before their payments, as cancelling and expiring do.
        about = [heard.report.payment_reference or heard.report.reference for heard in notices]
        orders = _locked_orders(arrays.texts(about)) if notices else {}
        # Refunds first: what was given back past us is not delivered.
        refunds = apply_refunds([heard for heard in notices if heard.report.subject is Subject.REFUND])
        strange = refunds.strange | _apply_payments([h for h in payments if h.report.standing in PAID], orders)
        _end_payments([h for h in payments if h.report.standing in (Status.CLOSED, Status.FAILED)])
        _hold_back(refunds.outside)
        every = {heard.notice_id for heard in notices}
        move(Notice, sorted(every - strange), to=Notice.State.APPLIED)
        move(Notice, sorted(strange), to=Notice.State.SET_ASIDE, why="does not match; see its case")


def _apply_payments(heard: Sequence[ReadNotice], orders: Mapping[int, LockedOrder]) -> set[int]:
    """Judge and settle; returns the notices that a person must look at."""
    if not heard:
        return set()
    references = arrays.texts([one.report.reference for one in heard])
    payments = _locked_payments(references, arrays.texts([one.report.number for one in heard if one.report.number]))
    verdicts = judge(heard, payments, orders, _orders_paid(orders))
    _succeed(verdicts)
    _take_in([v for v in verdicts if v.code == APPLY], orders)
    _give_back([v for v in verdicts if v.code in GIVEN_BACK])
    for code in {verdict.code for verdict in verdicts}:
        judged = [verdict for verdict in verdicts if verdict.code == code]
        log_rows(log, f"payment judged: {code}", judged, level=logging.INFO if code == APPLY else logging.WARNING)
    return _suspend([v for v in verdicts if v.code not in (APPLY, REPEAT, *GIVEN_BACK)])


def _locked_payments(references: str, numbers: str) -> dict[str, LockedPayment]:
    """Those that the notices name, and those that the provider's numbers in them are known of."""
    sql = """
        SELECT id, reference, order_id, account_id, amount_minor, currency, state, number, EXISTS (
            SELECT 1 FROM payment_refund r WHERE r.payment_id = payment_payment.id AND r.is_outside)
        FROM payment_payment WHERE reference = ANY(%s::text[]) OR (number = ANY(%s::text[]) AND number <> '')
        ORDER BY id FOR NO KEY UPDATE"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (references, numbers))
        return {payment.reference: payment for payment in map(LockedPayment._make, cursor.fetchall())}


def _locked_orders(references: str) -> dict[int, LockedOrder]:
    sql = """
        SELECT id, state, valid_until, is_waited_for FROM ordering_order
        WHERE id IN (SELECT order_id FROM payment_payment WHERE reference = ANY(%s::text[]))
        ORDER BY id FOR NO KEY UPDATE"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (references,))
        return {order.id: order for order in map(LockedOrder._make, cursor.fetchall())}


def _orders_paid(order_ids: Iterable[int]) -> set[int]:
    sql = "SELECT order_id FROM payment_payment WHERE order_id = ANY(%s::bigint[]) AND is_applied"
    with connection.cursor() as cursor:
        cursor.execute(sql, (arrays.integers(list(order_ids)),))
        return {row[0] for row in cursor.fetchall()}


def judge(
    heard: Sequence[ReadNotice],
    payments: Mapping[str, LockedPayment],
    orders: Mapping[int, LockedOrder],
    paid: set[int],
) -> list[Verdict]:
    """One verdict for each truth, in the order of the provider's times of payment: an order's first counts. Of one
    payment the later truth counts: that something of it went back stands before that it was paid."""
    verdicts: list[Verdict] = []
    succeeded = {p.id: p.number for p in payments.values() if p.state == Payment.State.SUCCEEDED}
    known = {(p.account_id, p.number): p.id for p in payments.values() if p.number}
    taken = set(paid)
    returned = {one.report.reference for one in heard if one.report.standing is Status.REFUNDED}
    returned |= {payment.reference for payment in payments.values() if payment.is_refunded_outside}
    for one in sorted(heard, key=lambda one: (_is_doubtful(one, payments), *_when_paid(one))):
        payment = payments.get(one.report.reference)
        if _is_announced_again(one, payment, known, succeeded):
            code = ANNOUNCED_AGAIN
        elif payment is None:
            code = "payment_unknown"
        elif payment.id in succeeded:
            code = REPEAT
        elif _is_doubtful(one, payments):
            code = DOUBTED
        elif payment.reference in returned:
            code = _misfit(one, payment) or REFUNDED
        else:
            code = _misfit(one, payment) or _code(one, payment, orders, taken)
        if payment and code not in UNCOUNTED:
            succeeded.setdefault(payment.id, one.report.number)
            known.setdefault((one.account_id, one.report.number), payment.id)
        if payment and code == APPLY:
            taken.add(payment.order_id)
        verdicts.append(Verdict(code, one, payment))
    return verdicts


def _is_doubtful(one: ReadNotice, payments: Mapping[str, LockedPayment]) -> bool:
    """Whether it was pushed to us and is not what we asked for: nothing moves by it before the provider was asked."""
    payment = payments.get(one.report.reference)
    return one.is_pushed and payment is not None and _misfit(one, payment) != ""


def _when_paid(heard: ReadNotice) -> tuple[datetime, bool, int]:
    return heard.report.at or heard.received_at, heard.report.standing is not Status.REFUNDED, heard.notice_id


def _is_announced_again(
    one: ReadNotice, payment: LockedPayment | None, known: Mapping[tuple[int, str], int], succeeded: Mapping[int, str]
) -> bool:
    """The provider's number is another payment's, or this payment's number is another."""
    number = one.report.number
    if not number:
        return False
    known_of = known.get((one.account_id, number))
    if payment is None:
        return known_of is not None
    return known_of not in (None, payment.id) or succeeded.get(payment.id, "") not in ("", number)


def _code(one: ReadNotice, payment: LockedPayment, orders: Mapping[int, LockedOrder], paid: set[int]) -> str:
    order = orders.get(payment.order_id)
    if order is None:
        return "payment_of_no_order"
    if order.id in paid:
        return PAID_TWICE
    paid_at = one.report.at or one.received_at
    is_in_time = order.state == Order.State.AWAITING_PAYMENT and paid_at <= order.valid_until + GRACE
    return APPLY if is_in_time else PAID_LATE


def _misfit(one: ReadNotice, payment: LockedPayment) -> str:
    """What was paid otherwise than asked for; "" where nothing was."""
    if payment.account_id != one.account_id or one.report.merchant_number not in ("", one.merchant_number):
        return "payment_to_another_merchant"
    if one.report.currency != payment.currency:
        return "payment_in_another_currency"
    return "payment_of_another_amount" if one.report.amount_minor != payment.amount_minor else ""


def _succeed(verdicts: Sequence[Verdict]) -> None:
    counted = [v for v in verdicts if v.payment and v.code not in UNCOUNTED]
    first = {v.payment.id: v for v in reversed(counted) if v.payment}  # of several truths the earliest counts
    paid = [(payment_id, v.heard, v.code) for payment_id, v in first.items()]
    move(
        Payment,
        [payment_id for payment_id, _, _ in paid],
        to=Payment.State.SUCCEEDED,
        why=[code for _, _, code in paid],
        also={"lease_until": None, "doubted_at": None},
        also_each={
            "number": [heard.report.number for _, heard, _ in paid],
            "paid_at": [heard.report.at or heard.received_at for _, heard, _ in paid],
            "is_applied": [code == APPLY for _, _, code in paid],
        },
    )


def _take_in(verdicts: Sequence[Verdict], orders: Mapping[int, LockedOrder]) -> None:
    paid = [(v.payment, v.heard.report.at or v.heard.received_at) for v in verdicts if v.payment]
    if not paid:
        return
    ids = [payment.order_id for payment, _ in paid]
    move(Order, ids, to=Order.State.PAID, also_each={"paid_at": [at for _, at in paid]})
    post([_received(payment) for payment, _ in paid], at=clock.now())
    release_lines([orders[order_id] for order_id in ids])


def _received(payment: LockedPayment) -> Entry:
    return Entry(
        reference=f"payment:{payment.id}:received",
        source=addresses.provider_receivable(payment.account_id),
        destination=addresses.held(payment.order_id),
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        order_id=payment.order_id,
    )


def _give_back(verdicts: Sequence[Verdict]) -> None:
    """Whole and by itself, once for each of the provider's transactions."""
    back = [(v.payment, f"{v.code}:{v.heard.report.number}"[:80]) for v in verdicts if v.payment]
    wanted = [NewRefund(payment_id=p.id, amount_minor=p.amount_minor, currency=p.currency, why=why) for p, why in back]
    request_refunds(wanted)
    entries = [
        _received(payment)._replace(
            reference=f"payment:{payment.id}:{why}",
            destination=addresses.refund_payable(payment.account_id),
        )
        for payment, why in back
    ]
    post(entries, at=clock.now())


def _suspend(verdicts: Sequence[Verdict]) -> set[int]:
    entries = [_suspended(v) for v in verdicts if v.heard.report.amount_minor and v.code not in UNCOUNTED]
    post(entries, at=clock.now())
    doubt([v.payment.id for v in verdicts if v.payment and v.code == DOUBTED])
    open_cases([_case(verdict) for verdict in verdicts])
    return {verdict.heard.notice_id for verdict in verdicts}


def _suspended(verdict: Verdict) -> Entry:
    """Named by the provider's own number, so that a second notice of the same money is not a second posting."""
    heard, payment = verdict.heard, verdict.payment
    return Entry(
        reference=f"suspense:{heard.account_id}:{heard.report.number or heard.report.reference}",
        source=addresses.provider_receivable(heard.account_id),
        destination=addresses.SUSPENSE,
        amount_minor=heard.report.amount_minor or 0,
        currency=heard.report.currency,
        order_id=payment.order_id if payment else None,
    )


def _case(verdict: Verdict) -> NewCase:
    report, payment = verdict.heard.report, verdict.payment
    subject = ("payment", payment.id) if payment else ("notice", verdict.heard.notice_id)
    facts = {
        "said": {"reference": report.reference, "amount_minor": report.amount_minor, "currency": report.currency},
        "expected": {"amount_minor": payment.amount_minor, "currency": payment.currency} if payment else None,
        "provider_number": report.number,
    }
    return NewCase(kind=verdict.code, subject_kind=subject[0], subject_id=subject[1], facts=facts)


def _end_payments(heard: Sequence[ReadNotice]) -> None:
    if not heard:
        return
    references = [one.report.reference for one in heard]
    ids = Payment.objects.filter(reference__in=references, state__in=Payment.LIVE).values_list("id", flat=True)
    close_confirmed(payment_ids=sorted(ids), why="the provider says so")
    wake.after_commit("order.expire")


def _hold_back(order_ids: Collection[int]) -> None:
    """Of these orders something was given back past us: what has not left for a carrier waits for a person."""
    waiting = (OrderLine.State.WAITING, OrderLine.State.READY)
    lines = OrderLine.objects.filter(order_id__in=order_ids, order__state=Order.State.PAID, state__in=waiting)
    if order_ids:
        lines.update(is_set_aside=True)


def pay_nothing(*, order_id: int) -> None:
    """An order whose price is 0 is paid by placing it."""
    at = clock.now()
    if move(Order, [order_id], to=Order.State.PAID, why="nothing to pay", also={"paid_at": at}):
        release_lines(list(Order.objects.filter(id=order_id)))


FAILED_BEFORE = """
    SELECT l.order_id FROM ticket_failure f JOIN ordering_orderline l ON l.id = f.subject_id
    WHERE f.subject_kind = 'orderline' AND l.state = 'WAITING' AND NOT l.is_set_aside"""


def release_rest(limit: int = CHUNK) -> int:
    """Release what a large order's payment left WAITING, and lines that could not be released at first: a transaction
    releases one chunk, not 100,000 lines."""
    with stops.transaction("pay.release_rest"), connection.cursor() as cursor:
        waits = (
            "SELECT 1 FROM ordering_orderline l WHERE l.order_id = o.id AND l.state = 'WAITING' AND NOT l.is_set_aside"
        )
        sql = f"""
            SELECT id FROM ordering_order o
            WHERE state = 'PAID' AND (line_count > %s OR id IN ({FAILED_BEFORE})) AND EXISTS ({waits})
            ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED"""
        cursor.execute(sql, (limit,))
        ids = [row[0] for row in cursor.fetchall()]
        return release_lines(list(Order.objects.filter(id__in=ids)))


def drop_unpaid(order_ids: Sequence[int]) -> None:
    """The lines of orders that will never be paid."""
    ids = OrderLine.objects.filter(order_id__in=order_ids, state=OrderLine.State.WAITING).order_by("id")
    move(OrderLine, list(ids.values_list("id", flat=True)), to=OrderLine.State.DROPPED)
