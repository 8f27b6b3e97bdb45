"""Refunds made in the provider's own pages, past us: each is recorded as a succeeded refund.

A notice gives the amount, or two people who read it in the provider's pages. It is posted against what we owe payers if
the payment counts for its order or is being refunded, else against suspense.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Sum

from xuliu.common import clock, stops
from xuliu.common.codes import new_code
from xuliu.common.deciding import PEOPLE_NEEDED, CannotDecide, NotDecided, check_reason, deciding_person
from xuliu.common.state import move
from xuliu.ledger import addresses
from xuliu.ledger.operations import Entry, post
from xuliu.party.permission import needs
from xuliu.party.rights import Right
from xuliu.payment.cases import PaymentCase
from xuliu.payment.contract import Status
from xuliu.payment.inbox import ReadNotice
from xuliu.payment.models import OutsideEntry, Payment, Refund
from xuliu.payment.operations import NewRefund, request_refunds
from xuliu.payment.reasons import RefundMove, RefundReason
from xuliu.ticket.operations import NewCase, open_cases
from xuliu.ticket.queries import open_cases_of


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideRefund:
    """One refund made outside. It is recorded once by the provider's own `number`."""

    payment: Payment
    number: str
    reference: str
    amount_minor: int
    detail: str = ""


def record_reported(notices: Sequence[ReadNotice]) -> dict[int, int]:
    """Record outside refunds of our payments from notices; returns the orders by notice."""
    paid = [one for one in notices if one.report.status is Status.SUCCEEDED and one.report.amount_minor]
    if not paid:
        return {}
    locked = Payment.objects.select_for_update(no_key=True).order_by("id")
    references = [one.report.payment_reference for one in paid]
    payments = {payment.reference: payment for payment in locked.filter(reference__in=references)}
    fitting = [(one, payments[one.report.payment_reference]) for one in paid if _fits(one, payments)]
    record(
        [
            OutsideRefund(
                payment=payment,
                number=one.report.number or one.report.reference,
                reference=one.report.reference,
                amount_minor=one.report.amount_minor or 0,
                detail=one.report.detail,
            )
            for one, payment in fitting
        ]
    )
    return {one.notice_id: payment.order_id for one, payment in fitting}


def _fits(notice: ReadNotice, payments: dict[str, Payment]) -> bool:
    payment = payments.get(notice.report.payment_reference)
    return payment is not None and (payment.account_id, payment.currency) == (notice.account_id, notice.report.currency)


def record(refunds: Sequence[OutsideRefund]) -> list[int]:
    """Record new ones, with their postings and a case each; returns the refunds' ids."""
    by_number = {(one.payment.pk, one.number[:64]): one for one in refunds}
    made = _insert(list(by_number.values()))
    new = [(refund_id, by_number[payment_id, number]) for payment_id, number, refund_id in made]
    move(Refund, [refund_id for refund_id, _ in new], to=Refund.State.SUCCEEDED, why=RefundMove.MADE_OUTSIDE)
    owed = _owed({one.payment.pk for _, one in new})
    post([_entry(refund_id, one, is_owed=one.payment.pk in owed) for refund_id, one in new], at=clock.now())
    open_cases([_case(one) for _, one in new])
    return [refund_id for refund_id, _ in new]


def _insert(refunds: Sequence[OutsideRefund]) -> list[tuple[int, str, int]]:
    at = clock.now()
    sql = """
        WITH given AS (
            SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[])
                AS u(code, payment_id, amount_minor, currency, number, reference, detail)),
        made AS (
            INSERT INTO payment_refund (reference, payment_id, amount_minor, currency, why, why_number, number, detail,
                is_outside, state, state_at, requested_at)
            SELECT code, payment_id, amount_minor, currency, %s, number, number, detail, true, 'PENDING', %s, %s
            FROM given
            ON CONFLICT (payment_id, why, why_number) DO NOTHING RETURNING id, payment_id, why_number),
        numbered AS (
            INSERT INTO payment_refundnumber (refund_id, reference, asked_at, status, said_at, number, detail)
            SELECT made.id, given.reference, %s, 'succeeded', %s, given.number, given.detail
            FROM made JOIN given ON (given.payment_id, given.number) = (made.payment_id, made.why_number))
        SELECT payment_id, why_number, id FROM made ORDER BY id"""
    columns: tuple[list[object], ...] = (
        [new_code() for _ in refunds],
        [one.payment.pk for one in refunds],
        [one.amount_minor for one in refunds],
        [one.payment.currency for one in refunds],
        [one.number[:64] for one in refunds],
        [one.reference[:64] for one in refunds],
        [one.detail[:200] for one in refunds],
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, (*columns, RefundReason.OUTSIDE, at, at, at, at))
        return [tuple(row) for row in cursor.fetchall()]


