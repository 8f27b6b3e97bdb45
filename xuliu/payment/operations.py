"""Writes to payments, refunds and the inbox that call no provider. The steps that do are `payment_steps`,
`refund_steps`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from xuliu.common import clock, wake
from xuliu.common.codes import new_code
from xuliu.common.reasons import Whys
from xuliu.common.state import move
from xuliu.payment.contract import StatusReport, VerifiedNotice
from xuliu.payment.models import Payment
from xuliu.payment.reasons import RefundReason


def open_payment(
    *,
    order_id: int,
    account_id: int,
    way: str,
    payer_id: str,
    amount_minor: int,
    currency: str,
    description: str,
    expires_at: datetime,
) -> int:
    """The order's live payment by this way and payer, created if there is none. A step opens it at the provider.

    Called twice at once, both callers get the same payment: the database allows only one.
    """
    at = clock.now()
    sql = """
        INSERT INTO payment_payment (reference, order_id, account_id, way, payer_id, description, amount_minor,
            currency, state, state_at, opened_at, expires_at, due_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'OPENING', %s, %s, %s, %s)
        ON CONFLICT (order_id, way, payer_id) WHERE state IN ('OPENING', 'PENDING')
        DO UPDATE SET order_id = excluded.order_id RETURNING id"""
    row = (new_code(), order_id, account_id, way, payer_id, description, amount_minor, currency)
    with connection.cursor() as cursor:
        cursor.execute(sql, (*row, at, at, expires_at, at))
        payment_id: int = cursor.fetchone()[0]
    wake.after_commit("payment.open")
    return payment_id


def is_live(*, order_id: int, way: str, payer_id: str) -> bool:
    """Whether the order already has a live payment by this way and payer."""
    return Payment.objects.filter(order_id=order_id, way=way, payer_id=payer_id, state__in=Payment.LIVE).exists()


def request_close(*, order_ids: Sequence[int]) -> None:
    """Have the live payments of these orders closed at the provider."""
    at = clock.now()
    Payment.objects.filter(order_id__in=order_ids, state__in=Payment.LIVE, close_requested_at__isnull=True).update(
        close_requested_at=at, due_at=at
    )
    wake.after_commit("payment.ask")


def doubt(payment_ids: Sequence[int]) -> None:
    """Have these queried at once, even if they have ended, except those known to be paid."""
    if payment_ids:
        at = clock.now()
        doubted = Payment.objects.filter(id__in=payment_ids).exclude(state=Payment.State.SUCCEEDED)
        doubted.update(doubted_at=at, due_at=at, tries=0)
        wake.after_commit("payment.ask")


def store_notice(*, account_id: int, signed: VerifiedNotice, body: bytes) -> bool:
    """Store a genuine notice raw; False for a repeat, which changes nothing. One insert, quick to plan."""
    at = clock.now()
    sql = """
        INSERT INTO payment_notice (account_id, notice_id, subject, is_pushed, body, received_at, state, state_at)
        VALUES (%s, %s, %s, true, %s, %s, 'STORED', %s) ON CONFLICT (account_id, notice_id) DO NOTHING"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (account_id, signed.notice_id, str(signed.subject), body, at, at))
        is_new: bool = cursor.rowcount == 1
    wake.after_commit("pay.apply")
    return is_new


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryNotice:
    """The result of a query: the answer's body and its report."""

    account_id: int
    report: StatusReport
    body: bytes

    @property
    def notice_id(self) -> str:
        """Once per reference and status."""
        return f"asked:{self.report.reference}:{self.report.status}"


def store_query_notices(asked: Sequence[QueryNotice]) -> None:
    """Store query results in the same inbox. One insert."""
    if not asked:
        return
    at = clock.now()
    rows = [(one.account_id, one.notice_id, str(one.report.subject), one.body) for one in asked]
    sql = """
        INSERT INTO payment_notice (account_id, notice_id, subject, is_pushed, body, received_at, state, state_at)
        SELECT a, n, s, false, b, %s, 'STORED', %s
        FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bytea[]) AS given(a, n, s, b)
        ON CONFLICT (account_id, notice_id) DO NOTHING"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (at, at, *(list(column) for column in zip(*rows, strict=True))))
    wake.after_commit("pay.apply")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRefund:
    """A refund to be made for one payment."""

    payment_id: int
    amount_minor: int
    currency: str
    why: RefundReason
    why_number: str = ""


def request_refunds(wanted: Sequence[NewRefund]) -> dict[int, int]:
    """Make refunds, once a payment, reason and number; a step sends them within the provider's limits. One insert.

    Returns the ids of the new ones, by payment.
    """
    at = clock.now()
    sql = """
        WITH made AS (
            INSERT INTO payment_refund (reference, payment_id, amount_minor, currency, why, why_number,
                state, state_at, requested_at, due_at)
            SELECT u.*, 'PENDING', %s, %s, %s
            FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[],
                %s::text[]) AS u
            ON CONFLICT (payment_id, why, why_number) DO NOTHING RETURNING payment_id, id, reference),
        numbered AS (
            INSERT INTO payment_refundnumber (refund_id, reference, asked_at) SELECT id, reference, %s FROM made)
        SELECT payment_id, id FROM made"""
    columns = (
        [new_code() for _ in wanted],
        [one.payment_id for one in wanted],
        [one.amount_minor for one in wanted],
        [one.currency for one in wanted],
        [one.why for one in wanted],
        [one.why_number[:64] for one in wanted],
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, (at, at, at, *columns, at))
        made = dict(cursor.fetchall())
    if made:
        wake.after_commit("refund.send")
    return made


def close_confirmed(*, payment_ids: Sequence[int], why: Whys) -> list[int]:
    """Close payments that the provider confirmed cannot be paid any more."""
    return move(Payment, payment_ids, to=Payment.State.CLOSED, why=why, also={"lease_until": None})
