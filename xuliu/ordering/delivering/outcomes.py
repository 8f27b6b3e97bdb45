"""How a line ends: delivered or refused. Inside the caller's transaction; one set, a constant number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db import connection

from xuliu.balance.operations import ProvingReading, grant_buckets, store_proven
from xuliu.carrier.contract import Reading
from xuliu.common import arrays, clock, wake
from xuliu.common.reasons import WhyCode, Whys
from xuliu.common.state import move
from xuliu.inventory.operations import extend_periods
from xuliu.ledger import addresses
from xuliu.ledger.operations import Entry, post
from xuliu.ordering.delivering.evidence import to_json
from xuliu.ordering.models import OrderLine
from xuliu.payment.models import Payment

# An ended line on which the carrier may still act is looked at again.
LOOK_BACK_AFTER = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A line proven to be delivered: its period and bytes, and the proof.

    `after` is the proving reading, None if a person is the proof. `is_known_by`: later readings of the SIM may be
    compared with this one.
    """

    line_id: int
    attempt: int
    starts_on: date
    ends_on: date
    size_bytes: int
    proof: str
    after: Reading | None
    is_known_by: bool = True


class _Sold(NamedTuple):
    id: int
    order_id: int
    sim_id: int
    account_id: int
    price_minor: int
    tax_minor: int
    cost_minor: int
    currency: str


def complete(
    deliveries: Sequence[Delivery], *, only_from: Sequence[str], why: WhyCode | None = None, detail: str = ""
) -> list[int]:
    """Lines → COMPLETED with their postings, bucket and the SIM's new period; returns those that moved."""
    by_line = {delivery.line_id: delivery for delivery in deliveries}
    moved = move(OrderLine, sorted(by_line), to=OrderLine.State.COMPLETED, only_from=only_from, why=why, detail=detail)
    if not moved:
        return []
    sold = _sold(moved)
    delivered = [by_line[line.id] for line in sold]
    land(moved)
    _keep_proof(delivered)
    post([entry for line in sold for entry in _earned(line)], at=clock.now())
    grant_buckets(
        line_ids=[line.id for line in sold],
        sim_ids=[line.sim_id for line in sold],
        sizes_bytes=[one.size_bytes for one in delivered],
        starts_on=[one.starts_on for one in delivered],
        ends_on=[one.ends_on for one in delivered],
    )
    extend_periods(
        sim_ids=[line.sim_id for line in sold],
        starts_on=[one.starts_on for one in delivered],
        ends_on=[one.ends_on for one in delivered],
    )
    store_proven(
        [
            ProvingReading(sim_id=line.sim_id, line_id=line.id, reading=one.after)
            for line, one in zip(sold, delivered, strict=True)
            if one.after is not None and one.is_known_by
        ]
    )
    wake.after_commit("settle")
    return moved


def reject(line_ids: Sequence[int], *, only_from: Sequence[str], why: Whys, detail: str = "") -> list[int]:
    """Lines → REJECTED, their held money → owed back; returns those that moved. `settle` makes the refund."""
    moved = move(OrderLine, line_ids, to=OrderLine.State.REJECTED, only_from=only_from, why=why, detail=detail)
    if not moved:
        return []
    sold = _sold(moved)
    paid_through = _paid_through({line.order_id for line in sold})
    post([_owed_back(line, paid_through[line.order_id]) for line in sold if line.price_minor], at=clock.now())
    land(moved)
    wake.after_commit("settle")
    return moved


def land(line_ids: Sequence[int]) -> None:
    """End these lines' flights: the SIM's next line may be sent."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ordering_flight WHERE line_id = ANY(%s::bigint[])", (arrays.integers(line_ids),))
    wake.after_commit("fulfil")


def _sold(line_ids: Sequence[int]) -> list[_Sold]:
    sql = """
        SELECT l.id, l.order_id, l.sim_id, l.account_id, l.price_minor, l.tax_minor, l.cost_minor, o.currency
        FROM ordering_orderline l JOIN ordering_order o ON o.id = l.order_id
        WHERE l.id = ANY(%s::bigint[]) ORDER BY l.id"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (arrays.integers(line_ids),))
        return [_Sold(*row) for row in cursor.fetchall()]


def _earned(line: _Sold) -> list[Entry]:
    """The postings of a delivered line: all its held money, once, with its tax and cost."""
    return [
        _entry(line, "release", addresses.held(line.order_id), addresses.REVENUE_DATA, line.price_minor),
        _entry(line, "tax", addresses.REVENUE_DATA, addresses.VAT_PAYABLE, line.tax_minor),
        _entry(line, "cost", addresses.carrier_payable(line.account_id), addresses.COST_DATA, line.cost_minor),
    ]


def _owed_back(line: _Sold, account_id: int) -> Entry:
    return _entry(
        line, "release", addresses.held(line.order_id), addresses.refund_payable(account_id), line.price_minor
    )


def _entry(line: _Sold, what: str, source: str, destination: str, amount_minor: int) -> Entry:
    return Entry(
        reference=f"line:{line.id}:{what}",
        source=source,
        destination=destination,
        amount_minor=amount_minor,
        currency=line.currency,
        order_id=line.order_id,
        line_id=line.id,
    )


def _paid_through(order_ids: set[int]) -> dict[int, int]:
    applied = Payment.objects.filter(order_id__in=order_ids, is_applied=True)
    return dict(applied.values_list("order_id", "account_id"))


def _keep_proof(deliveries: Sequence[Delivery]) -> None:
    """Store the proof. A line sent more than once may be done more than once, so it is looked at again."""
    sql = """
        UPDATE ordering_attempt a SET after = u.after, proof = u.proof, recheck_at = CASE WHEN EXISTS (
            SELECT 1 FROM ordering_attempt b WHERE b.line_id = a.line_id AND b.number <> a.number
                AND b.sent_at IS NOT NULL AND b.outcome <> 'not_sent') THEN %s::timestamptz END
        FROM unnest(%s::bigint[], %s::int[], %s::jsonb[], %s::text[]) AS u(line_id, number, after, proof)
        WHERE a.line_id = u.line_id AND a.number = u.number"""
    columns: tuple[Any, ...] = (
        clock.now() + LOOK_BACK_AFTER[0],
        arrays.integers([one.line_id for one in deliveries]),
        arrays.integers([one.attempt for one in deliveries]),
        arrays.texts([to_json(one.after) if one.after else "null" for one in deliveries]),
        arrays.texts([one.proof for one in deliveries]),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, columns)
