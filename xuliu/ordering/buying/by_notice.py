"""Pay: applies providers' notices about payments as a set.

Stored notices of payments are compared with what we asked for — amount, currency, merchant, order, the provider's
time of payment — and each gets one verdict: applied, given back, or put into suspense with a case. Order → PAID, lines
→ READY and the postings are one transaction. Money is never refunded unrecorded and never counted twice.
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db import connection

from xuliu.common import arrays, clock, stops, wake
from xuliu.common.chunks import CHUNK, apply_halving
from xuliu.common.reasons import Why
from xuliu.common.state import move
from xuliu.common.trail import log_rows
from xuliu.ledger import addresses
from xuliu.ledger.operations import Entry, post
from xuliu.ordering.buying.paid import Funds, PaidOrder, pay
from xuliu.ordering.buying.verdict import (
    GIVEN_BACK,
    UNCOUNTED,
    LockedOrder,
    LockedPayment,
    Verdict,
    VerdictCase,
    VerdictCode,
    judge,
)
from xuliu.ordering.models import Order, OrderLine
from xuliu.payment.contract import Status, Subject
from xuliu.payment.inbox import ReadNotice, locked_notices, set_notice_aside, waiting_notices
from xuliu.payment.models import Notice, Payment
from xuliu.payment.operations import NewRefund, close_confirmed, doubt, request_refunds
from xuliu.payment.payment_steps import PAID, SAID
from xuliu.payment.reasons import NoticeReason
from xuliu.payment.refund_notices import apply_refunds
from xuliu.ticket.operations import NewCase, open_cases

log = logging.getLogger(__name__)


def apply_notices(limit: int = CHUNK) -> int:
    """Apply stored notices, oldest first; returns how many were found. One that cannot be applied is set aside with a
    case."""
    ids = waiting_notices(limit)
    apply_halving(ids, _apply, set_aside=set_notice_aside)
    return len(ids)


def _apply(ids: Sequence[int]) -> None:
    with stops.transaction("pay.apply"):
        notices = locked_notices(ids)
        payments = [one for one in notices if one.report.subject is Subject.PAYMENT]
        paid = [one for one in payments if one.report.status in PAID]
        about = arrays.texts([one.report.payment_reference or one.report.reference for one in notices])
        orders = _locked_orders(about) if notices else {}
        if len(paid) < len(notices):  # other payments than those to be judged: lock all before refunds and lines
            _locked_payments(about, _numbers(paid))
        # Refunds first: an order with an outside refund is not delivered.
        refunds = apply_refunds([one for one in notices if one.report.subject is Subject.REFUND])
        strange = refunds.strange | _apply_payments(paid, orders)
        _end_payments([one for one in payments if one.report.status in (Status.CLOSED, Status.FAILED)])
        _hold_back(refunds.outside)
        every = {one.notice_id for one in notices}
        move(Notice, sorted(every - strange), to=Notice.State.APPLIED)
        move(Notice, sorted(strange), to=Notice.State.SET_ASIDE, why=NoticeReason.DOES_NOT_FIT)


def _apply_payments(notices: Sequence[ReadNotice], orders: Mapping[int, LockedOrder]) -> set[int]:
    """Judge the notices and act on the verdicts; returns the notices that a person must look at."""
    if not notices:
        return set()
    payments = _locked_payments(arrays.texts([one.report.reference for one in notices]), _numbers(notices))
    verdicts = judge(notices, payments, orders, _orders_paid(orders))
    _succeed(verdicts)
    pay([_paid(v.payment, v.notice, orders) for v in verdicts if v.payment and v.code is VerdictCode.APPLIED])
    _give_back([v for v in verdicts if v.code in GIVEN_BACK])
    for code in {verdict.code for verdict in verdicts}:
        judged = [verdict for verdict in verdicts if verdict.code == code]
        log_rows(
            log,
            f"payment judged: {code}",
            judged,
            level=logging.INFO if code is VerdictCode.APPLIED else logging.WARNING,
        )
    return _suspend([v for v in verdicts if v.code not in (VerdictCode.APPLIED, VerdictCode.REPEAT, *GIVEN_BACK)])


def _numbers(notices: Sequence[ReadNotice]) -> str:
    return arrays.texts([one.report.number for one in notices if one.report.number])


def _locked_payments(references: str, numbers: str) -> dict[str, LockedPayment]:
    """The payments that the notices name, and those already known by the provider's numbers in them."""
    sql = """
        SELECT id, reference, order_id, account_id, amount_minor, currency, state, number, EXISTS (
            SELECT 1 FROM payment_refund r WHERE r.payment_id = payment_payment.id AND r.is_outside),
            doubted_at IS NOT NULL
        FROM payment_payment WHERE reference = ANY(%s::text[]) OR (number = ANY(%s::text[]) AND number <> '')
        ORDER BY id FOR NO KEY UPDATE"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (references, numbers))
        return {payment.reference: payment for payment in map(LockedPayment._make, cursor.fetchall())}


def _locked_orders(references: str) -> dict[int, LockedOrder]:
    sql = """
        SELECT id, state, valid_until, is_waited_for, total_minor, currency FROM ordering_order
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