def _owed(payment_ids: set[int]) -> set[int]:
    """The payments whose money is held for their order or owed back: not in suspense."""
    applied = Payment.objects.filter(id__in=payment_ids, is_applied=True).values_list("id", flat=True)
    returned = Refund.objects.filter(payment_id__in=payment_ids, is_outside=False)
    return set(applied) | set(returned.values_list("payment_id", flat=True))


def _entry(refund_id: int, one: OutsideRefund, *, is_owed: bool) -> Entry:
    account_id = one.payment.account_id
    return Entry(
        reference=f"refund:{refund_id}:paid",
        source=addresses.refund_payable(account_id) if is_owed else addresses.SUSPENSE,
        destination=addresses.provider_receivable(account_id),
        amount_minor=one.amount_minor,
        currency=one.payment.currency,
        order_id=one.payment.order_id,
    )


def _case(one: OutsideRefund) -> NewCase:
    facts = {"amount_minor": one.amount_minor, "provider_number": one.number}
    return NewCase(kind=PaymentCase.REFUNDED_OUTSIDE, subject_kind="payment", subject_id=one.payment.pk, facts=facts)


def rest_minor(payment: Payment) -> int:
    """The part of a payment in suspense that is not refunded yet; 0 if its money is not there, or unknown."""
    outside = Refund.objects.filter(payment_id=payment.pk, is_outside=True).aggregate(minor=Sum("amount_minor"))
    is_in_suspense = payment.state == Payment.State.SUCCEEDED and payment.pk not in _owed({payment.pk})
    return payment.amount_minor - outside["minor"] if is_in_suspense and outside["minor"] else 0


def is_in_question(payment: Payment) -> bool:
    """Whether some of it was, or may have been, refunded outside."""
    return open_cases_of("payment", [payment.pk]).filter(kind=PaymentCase.REFUNDED_OUTSIDE).exists()


@needs(Right.REFUND)
def enter(*, payment_id: int, number: str, amount_minor: int, why: str) -> bool:
    """One person's entry of an outside refund, by the provider's number; it is recorded once two people have entered
    the same. Returns whether they have. Raises CannotDecide."""
    person_id = deciding_person()
    check_reason(why)
    with stops.transaction("decide.enter_outside"):
        payment = Payment.objects.select_for_update(no_key=True).get(id=payment_id)
        if not number.strip() or not 0 < amount_minor <= payment.amount_minor:
            raise CannotDecide(NotDecided.NO_AMOUNT)
        if not is_in_question(payment):
            raise CannotDecide(NotDecided.NOT_STUCK)
        entered: dict[str, Any] = {"amount_minor": amount_minor, "why": why, "at": clock.now()}
        named: dict[str, Any] = {"payment_id": payment.pk, "number": number.strip()[:64]}
        OutsideEntry.objects.update_or_create(**named, person_id=person_id, defaults=entered)
        if OutsideEntry.objects.filter(**named, amount_minor=amount_minor).count() < PEOPLE_NEEDED:
            return False
        told: dict[str, str] = {"number": named["number"], "reference": f"outside:{payment.pk}:{number.strip()}"[:64]}
        record([OutsideRefund(payment=payment, amount_minor=amount_minor, detail=why[:200], **told)])
        return True


@needs(Right.REFUND)
def give_back_rest(*, payment_id: int, why: str) -> bool:
    """Refund what is left in suspense of a payment that was partly refunded outside. Raises CannotDecide."""
    deciding_person()
    check_reason(why)
    with stops.transaction("decide.give_back_rest"):
        payment = Payment.objects.select_for_update(no_key=True).get(id=payment_id)
        rest = rest_minor(payment)
        if rest <= 0:
            raise CannotDecide(NotDecided.NO_AMOUNT)
        order = NewRefund(payment_id=payment.pk, amount_minor=rest, currency=payment.currency, why=RefundReason.REST)
        post([_to_refund(payment, rest)], at=clock.now())
        return bool(request_refunds([order]))


def _to_refund(payment: Payment, rest: int) -> Entry:
    return Entry(
        reference=f"payment:{payment.pk}:rest",
        source=addresses.SUSPENSE,
        destination=addresses.refund_payable(payment.account_id),
        amount_minor=rest,
        currency=payment.currency,
        order_id=payment.order_id,
    )
