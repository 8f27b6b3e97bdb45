"""Many press at once: one browser makes one order, a SIM has ten, and a shop opens no more than its share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests import make
from tests.journeys.test_races import Racers
from tests.make import Shop
from xuliu.common.state import move
from xuliu.ordering.buying.cannot_place import CannotPlace
from xuliu.ordering.buying.choose import MOST_OPEN, TooManyOpen, Visitor, choose
from xuliu.ordering.buying.openings import SHARE_OF_A_SHOP, shares_of_shop
from xuliu.ordering.buying.place import place
from xuliu.ordering.buying.quote import Selection
from xuliu.ordering.models import Order, OrderLine, PageOrder
from xuliu.payment.models import Payment

AT_ONCE = 8


@pytest.fixture
def shop(fresh_database: str) -> Shop:
    return make.make_shop()


@pytest.fixture
def racers() -> Iterator[Racers]:
    many = Racers(AT_ONCE)
    yield many
    many.close()


def _visitor(shop: Shop, browser: str) -> Visitor:
    shares = shares_of_shop(terminal_id=shop.terminal.pk, merchant_id=None)
    return Visitor(browser=browser, shares=shares, is_by_sticker=True)


def _press(shop: Shop, browser: str) -> int | None:
    selection = Selection(sim_id=shop.sim.pk, offering_id=shop.year.pk)
    visitor = _visitor(shop, browser)
    try:
        return choose(selections=[selection], price_list_id=shop.price_list.pk, merchant_id=None, visitor=visitor)
    except TooManyOpen:
        return None


def _pay(order_id: int) -> int | None:
    try:
        return place(order_id=order_id, way="native")
    except CannotPlace:
        return None


def test_one_browser_that_presses_at_once_makes_one_order(shop: Shop, racers: Racers) -> None:
    for browser in "abc":
        assert len(set(racers.race(*[partial(_press, shop, browser)] * AT_ONCE))) == 1

    assert Order.objects.count() == OrderLine.objects.count() == 3


def test_many_browsers_at_once_leave_ten_open_orders(shop: Shop, racers: Racers) -> None:
    pressed = []
    for turn in range(2):
        runs: list[Callable[[], int | None]] = [partial(_press, shop, f"{turn} {one}") for one in range(AT_ONCE)]
        pressed += racers.race(*runs)

    assert len([order_id for order_id in pressed if order_id]) == MOST_OPEN == Order.objects.count()


def test_a_quote_is_paid_or_makes_room_and_never_both(shop: Shop, racers: Racers) -> None:
    typed = [_press(shop, str(number)) or 0 for number in range(MOST_OPEN)]
    PageOrder.objects.update(is_by_sticker=False)
    payers = [partial(_pay, typed[0])] * (AT_ONCE // 2)
    late = [partial(_press, shop, f"late {one}") for one in range(AT_ONCE // 2)]

    racers.race(*payers, *late)

    for order in Order.objects.filter(state=Order.State.LAPSED):
        assert not Payment.objects.filter(order_id=order.pk).exists()
        assert set(order.lines.values_list("state", flat=True)) == {OrderLine.State.DROPPED}
    still_open = Order.objects.filter(state__in=("QUOTED", "AWAITING_PAYMENT"), cancel_requested_at=None)
    assert still_open.count() == MOST_OPEN


def test_a_shop_opens_its_share_and_no_more_however_many_press_at_once(shop: Shop, racers: Racers) -> None:
    order_ids = []
    for number in range(3 * AT_ONCE):
        order_ids.append(_press(shop, str(number)) or 0)
        # Out of the way of the ten, and as payable as before.
        move(Order, order_ids[-1:], to=Order.State.AWAITING_PAYMENT)
        PageOrder.objects.update(sim_id=0)

    opened = []
    for start in range(0, len(order_ids), AT_ONCE):
        opened += racers.race(*[partial(_pay, order_id) for order_id in order_ids[start : start + AT_ONCE]])

    assert len([payment_id for payment_id in opened if payment_id]) == SHARE_OF_A_SHOP == Payment.objects.count()
