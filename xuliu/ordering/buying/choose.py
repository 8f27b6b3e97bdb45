"""Choose: a visitor chooses plans on a page. The same browser gets its open order again, and a SIM has few open orders.

Only for pages: orders from an API, a command or a file are trusted and not counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from json import dumps
from typing import NamedTuple

from django.db import connection

from xuliu.common import arrays, clock, locks, stops
from xuliu.ordering.buying import openings
from xuliu.ordering.buying.cancel import give_up
from xuliu.ordering.buying.offers import Offer
from xuliu.ordering.buying.quote import QUOTE_VALID, Selection, offered, write
from xuliu.ordering.buying.reasons import OrderReason
from xuliu.ordering.buying.refusals import RefusalCode
from xuliu.ordering.models import Channel, Order, PageOrder

MOST_OPEN = 10
LEAST_LEFT = timedelta(minutes=5)
# How long a quote keeps its place: otherwise repeated presses would write orders without end.
KEEPS_ITS_PLACE = timedelta(minutes=1)
KEPT_FOR = timedelta(days=1)
FORGOTTEN_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A visitor of a page: the hash of their browser's code, and the budgets their openings use."""

    browser: str
    shares: Sequence[openings.Share]
    is_by_sticker: bool


class TooManyOpen(Exception):
    """The SIM has ten open orders, and this visitor may replace none of them. `code` says what to do."""

    def __init__(self, code: RefusalCode) -> None:
        super().__init__(code)
        self.code = code


def choose(*, selections: Sequence[Selection], price_list_id: int, merchant_id: int | None, visitor: Visitor) -> int:
    """This browser's open order for the same offers, prices and days; created if there is none.

    Returns its id; 50 presses, even at once, give one order. Raises QuoteRefused, TooManyOpen.
    """
    at = clock.now()
    offers = offered(selections, price_list_id=price_list_id, at=at)
    sim_id = offers[0].sim_id
    with stops.transaction("choose.write"):
        locks.until_commit(f"orders of SIM {sim_id}")
        open_orders = _open(sim_id, at)
        if (known := _same(open_orders, offers, price_list_id, visitor, at)) is not None:
            return known
        _make_room(open_orders, visitor, at)
        order_id = write(
            offers,
            at=at,
            price_list_id=price_list_id,
            channel=Channel.MERCHANT,
            merchant_id=merchant_id,
            is_waited_for=True,
        )
        _keep(order_id, sim_id, visitor, at)
    return order_id


def visitor_of(*, order_id: int, browser: str, address: str) -> Visitor:
    """The visitor with an order's page: with the sticker if the order was made with it, else without."""
    made = PageOrder.objects.filter(order=order_id, is_by_sticker=True).first()
    shares = made.shares if made else openings.shares_of_address(address)
    return Visitor(browser=browser, shares=shares, is_by_sticker=made is not None)


class _Open(NamedTuple):
    """A page's order that can still be paid; its row is locked."""

    id: int
    state: str
    price_list_id: int
    line_count: int
    total_minor: int
    quoted_at: datetime
    valid_until: datetime
    browser: str
    is_by_sticker: bool


def _open(sim_id: int, at: datetime) -> list[_Open]:
    sql = """
        SELECT o.id, o.state, o.price_list_id, o.line_count, o.total_minor, o.quoted_at, o.valid_until, p.browser,
            p.is_by_sticker
        FROM ordering_pageorder p JOIN ordering_order o ON o.id = p.order_id
        WHERE p.sim_id = %s AND p.valid_until > %s AND o.state IN ('QUOTED', 'AWAITING_PAYMENT')
            AND o.cancel_requested_at IS NULL
        ORDER BY o.id FOR NO KEY UPDATE OF o"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (sim_id, at))
        return [_Open(*row) for row in cursor.fetchall()]


def _same(
    open_orders: Sequence[_Open], offers: Sequence[Offer], price_list_id: int, visitor: Visitor, at: datetime
) -> int | None:
    """This browser's order of exactly these offers with enough time left to pay it."""
    like = (visitor.browser, price_list_id, len(offers), sum(offer.amount_minor for offer in offers))
    alike = [
        order.id
        for order in open_orders
        if (order.browser, order.price_list_id, order.line_count, order.total_minor) == like
        and order.valid_until >= at + LEAST_LEFT
    ]
    wanted = [
        (offer.sim_id, offer.offering.id, offer.amount_minor, offer.tax_minor, offer.starts_on, offer.ends_on)
        for offer in offers
    ]
    held = _lines(alike) if alike else {}
    return next((order_id for order_id in alike if held.get(order_id) == wanted), None)


def _lines(order_ids: Sequence[int]) -> dict[int, list[tuple[object, ...]]]:
    sql = """
        SELECT order_id, sim_id, offering_id, list_minor, tax_minor, starts_on, ends_on FROM ordering_orderline
        WHERE order_id = ANY(%s::bigint[]) ORDER BY order_id, position"""
    found: dict[int, list[tuple[object, ...]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(sql, (arrays.integers(order_ids),))
        for order_id, *line in cursor.fetchall():
            found.setdefault(order_id, []).append(tuple(line))
    return found


def _make_room(open_orders: Sequence[_Open], visitor: Visitor, at: datetime) -> None:
    if len(open_orders) < MOST_OPEN:
        return
    ranked = [(rank, order.id) for order in open_orders if (rank := _rank(order, visitor, at)) is not None]
    if not ranked:
        raise TooManyOpen(RefusalCode.TOO_MANY_OPEN_HERE if visitor.is_by_sticker else RefusalCode.TOO_MANY_OPEN)
    give_up(order_id=min(ranked)[1], why=OrderReason.MADE_ROOM)


def _rank(order: _Open, visitor: Visitor, at: datetime) -> int | None:
    """The rank by which this visitor may replace an open order, lowest first; None if they may not.

    First their own quotes. With the sticker, then quotes made without it, then others' quotes made with it, and last
    orders without it that await payment. So visitors without the sticker never keep out one who has it.
    """
    is_quote = order.state == Order.State.QUOTED
    has_stood = at >= order.quoted_at + KEEPS_ITS_PLACE
    if is_quote and order.browser == visitor.browser and has_stood:
        return 0
    if not visitor.is_by_sticker:
        return None
    if is_quote and not order.is_by_sticker:
        return 1
    if is_quote and has_stood:
        return 2
    return None if order.is_by_sticker or is_quote else 3


def _keep(order_id: int, sim_id: int, visitor: Visitor, at: datetime) -> None:
    """Record who made it, and delete some of yesterday's records."""
    sql = """
        WITH aged AS (
            SELECT order_id FROM ordering_pageorder WHERE valid_until < %s ORDER BY valid_until LIMIT %s
            FOR UPDATE SKIP LOCKED),
        forgotten AS (DELETE FROM ordering_pageorder p USING aged WHERE p.order_id = aged.order_id)
        INSERT INTO ordering_pageorder (order_id, sim_id, browser, shares, is_by_sticker, valid_until)
        VALUES (%s, %s, %s, %s::jsonb, %s, %s)"""
    made = (order_id, sim_id, visitor.browser, dumps(visitor.shares), visitor.is_by_sticker, at + QUOTE_VALID)
    with connection.cursor() as cursor:
        cursor.execute(sql, (at - KEPT_FOR, FORGOTTEN_AT_ONCE, *made))
