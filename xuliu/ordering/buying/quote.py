"""Quote: what it would cost and bring for which SIMs, valid for 15 minutes. An Order in QUOTED."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from xuliu.balance.operations import request_readings
from xuliu.common import arrays, clock, stops
from xuliu.common.chunks import in_chunks
from xuliu.common.codes import new_code
from xuliu.ordering.buying.offers import SAID_BY_CARRIER, Offer, Refusal, answers
from xuliu.ordering.models import Channel

QUOTE_VALID = timedelta(minutes=15)
LINES_PER_STATEMENT = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """One offering chosen for one SIM."""

    sim_id: int
    offering_id: int


class QuoteRefused(Exception):
    """Some selections were refused; nothing was written. Each is named with its reason."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(f"{len(refusals)} refused, the first: {refusals[0]}" if refusals else "nothing to quote")
        self.refusals = list(refusals)


def quote(
    *,
    selections: Sequence[Selection],
    price_list_id: int,
    channel: Channel,
    merchant_id: int | None = None,
    is_waited_for: bool = False,
) -> int:
    """Quote these selections and return the order's id. Raises QuoteRefused with every refused selection.

    A SIM with a line under way, or twice in the list, gets its period after the one before. The number of statements
    per chunk of 5,000 lines is constant.
    """
    at = clock.now()
    offers = offered(selections, price_list_id=price_list_id, at=at)
    with stops.transaction("quote.write"):
        return write(
            offers,
            at=at,
            price_list_id=price_list_id,
            channel=channel,
            merchant_id=merchant_id,
            is_waited_for=is_waited_for,
        )


def write(
    offers: Sequence[Offer],
    *,
    at: datetime,
    price_list_id: int,
    channel: Channel,
    merchant_id: int | None,
    is_waited_for: bool,
) -> int:
    """Write an Order in QUOTED for these offers, inside the caller's transaction; returns its id."""
    order_id = _insert_order(price_list_id, offers, at, channel, merchant_id, is_waited_for)
    for start, part in zip(
        range(0, len(offers), LINES_PER_STATEMENT), in_chunks(offers, LINES_PER_STATEMENT), strict=True
    ):
        _insert_lines(order_id, start, part, at)
    return order_id


def offered(selections: Sequence[Selection], *, price_list_id: int, at: datetime) -> list[Offer]:
    """What these selections would cost and bring, in their order. Raises QuoteRefused with every refused one."""
    asked = [(selection.sim_id, selection.offering_id) for selection in selections]
    granted, refusals = answers(asked, price_list_id=price_list_id, at=at)
    if refusals or not granted:
        # If a refusal rests on the carrier's reading, request a fresh one: it may be old.
        request_readings(sim_ids=[refusal.sim_id for refusal in refusals if refusal.code in SAID_BY_CARRIER])
        raise QuoteRefused(refusals)
    return granted


def _insert_order(
    price_list_id: int,
    offers: Sequence[Offer],
    at: datetime,
    channel: Channel,
    merchant_id: int | None,
    is_waited_for: bool,
) -> int:
    """One statement: the number contains the id, and seller and currency are the price list's."""
    sql = """
        WITH new AS (SELECT nextval(pg_get_serial_sequence('ordering_order', 'id')) AS id)
        INSERT INTO ordering_order (id, code, number, seller_id, price_list_id, merchant_id, channel, currency,
            total_minor, line_count, is_waited_for, state, state_at, quoted_at, valid_until)
        SELECT new.id, %s, %s || lpad(new.id::text, greatest(8, length(new.id::text)), '0'), p.seller_id, p.id,
            %s::bigint, %s, p.currency, %s, %s, %s, 'QUOTED', %s, %s, %s
        FROM new JOIN catalog_pricelist p ON p.id = %s RETURNING id"""
    amount_minor = sum(offer.amount_minor for offer in offers)
    of_lines = (amount_minor, len(offers), is_waited_for)
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            (
                new_code(),
                f"{at:%y%m%d}-",
                merchant_id,
                channel,
                *of_lines,
                at,
                at,
                at + QUOTE_VALID,
                price_list_id,
            ),
        )
        row: tuple[int] | None = cursor.fetchone()
    if row is None:
        raise RuntimeError("the price list went away while it was quoted")
    return row[0]


def _insert_lines(order_id: int, start: int, offers: Sequence[Offer], at: datetime) -> None:
    """One INSERT … SELECT whose joins prove the keys: bulk_create took 3.7 times as long, with constraints twice
    that."""
    sql = """
        INSERT INTO ordering_orderline (order_id, position, sim_id, offering_id, account_id, reference,
            list_minor, price_minor, tax_basis_points, tax_minor, cost_minor, starts_on, ends_on,
            state, state_at, due_at)
        SELECT %s, %s + u.n, s.id, o.id, s.account_id, gen_random_uuid(),
            u.price, u.price, u.rate, u.tax, u.cost, u.starts_on, u.ends_on, 'WAITING', %s, %s
        FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::int[],
                    %s::bigint[], %s::bigint[], %s::date[], %s::date[])
            WITH ORDINALITY AS u(sim_id, offering_id, price, rate, tax, cost, starts_on, ends_on, n)
        JOIN inventory_sim s ON s.id = u.sim_id JOIN catalog_offering o ON o.id = u.offering_id"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (order_id, start, at, at, *_columns(offers)))
        if cursor.rowcount != len(offers):
            raise RuntimeError("a SIM or an offering went away while it was quoted")


def _columns(offers: Sequence[Offer]) -> tuple[str, ...]:
    return (
        arrays.integers([offer.sim_id for offer in offers]),
        arrays.integers([offer.offering.id for offer in offers]),
        arrays.integers([offer.amount_minor for offer in offers]),
        arrays.integers([offer.offering.tax_basis_points for offer in offers]),
        arrays.integers([offer.tax_minor for offer in offers]),
        arrays.integers([offer.offering.cost_minor for offer in offers]),
        arrays.dates([offer.starts_on for offer in offers]),
        arrays.dates([offer.ends_on for offer in offers]),
    )
