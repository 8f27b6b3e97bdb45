"""Place: the payer has seen the quote and pays it; a Payment is opened by a step."""

from django.db.models import Q

from xuliu.common import clock, stops, wake
from xuliu.common.state import move
from xuliu.ordering.models import Order, OrderLine
from xuliu.ordering.pay import drop_unpaid, pay_nothing
from xuliu.payment.accounts import capabilities_of
from xuliu.payment.contract import Method
from xuliu.payment.models import ProviderAccount
from xuliu.payment.operations import open_payment, want_closed


class CannotPlace(Exception):
    """`code`: lapsed, already_paid, account_paused, offering_paused, no_provider, provider_paused, method_unknown."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def place(*, order_id: int, method: str, payer_id: str = "") -> int | None:
    """Place the order and return the id of the payment to pay; None where there is nothing to pay.

    The same call again, at once or later, returns the same live payment. Raises CannotPlace.
    """
    if method not in set(Method):
        raise CannotPlace("method_unknown")
    with stops.transaction("place.write"):
        order = Order.objects.select_for_update(no_key=True, of=("self",)).select_related("seller").get(id=order_id)
        _check_open(order)
        _check_not_paused(order)
        if order.total_minor == 0:
            move(Order, [order.id], to=Order.State.AWAITING_PAYMENT)
            pay_nothing(order_id=order.id)
            return None
        account = provider_account(order, method)
        if order.state == Order.State.QUOTED:
            move(Order, [order.id], to=Order.State.AWAITING_PAYMENT)
        return open_payment(
            order_id=order.id,
            account_id=account.id,
            method=method,
            payer_id=payer_id,
            amount_minor=order.total_minor,
            currency=order.currency,
            description=f"{order.seller} {order.number}"[:40],
            expires_at=order.valid_until,
        )


def _check_open(order: Order) -> None:
    if order.state == Order.State.PAID or order.paid_at is not None:
        raise CannotPlace("already_paid")
    is_open = order.state in (Order.State.QUOTED, Order.State.AWAITING_PAYMENT) and order.cancel_wanted_at is None
    if not is_open or clock.now() >= order.valid_until:
        raise CannotPlace("lapsed")


def _check_not_paused(order: Order) -> None:
    lines = OrderLine.objects.filter(order_id=order.id)
    is_paused = Q(account__paused_at__isnull=False) | Q(offering__paused_at__isnull=False)
    for account_paused_at in lines.filter(is_paused).values_list("account__paused_at", flat=True)[:1]:
        raise CannotPlace("account_paused" if account_paused_at else "offering_paused")


def provider_account(order: Order, method: str) -> ProviderAccount:
    """The seller's account through which this order can be paid that way now. Raises CannotPlace."""
    accounts = ProviderAccount.objects.filter(seller_id=order.seller_id).order_by("id")
    fitting = [account for account in accounts if _takes(account, method, order.currency)]
    if not fitting:
        raise CannotPlace("no_provider")
    for account in fitting:
        if account.paused_at is None:
            return account
    raise CannotPlace("provider_paused")


def _takes(account: ProviderAccount, method: str, currency: str) -> bool:
    capabilities = capabilities_of(account)
    return method in capabilities.methods and currency in capabilities.currencies


def cancel(*, order_id: int) -> None:
    """The payer changes their mind before paying. The order is CANCELLED once the provider confirmed that nothing of it
    can be paid any more; money that arrives before that still counts."""
    with stops.transaction("place.cancel"):
        order = Order.objects.select_for_update(no_key=True).get(id=order_id)
        if order.state == Order.State.QUOTED:
            drop_unpaid(move(Order, [order.id], to=Order.State.LAPSED, why="cancelled by the payer"))
        elif order.state == Order.State.AWAITING_PAYMENT:
            Order.objects.filter(id=order.id, cancel_wanted_at__isnull=True).update(cancel_wanted_at=clock.now())
            want_closed(order_ids=[order.id])
            wake.after_commit("order.expire")
