"""Settle: orders without an open line end, what is owed back becomes one refund, and a receipt is asked for.

It looks for what stands, not for what was told: whoever finishes the last line, the order is found.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Max, Sum

from xuliu.common import clock, stops, wake
from xuliu.common.chunks import CHUNK, apply_halving
from xuliu.common.codes import new_code
from xuliu.common.state import move
from xuliu.ordering.delivering.underway import NOT_SET_ASIDE, set_order_aside
from xuliu.ordering.models import Order, OrderLine
from xuliu.party.models import Seller
from xuliu.payment.models import Payment, Refund
from xuliu.payment.operations import NewRefund, request_refunds

ENDED = "NOT EXISTS (SELECT 1 FROM ordering_orderline l WHERE l.order_id = o.id AND l.state = ANY(%(open)s))"


class _Count(NamedTuple):
    order_id: int
    lines: int
    completed: int
    owed_minor: int


def settle(limit: int = CHUNK) -> int:
    """Settle paid orders that have no open line; returns how many. A poisonous one is set aside with a case."""
    settled: list[int] = []
    apply_halving(
        _ended(limit),
        lambda part: settled.extend(_settle(part)),
        set_aside=lambda order_id, error: set_order_aside(order_id, "settle", error),
    )
    return len(settled)


def _ended(limit: int) -> list[int]:
    sql = f"""
        SELECT id FROM ordering_order o WHERE state = 'PAID' AND {ENDED} AND {NOT_SET_ASIDE}
        ORDER BY id LIMIT %(limit)s"""
    with connection.cursor() as cursor:
        cursor.execute(sql, {"open": list(OrderLine.OPEN), "limit": limit})
        return [row[0] for row in cursor.fetchall()]


def _settle(candidates: Sequence[int]) -> list[int]:
    with stops.transaction("settle.write"):
        ids = _locked_ended(candidates)
        counts = _counts(ids)
        for state in (Order.State.COMPLETED, Order.State.PARTIAL, Order.State.FAILED):
            move(Order, [count.order_id for count in counts if _end(count) == state], to=state)
        _owe([count for count in counts if count.owed_minor])
        if ids:
            wake.after_commit("receipts")
    return ids


def _locked_ended(candidates: Sequence[int]) -> list[int]:
    """Lock the order rows, then look again under the lock: a line may have been reopened in between."""
    with connection.cursor() as cursor:
        lock = "SELECT id FROM ordering_order WHERE state = 'PAID' AND id = ANY(%s) ORDER BY id"
        cursor.execute(f"{lock} FOR NO KEY UPDATE SKIP LOCKED", (list(candidates),))
        ids = [row[0] for row in cursor.fetchall()]
        again = f"SELECT id FROM ordering_order o WHERE id = ANY(%(ids)s) AND {ENDED} ORDER BY id"
        cursor.execute(again, {"open": list(OrderLine.OPEN), "ids": ids})
        return [row[0] for row in cursor.fetchall()]


def _counts(order_ids: Sequence[int]) -> list[_Count]:
    sql = """
        SELECT order_id, count(*), count(*) FILTER (WHERE state = 'COMPLETED'),
            COALESCE(sum(price_minor) FILTER (WHERE state = 'REJECTED' AND refund_id IS NULL), 0)::bigint
        FROM ordering_orderline WHERE order_id = ANY(%s) GROUP BY order_id ORDER BY order_id"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (list(order_ids),))
        return [_Count(*row) for row in cursor.fetchall()]


def _end(count: _Count) -> str:
    if count.completed == count.lines:
        return Order.State.COMPLETED
    return Order.State.PARTIAL if count.completed else Order.State.FAILED


