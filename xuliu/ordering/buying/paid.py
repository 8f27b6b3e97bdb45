"""Paid: the only way an order becomes PAID, whatever it is paid with.

By a provider's notice, or because nothing is to be paid; purse, voucher and cash will come in here too. Only the source
of the money differs: the order becomes PAID, its money held, its lines READY.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from xuliu.common import clock
from xuliu.common.reasons import WhyCode
from xuliu.common.state import move
from xuliu.ledger import addresses
from xuliu.ledger.operations import Entry, post
from xuliu.ordering.delivering.ready import release_lines
from xuliu.ordering.models import Order


class Payable(Protocol):
    """What `pay` needs of an order: an Order, or its row."""

    @property
    def id(self) -> int:
        """Its id."""

    @property
    def is_waited_for(self) -> bool:
        """Whether a person waits for it."""

    @property
    def total_minor(self) -> int:
        """Its price."""

    @property
    def currency(self) -> str:
        """The currency of its price."""


class Funds(NamedTuple):
    """The money that pays an order: moved from the address `source`, once, under `reference`."""

    reference: str
    source: str
    amount_minor: int
    currency: str


class PaidOrder(NamedTuple):
    """An order, its row locked, that was paid `at`; without money if its price is 0."""

    order: Payable
    at: datetime
    funds: Funds | None


def pay(paid: Sequence[PaidOrder], *, why: WhyCode | None = None) -> None:
    """Orders → PAID, their money → held, their lines → READY, inside the caller's transaction.

    The caller has judged that they may be paid. Raises RuntimeError, which undoes everything, if one does not await
    payment or is paid with anything but its price.
    """
    if not paid:
        return
    ids = [one.order.id for one in paid]
    moved = move(Order, ids, to=Order.State.PAID, why=why, also_each={"paid_at": [one.at for one in paid]})
    if len(moved) != len(ids):
        raise RuntimeError("an order that does not await its payment cannot be paid")
    post([_held(one.order, one.funds) for one in paid if one.funds or one.order.total_minor], at=clock.now())
    release_lines([one.order for one in paid])


def _held(order: Payable, funds: Funds | None) -> Entry:
    if funds is None or (funds.amount_minor, funds.currency) != (order.total_minor, order.currency):
        raise RuntimeError("an order is paid with its price, in its currency")
    return Entry(
        reference=funds.reference,
        source=funds.source,
        destination=addresses.held(order.id),
        amount_minor=funds.amount_minor,
        currency=funds.currency,
        order_id=order.id,
    )
