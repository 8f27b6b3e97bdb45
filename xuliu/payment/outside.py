"""What was given back past us, in the provider's own pages: recorded as a refund that has succeeded.

How much it was, a notice tells, or two people who read it in the provider's pages. It comes out of what we owe back to
payers where the payment counts for its order or is given back already, else out of suspense.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from xuliu.common import clock
from xuliu.common.codes import new_code
from xuliu.common.state import move
from xuliu.ledger import addresses
from xuliu.ledger.operations import Entry, post
from xuliu.payment.contract import Standing
from xuliu.payment.inbox import Heard
from xuliu.payment.models import Payment, Refund
from xuliu.ticket.operations import Opening, open_cases

CASE = "payment_refunded_outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """One refund that is not ours. `number` is the provider's own, by which it is recorded once."""

    payment: Payment
    number: str
    reference: str
    amount_minor: int
    detail: str = ""


def record_told(heard: Sequence[Heard]) -> dict[int, int]:
    """Record those that are of a payment of ours, told by notices; returns the orders by notice."""
    paid = [one for one in heard if one.truth.standing is Standing.SUCCEEDED and one.truth.amount_minor]
    if not paid:
        return {}
    locked = Payment.objects.select_for_update(no_key=True).order_by("id")
    references = [one.truth.payment_reference for one in paid]
    payments = {payment.reference: payment for payment in locked.filter(reference__in=references)}
    fitting = [(one, payments[one.truth.payment_reference]) for one in paid if _fits(one, payments)]
    record(
        [
            Outside(
                payment=payment,
                number=one.truth.number or one.truth.reference,
                reference=one.truth.reference,
                amount_minor=one.truth.amount_minor or 0,
                detail=one.truth.detail,
            )
            for one, payment in fitting
        ]
    )
    return {one.notice_id: payment.order_id for one, payment in fitting}


def _fits(heard: Heard, payments: dict[str, Payment]) -> bool:
    payment = payments.get(heard.truth.payment_reference)
    return payment is not None and (payment.account_id, payment.currency) == (heard.account_id, heard.truth.currency)


def record(told: Sequence[Outside]) -> list[int]:
    """Write down those that are new, with their postings and a case each; returns the refunds' ids."""
    by_why = {(one.payment.pk, _why(one)): one for one in told}
    made = _insert(list(by_why.values()))
    new = [(refund_id, by_why[payment_id, why]) for payment_id, why, refund_id in made]
    move(Refund, [refund_id for refund_id, _ in new], to=Refund.State.SUCCEEDED, why="made past us")
    owed = _owed({one.payment.pk for _, one in new})
    post([_entry(refund_id, one, is_owed=one.payment.pk in owed) for refund_id, one in new], at=clock.now())
    open_cases([_case(one) for _, one in new])
    return [refund_id for refund_id, _ in new]


def _why(one: Outside) -> str:
    return f"outside:{one.number}"[:80]


def _insert(told: Sequence[Outside]) -> list[tuple[int, str, int]]:
    at = clock.now()
    sql = """
        WITH given AS (
            SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[],
                %s::text[]) AS u(code, payment_id, amount_minor, currency, why, number, reference, detail)),
        made AS (
            INSERT INTO payment_refund (reference, payment_id, amount_minor, currency, why, number, detail, is_outside,
                state, state_at, wanted_at)
            SELECT code, payment_id, amount_minor, currency, why, number, detail, true, 'PENDING', %s, %s FROM given
            ON CONFLICT (payment_id, why) DO NOTHING RETURNING id, payment_id, why),
        numbered AS (
            INSERT INTO payment_refundnumber (refund_id, reference, asked_at, standing, said_at, number, detail)
            SELECT made.id, given.reference, %s, 'succeeded', %s, given.number, given.detail
            FROM made JOIN given USING (payment_id, why))
        SELECT payment_id, why, id FROM made ORDER BY id"""
    columns: tuple[list[object], ...] = (
        [new_code() for _ in told],
        [one.payment.pk for one in told],
        [one.amount_minor for one in told],
        [one.payment.currency for one in told],
        [_why(one) for one in told],
        [one.number[:64] for one in told],
        [one.reference[:64] for one in told],
        [one.detail[:200] for one in told],
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, (*columns, at, at, at, at))
        return [tuple(row) for row in cursor.fetchall()]


def _owed(payment_ids: set[int]) -> set[int]:
    """The payments whose money is held for their order or owed back: not in suspense."""
    applied = Payment.objects.filter(id__in=payment_ids, is_applied=True).values_list("id", flat=True)
    returned = Refund.objects.filter(payment_id__in=payment_ids, is_outside=False)
    return set(applied) | set(returned.values_list("payment_id", flat=True))


def _entry(refund_id: int, one: Outside, *, is_owed: bool) -> Entry:
    account_id = one.payment.account_id
    return Entry(
        reference=f"refund:{refund_id}:paid",
        source=addresses.refund_payable(account_id) if is_owed else addresses.SUSPENSE,
        destination=addresses.provider_receivable(account_id),
        amount_minor=one.amount_minor,
        currency=one.payment.currency,
        order_id=one.payment.order_id,
    )


def _case(one: Outside) -> Opening:
    facts = {"amount_minor": one.amount_minor, "provider_number": one.number}
    return Opening(kind=CASE, subject_kind="payment", subject_id=one.payment.pk, facts=facts)