def _owe(counts: Sequence[_Count]) -> None:
    """One refund an order for all its refused lines, to the payment that was applied; less what was given back past
    us, which counts for those lines where it is all of it."""
    payments = {
        p.order_id: p for p in Payment.objects.filter(order_id__in=[c.order_id for c in counts], is_applied=True)
    }
    returned = _given_back_past_us([payment.pk for payment in payments.values()])
    wanted, refunds = [], {}
    for count in counts:
        payment = payments[count.order_id]
        outside_id, outside_minor = returned.get(payment.pk, (None, 0))
        if count.owed_minor > outside_minor:
            owed = count.owed_minor - outside_minor
            why = "not_provisioned"
            wanted.append(NewRefund(payment_id=payment.pk, amount_minor=owed, currency=payment.currency, why=why))
        else:
            refunds[count.order_id] = outside_id
    made = request_refunds(wanted)
    # One that was wanted and not made contradicts a refund that stands: it raises, and a person looks.
    refunds |= {order: made[payment.pk] for order, payment in payments.items() if order not in refunds}
    sql = """
        UPDATE ordering_orderline l SET refund_id = u.refund_id, refunded_minor = l.price_minor
        FROM unnest(%s::bigint[], %s::bigint[]) AS u(order_id, refund_id)
        WHERE l.order_id = u.order_id AND l.state = 'REJECTED' AND l.refund_id IS NULL"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (list(refunds), list(refunds.values())))


def _given_back_past_us(payment_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """By payment: the last such refund, and the sum of them."""
    outside = Refund.objects.filter(payment_id__in=payment_ids, is_outside=True).values("payment_id")
    sums = outside.annotate(last=Max("id"), minor=Sum("amount_minor"))
    return {row["payment_id"]: (row["last"], row["minor"]) for row in sums}


def issue_receipts(limit: int = CHUNK) -> int:
    """Number receipts, gapless per seller, under the seller's lock; returns how many were issued."""
    issued: list[int] = []
    for seller_id in Seller.objects.order_by("id").values_list("id", flat=True):
        apply_halving(
            _wanting(seller_id, limit),
            partial(_issue, seller_id, issued),
            set_aside=lambda order_id, error: set_order_aside(order_id, "receipts", error),
        )
    return len(issued)


def _wanting(seller_id: int, limit: int, only: Sequence[int] | None = None) -> list[int]:
    sql = f"""
        SELECT id FROM ordering_order o
        WHERE seller_id = %(seller)s AND state IN ('COMPLETED', 'PARTIAL') AND NOT is_receipted AND {NOT_SET_ASIDE}
          AND (%(only)s::bigint[] IS NULL OR id = ANY(%(only)s)) ORDER BY id LIMIT %(limit)s"""
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"seller": seller_id, "only": only and list(only), "limit": limit}
        cursor.execute(sql, values)
        return [row[0] for row in cursor.fetchall()]


def _issue(seller_id: int, issued: list[int], candidates: Sequence[int]) -> None:
    with stops.transaction("receipts.issue"):
        seller = Seller.objects.select_for_update(no_key=True).get(id=seller_id)
        ids = _wanting(seller_id, len(candidates), candidates)
        if ids:
            _write(seller, ids)
    issued += ids


def _write(seller: Seller, ids: Sequence[int]) -> None:
    """Every order gets its receipt or, for the sake of the numbers, none does."""
    sql = """
        WITH delivered AS (
            SELECT order_id, sum(price_minor)::bigint AS amount, sum(tax_minor)::bigint AS tax
            FROM ordering_orderline WHERE order_id = ANY(%(ids)s) AND state = 'COMPLETED' GROUP BY order_id),
        numbered AS (
            SELECT o.id, o.currency, %(last)s + row_number() OVER (ORDER BY o.id) AS number, u.code, u.check_code
            FROM unnest(%(ids)s::bigint[], %(codes)s::text[], %(checks)s::text[]) AS u(id, code, check_code)
            JOIN ordering_order o USING (id)),
        marked AS (UPDATE ordering_order o SET is_receipted = true FROM numbered n WHERE o.id = n.id),
        counted AS (UPDATE party_seller SET last_receipt_number = %(last)s + %(count)s WHERE id = %(seller)s)
        INSERT INTO ordering_receipt (order_id, seller_id, number, text_number, code, check_code, issued_at,
            amount_minor, tax_minor, currency)
        SELECT n.id, %(seller)s, n.number, %(prefix)s || lpad(n.number::text, 8, '0'), n.code, n.check_code, %(at)s,
            d.amount, d.tax, n.currency FROM numbered n JOIN delivered d ON d.order_id = n.id"""
    values: dict[str, Any] = {
        "ids": list(ids),
        "codes": [new_code() for _ in ids],
        "checks": [new_code() for _ in ids],
        "last": seller.last_receipt_number,
        "count": len(ids),
        "seller": seller.id,
        "prefix": seller.receipt_prefix,
        "at": clock.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        if cursor.rowcount != len(ids):
            raise RuntimeError("an order that wants a receipt has no delivered line")
