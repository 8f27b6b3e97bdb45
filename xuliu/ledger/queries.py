"""Balances and sums. A balance is what came in minus what went out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from xuliu.ledger.models import Posting


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressTotal:
    """One line of the trial balance, in minor units."""

    address: str
    currency: str
    into_minor: int
    out_of_minor: int

    @property
    def balance_minor(self) -> int:
        """The balance of the address."""
        return self.into_minor - self.out_of_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTotals:
    """Where the money of one order is. Always: paid = held + earned + refunded."""

    paid_minor: int = 0
    held_minor: int = 0
    earned_minor: int = 0  # revenue and the tax within it
    refunded_minor: int = 0  # owed to the payer or already refunded


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingSeen:
    """A posting as other packages see it."""

    reference: str
    source: str
    destination: str
    amount_minor: int
    currency: str
    at: datetime
    line_id: int | None


def balances(addresses: Sequence[str], currency: str) -> dict[str, int]:
    """The balance of each address, in minor units; 0 for one that never moved."""
    with connection.cursor() as cursor:
        cursor.execute(BALANCES, {"addresses": list(addresses), "currency": currency})
        return dict(cursor.fetchall())


def balance(address: str, currency: str) -> int:
    """The balance of one address, in minor units."""
    return balances([address], currency)[address]


def trial_balance() -> list[AddressTotal]:
    """Every address with everything that ever came in and went out; all single orders are one line.

    The balances of a currency add up to 0. Reads all postings, not the checkpoints, and so proves these.
    """
    with connection.cursor() as cursor:
        cursor.execute(TRIAL_BALANCE)
        return [
            AddressTotal(address=address, currency=currency, into_minor=into, out_of_minor=out_of)
            for address, currency, into, out_of in cursor.fetchall()
        ]


def order_totals(order_ids: Sequence[int]) -> dict[int, OrderTotals]:
    """Where the money of each order is; an order without postings has zeros."""
    with connection.cursor() as cursor:
        cursor.execute(ORDER_TOTALS, [list(order_ids)])
        found = {
            row[0]: OrderTotals(paid_minor=row[1], held_minor=row[2], earned_minor=row[3], refunded_minor=row[4])
            for row in cursor.fetchall()
        }
    return {order_id: found.get(order_id, OrderTotals()) for order_id in order_ids}


def postings_of_order(order_id: int) -> list[PostingSeen]:
    """An order's postings, oldest first."""
    columns = ("reference", "source", "destination", "amount_minor", "currency", "at", "line_id")
    rows = Posting.objects.filter(order_id=order_id).order_by("id").values(*columns)
    return [PostingSeen(**row) for row in rows]


BALANCES = """
    SELECT a.address, (COALESCE(c.balance_minor, 0) + COALESCE(i.amount, 0) - COALESCE(o.amount, 0))::bigint
    FROM unnest(%(addresses)s::text[]) AS a(address)
    LEFT JOIN LATERAL (
        SELECT up_to_posting_id, balance_minor FROM ledger_checkpoint
        WHERE address = a.address AND currency = %(currency)s ORDER BY up_to_posting_id DESC LIMIT 1) c ON true
    CROSS JOIN LATERAL (
        SELECT sum(amount_minor) AS amount FROM ledger_posting
        WHERE destination = a.address AND currency = %(currency)s AND id > COALESCE(c.up_to_posting_id, 0)) i
    CROSS JOIN LATERAL (
        SELECT sum(amount_minor) AS amount FROM ledger_posting
        WHERE source = a.address AND currency = %(currency)s AND id > COALESCE(c.up_to_posting_id, 0)) o"""

TRIAL_BALANCE = """
    SELECT regexp_replace(address, '^order:[0-9]+:', 'order:*:') AS line, currency,
        sum(into_minor)::bigint, sum(out_of_minor)::bigint
    FROM (
        SELECT destination AS address, currency, amount_minor AS into_minor, 0 AS out_of_minor FROM ledger_posting
        UNION ALL SELECT source, currency, 0, amount_minor FROM ledger_posting) moved
    GROUP BY line, currency ORDER BY line, currency"""

ORDER_TOTALS = """
    SELECT order_id, sum(paid)::bigint, sum(held)::bigint, sum(earned)::bigint, sum(refunded)::bigint
    FROM ledger_posting,
        LATERAL (SELECT source LIKE 'order:%%' AS from_held, destination LIKE 'order:%%' AS to_held,
            source LIKE 'revenue:%%' OR source = 'tax:vat:payable' AS from_earned,
            destination LIKE 'revenue:%%' OR destination = 'tax:vat:payable' AS to_earned,
            destination LIKE 'refund:%%' AS to_refund) AS is_it,
        LATERAL (SELECT amount_minor * (to_held AND NOT from_held)::int AS paid,
            amount_minor * (to_held::int - from_held::int) AS held,
            amount_minor * (to_earned::int - from_earned::int) AS earned,
            amount_minor * to_refund::int AS refunded) AS counted
    WHERE order_id = ANY(%s) GROUP BY order_id"""
