"""Place: the payer has seen the quote and pays; a step opens the Payment."""

from datetime import datetime
from json import loads
from typing import NamedTuple

from django.db import connection

from xuliu.common import clock, guard, stops
from xuliu.common.state import move
from xuliu.ordering.buying import openings
from xuliu.ordering.buying.cannot_place import CannotPlace
from xuliu.ordering.buying.paid import PaidOrder, pay
from xuliu.ordering.buying.reasons import OrderReason
from xuliu.ordering.buying.refusals import RefusalCode
from xuliu.ordering.buying.ways_to_pay import provider_account
from xuliu.ordering.models import Order
from xuliu.payment.accounts import capabilities_of
from xuliu.payment.models import ProviderAccount
from xuliu.payment.operations import is_live, open_payment
from xuliu.payment.registry import way_called


def place(*, order_id: int, way: str, payer_id: str = "") -> int | None:
    """Place the order and return the id of its payment; None if there is nothing to pay.

    The same call again, at once or later, returns the same live payment. Raises CannotPlace.
    """
    if way_called(way) is None:
        raise CannotPlace(RefusalCode.WAY_UNKNOWN)
    with stops.transaction("place.write"):
        order = _locked(order_id)
        _check(order)
        if order.total_minor == 0:
            move(Order, [order.id], to=Order.State.AWAITING_PAYMENT)
            pay([PaidOrder(order, clock.now(), None)], why=OrderReason.NOTHING_TO_PAY)
            return None
        account = provider_account(order.seller_id, order.currency, way)
        counts = order.shares and not is_live(order_id=order.id, way=way, payer_id=payer_id)
        if order.state == Order.State.QUOTED:
            move(Order, [order.id], to=Order.State.AWAITING_PAYMENT)
        payment_id = open_payment(
            order_id=order.id,
            account_id=account.id,
            way=way,
            payer_id=payer_id,
            amount_minor=order.total_minor,
            currency=order.currency,
            description=f"{order.seller_name} {order.number}"[:40],
            expires_at=order.valid_until,
        )
        if counts:  # last, so that the shared counters are held as briefly as possible
            _count_opening(order, account)
        return payment_id


class _Placed(NamedTuple):
    """An order whose row is locked, and what it depends on."""

    id: int
    state: str
    paid_at: datetime | None
    cancel_requested_at: datetime | None
    valid_until: datetime
    total_minor: int
    currency: str
    number: str
    seller_id: int
    seller_name: str
    is_waited_for: bool
    is_account_paused: bool
    is_offering_paused: bool
    shares: str | None
    is_by_sticker: bool | None


def _locked(order_id: int) -> _Placed:
    """One statement, run while somebody waits for the page: three ORM queries took three times as long.

    Raises Order.DoesNotExist.
    """
    sql = """
        SELECT o.id, o.state, o.paid_at, o.cancel_requested_at, o.valid_until, o.total_minor, o.currency, o.number,
            o.seller_id, s.name ->> 'zh-hans', o.is_waited_for,
            EXISTS (SELECT FROM ordering_orderline l JOIN carrier_carrieraccount a ON a.id = l.account_id
                    WHERE l.order_id = o.id AND a.paused_at IS NOT NULL),
            EXISTS (SELECT FROM ordering_orderline l JOIN catalog_offering f ON f.id = l.offering_id
                    WHERE l.order_id = o.id AND f.paused_at IS NOT NULL),
            p.shares, p.is_by_sticker
        FROM ordering_order o JOIN party_seller s ON s.id = o.seller_id
        LEFT JOIN ordering_pageorder p ON p.order_id = o.id
        WHERE o.id = %s FOR NO KEY UPDATE OF o"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (order_id,))
        row = cursor.fetchone()
    if row is None:
        raise Order.DoesNotExist(order_id)
    return _Placed(*row)


def _check(order: _Placed) -> None:
    if order.state == Order.State.PAID or order.paid_at is not None:
        raise CannotPlace(RefusalCode.ALREADY_PAID)
    is_open = order.state in (Order.State.QUOTED, Order.State.AWAITING_PAYMENT) and order.cancel_requested_at is None
    if not is_open or clock.now() >= order.valid_until:
        raise CannotPlace(RefusalCode.LAPSED)
    if order.is_account_paused:
        raise CannotPlace(RefusalCode.ACCOUNT_PAUSED)
    if order.is_offering_paused:
        raise CannotPlace(RefusalCode.OFFERING_PAUSED)


def _count_opening(order: _Placed, account: ProviderAccount) -> None:
    budgets = openings.budgets(
        account_id=account.id,
        shares=loads(order.shares or "[]"),
        is_by_sticker=bool(order.is_by_sticker),
        most=capabilities_of(account).openings_a_minute,
    )
    if not guard.spend(budgets).is_allowed:
        raise CannotPlace(RefusalCode.TOO_MANY_OPENINGS)
