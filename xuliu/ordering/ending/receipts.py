"""Receipts: numbered without gaps, one seller at a time, under that seller's lock."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import connection

from xuliu.common import clock, stops
from xuliu.common.chunks import CHUNK, apply_halving
from xuliu.common.codes import new_code
from xuliu.ordering.set_aside import NOT_SET_ASIDE, set_order_aside
from xuliu.party.models import Seller


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
    """Write all these receipts or, to keep the numbers without gaps, none."""
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