def _succeed(verdicts: Sequence[Verdict]) -> None:
    counted = [v for v in verdicts if v.payment and v.code not in UNCOUNTED]
    first = {v.payment.id: v for v in reversed(counted) if v.payment}  # the earliest of several notices counts
    paid = [(payment_id, v.notice, v.code) for payment_id, v in first.items()]
    move(
        Payment,
        [payment_id for payment_id, _, _ in paid],
        to=Payment.State.SUCCEEDED,
        why=[Why(code) for _, _, code in paid],
        also={"lease_until": None, "doubted_at": None},
        also_each={
            "number": [notice.report.number for _, notice, _ in paid],
            "paid_at": [notice.report.at or notice.received_at for _, notice, _ in paid],
            "is_applied": [code is VerdictCode.APPLIED for _, _, code in paid],
        },
    )


def _paid(payment: LockedPayment, notice: ReadNotice, orders: Mapping[int, LockedOrder]) -> PaidOrder:
    funds = Funds(
        reference=f"payment:{payment.id}:received",
        source=addresses.provider_receivable(payment.account_id),
        amount_minor=payment.amount_minor,
        currency=payment.currency,
    )
    return PaidOrder(orders[payment.order_id], notice.report.at or notice.received_at, funds)


def _give_back(verdicts: Sequence[Verdict]) -> None:
    """Refund the whole amount automatically, once per transaction of the provider."""
    back = [(verdict, verdict.payment) for verdict in verdicts if verdict.payment]
    request_refunds(
        [
            NewRefund(
                payment_id=payment.id,
                amount_minor=payment.amount_minor,
                currency=payment.currency,
                why=GIVEN_BACK[verdict.code],
                why_number=verdict.notice.report.number,
            )
            for verdict, payment in back
        ]
    )
    post([_given_back(verdict, payment) for verdict, payment in back], at=clock.now())


def _given_back(verdict: Verdict, payment: LockedPayment) -> Entry:
    return Entry(
        reference=f"payment:{payment.id}:" + f"{verdict.code}:{verdict.notice.report.number}"[:80],
        source=addresses.provider_receivable(payment.account_id),
        destination=addresses.refund_payable(payment.account_id),
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        order_id=payment.order_id,
    )


def _suspend(verdicts: Sequence[Verdict]) -> set[int]:
    entries = [_suspended(v) for v in verdicts if v.notice.report.amount_minor and v.code not in UNCOUNTED]
    post(entries, at=clock.now())
    doubt([v.payment.id for v in verdicts if v.payment and v.code is VerdictCode.DOUBTED])
    open_cases([_case(verdict) for verdict in verdicts])
    return {verdict.notice.notice_id for verdict in verdicts}


def _suspended(verdict: Verdict) -> Entry:
    """The reference has the provider's own number, so that a second notice of the same money is no second posting."""
    notice, payment = verdict.notice, verdict.payment
    return Entry(
        reference=f"suspense:{notice.account_id}:{notice.report.number or notice.report.reference}",
        source=addresses.provider_receivable(notice.account_id),
        destination=addresses.SUSPENSE,
        amount_minor=notice.report.amount_minor or 0,
        currency=notice.report.currency,
        order_id=payment.order_id if payment else None,
    )


def _case(verdict: Verdict) -> NewCase:
    report, payment = verdict.notice.report, verdict.payment
    subject = ("payment", payment.id) if payment else ("notice", verdict.notice.notice_id)
    facts = {
        "said": {"reference": report.reference, "amount_minor": report.amount_minor, "currency": report.currency},
        "expected": {"amount_minor": payment.amount_minor, "currency": payment.currency} if payment else None,
        "provider_number": report.number,
    }
    return NewCase(kind=VerdictCase(verdict.code.value), subject_kind=subject[0], subject_id=subject[1], facts=facts)


def _end_payments(notices: Sequence[ReadNotice]) -> None:
    if not notices:
        return
    said = {one.report.reference: Why(SAID[one.report.status]) for one in notices}
    live = Payment.objects.filter(reference__in=said, state__in=Payment.LIVE).order_by("id")
    ended = dict(live.values_list("id", "reference"))
    close_confirmed(payment_ids=list(ended), why=[said[reference] for reference in ended.values()])
    wake.after_commit("order.expire")


def _hold_back(order_ids: Collection[int]) -> None:
    """These orders have an outside refund: their lines that are not with a carrier yet wait for a person."""
    waiting = (OrderLine.State.WAITING, OrderLine.State.READY)
    lines = OrderLine.objects.filter(order_id__in=order_ids, order__state=Order.State.PAID, state__in=waiting)
    if order_ids:
        ids = list(lines.select_for_update(no_key=True, of=("self",)).order_by("id").values_list("id", flat=True))
        OrderLine.objects.filter(id__in=ids).update(is_set_aside=True)
