"""Choosing a plan: one browser has one open order of a kind, a SIM has ten, and a shop's sticker is never closed."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests import make, sales
from tests.make import Shop, make_merchant, make_sim, make_terminal
from xuliu.balance.models import Reading
from xuliu.catalog.models import Price
from xuliu.common import clock
from xuliu.common.guard import of_address
from xuliu.interfaces.merchant.sims import token_of
from xuliu.inventory.models import Sim
from xuliu.ordering.buying import choose as choosing
from xuliu.ordering.buying.cannot_place import CannotPlace
from xuliu.ordering.buying.openings import SHARE_OF_A_SHOP, SHARE_OF_AN_ADDRESS, WINDOW, budgets, shares_of_address
from xuliu.ordering.buying.place import place
from xuliu.ordering.buying.quote import Selection, quote
from xuliu.ordering.models import Channel, Order, PageOrder
from xuliu.payment.models import Payment, ProviderAccount

pytestmark = pytest.mark.django_db

LANGUAGES = {"en": ("Ten orders", "scan the sticker"), "zh-CN": ("10\u2009个订单", "扫一下\u2009POS\u2009机上的贴纸")}


@pytest.fixture
def now(clock_file: Path) -> Callable[[float], None]:
    """Moves the business clock to so many minutes after the start."""
    return lambda minutes: (clock_file.write_text(str(minutes * 60)), None)[1]


def press(client: Client, shop: Shop, *, offering: Any = None, typed: bool = False, **more: Any) -> str:
    """Choose a plan on the SIM's page; returns where that leads."""
    where = f"/s/{token_of(shop.sim, is_whole=False)}" if typed else f"/t/{shop.terminal.sticker_code}"
    answer = client.post(f"{where}/quote", {"offering": str((offering or shop.year).pk)}, **more)
    return str(answer.headers["Location"])


def open_orders() -> int:
    """How many can still be paid."""
    return Order.objects.filter(state__in=("QUOTED", "AWAITING_PAYMENT"), cancel_requested_at=None).count()


def pay(where: str) -> str:
    """Press pay on the order's page; returns where that leads."""
    return str(Client().post(f"{where}/pay").headers["Location"])


@pytest.mark.parametrize("typed", [False, True])
def test_fifty_presses_in_one_browser_are_one_order(client: Client, typed: bool) -> None:
    shop = make.make_shop()

    led_to = {press(client, shop, typed=typed) for _ in range(50)}

    assert len(led_to) == 1
    assert Order.objects.count() == 1


def test_an_order_that_was_placed_is_found_again_too(client: Client) -> None:
    shop = make.make_shop()
    first = press(client, shop)
    client.post(f"{first}/pay")

    assert press(client, shop) == first


def test_another_browser_gets_its_own_and_never_sees_the_first(client: Client) -> None:
    shop, other = make.make_shop(), Client()
    mine = press(client, shop)

    theirs = press(other, shop)

    assert theirs != mine
    page = other.get(f"/t/{shop.terminal.sticker_code}").content.decode() + other.get("/").content.decode()
    assert mine not in page
    assert press(client, shop) == mine


def test_another_plan_and_another_sim_are_other_orders(client: Client) -> None:
    shop = make.make_shop()
    other = make.make_shop(iccid="898604B0102070990981")

    assert len({press(client, shop), press(client, shop, offering=shop.data), press(client, other)}) == 3


def price_changes(shop: Shop) -> None:
    Price.objects.filter(offering=shop.year).update(amount_minor=3900)


def tax_changes(shop: Shop) -> None:
    type(shop.year).objects.filter(id=shop.year.pk).update(tax_basis_points=1300)


def end_moves(shop: Shop) -> None:
    Sim.objects.filter(id=shop.sim.pk).update(period_end_on=make.today() + timedelta(days=40))


def carrier_says_another_end(shop: Shop) -> None:
    Reading.objects.create(sim=shop.sim, as_of=clock.now(), period_end_on=make.today() + timedelta(days=3))


@pytest.mark.parametrize("change", [price_changes, tax_changes, end_moves, carrier_says_another_end])
def test_what_no_longer_holds_is_not_given_again(client: Client, change: Callable[[Shop], None]) -> None:
    shop = make.make_shop()
    first = press(client, shop)

    change(shop)

    assert press(client, shop) != first


@pytest.mark.parametrize(("minutes", "is_same"), [(9.9, True), (10.1, False)])
def test_it_is_given_again_while_five_minutes_are_left(
    client: Client, now: Callable[[float], None], minutes: float, is_same: bool
) -> None:
    shop = make.make_shop()
    first = press(client, shop)

    now(minutes)

    assert (press(client, shop) == first) is is_same


def test_what_was_given_up_or_paid_is_not_given_again(client: Client) -> None:
    shop = make.make_shop()
    quoted = press(client, shop)
    client.post(f"{quoted}/cancel")
    placed = press(client, shop)
    client.post(f"{placed}/pay")
    client.post(f"{placed}/cancel")

    third = press(client, shop)

    assert len({quoted, placed, third}) == 3


def test_asking_again_for_what_lapsed_is_one_order_however_often_it_is_pressed(client: Client) -> None:
    order = sales.make_quote(make.make_shop())
    Order.objects.filter(id=order.pk).update(valid_until=clock.now() - timedelta(minutes=1))

    assert len({client.post(f"/o/{order.code}/requote").headers["Location"] for _ in range(20)}) == 1


def test_an_order_of_very_many_lines_is_not_repeated_from_a_page(client: Client) -> None:
    shop = make.make_shop()
    selection = Selection(sim_id=shop.sim.pk, offering_id=shop.year.pk)
    codes = []
    for count in (100, 101):
        order_id = quote(selections=[selection] * count, price_list_id=shop.price_list.pk, channel=Channel.COMMAND)
        Order.objects.filter(id=order_id).update(valid_until=clock.now() - timedelta(minutes=1))
        codes.append(Order.objects.get(id=order_id).code)

    led_to = [client.post(f"/o/{code}/requote").headers["Location"] for code in codes]

    assert led_to[1] == f"/o/{codes[1]}?refused=too_many_lines"
    assert Order.objects.get(code=led_to[0][3:]).line_count == 100
    pages = [client.get(f"/o/{code}").content.decode() for code in codes]
    assert ["/requote" in page for page in pages] == [True, False]


def test_a_browser_is_known_before_it_chooses(client: Client) -> None:
    shop = make.make_shop()

    client.get(f"/t/{shop.terminal.sticker_code}")

    cookie = client.cookies["xuliu_browser"]
    assert len(cookie.value) == 26  # of 5 random bits each
    press(client, shop)
    kept = PageOrder.objects.get()
    assert cookie.value not in f"{kept.browser} {kept.shares}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_eleventh_open_order_of_a_sim_is_told_what_to_do(language: str) -> None:
    shop = make.make_shop()
    for _ in range(10):
        where = press(Client(), shop)
        place(order_id=Order.objects.get(code=where[3:]).pk, way="native")

    for typed, words in enumerate(LANGUAGES[language]):
        led_to = press(Client(), shop, typed=bool(typed))
        assert "refused=too_many_open" in led_to
        assert words in Client().get(led_to, headers={"Accept-Language": language}).content.decode()
    assert open_orders() == 10
    assert press(Client(), make.make_shop(iccid="898604B0102070990981")).startswith("/o/")


def test_nobody_without_the_sticker_keeps_out_who_holds_it(now: Callable[[float], None]) -> None:
    shop = make.make_shop()
    typed = [press(Client(), shop, typed=True) for _ in range(10)]
    for where in typed[3:]:
        place(order_id=Order.objects.get(code=where[3:]).pk, way="native")
    assert "too_many_open" in press(Client(), shop, typed=True)

    led_to = [press(Client(), shop) for _ in range(10)]

    assert all(where.startswith("/o/") for where in led_to)
    assert open_orders() == 10
    gone = Order.objects.filter(code__in=[where[3:] for where in typed])
    assert gone.filter(state="LAPSED").count() == 3
    assert Payment.objects.filter(order_id__in=gone, close_requested_at=None).count() == 0


def test_quotes_of_a_sticker_keep_their_place_for_a_minute_and_then_make_room(now: Callable[[float], None]) -> None:
    shop = make.make_shop()
    first, *_ = [press(Client(), shop) for _ in range(10)]
    assert "too_many_open_here" in press(Client(), shop), "else rows could be written without end"

    now(1.1)

    assert press(Client(), shop).startswith("/o/")
    assert Order.objects.get(code=first[3:]).state == Order.State.LAPSED
    assert "too_many_open" in press(Client(), shop, typed=True)


def test_who_changes_their_mind_pushes_out_their_own_quote_first(now: Callable[[float], None]) -> None:
    shop, mine = make.make_shop(), Client()
    for _ in range(9):
        press(Client(), shop, typed=True)
    own = press(mine, shop, typed=True)
    now(2)

    assert press(mine, shop, offering=shop.data, typed=True).startswith("/o/")

    lapsed = Order.objects.filter(state="LAPSED").values_list("code", flat=True)
    assert list(lapsed) == [own[3:]]


def test_what_files_and_commands_order_is_not_counted() -> None:
    shop = make.make_shop()
    selection = Selection(sim_id=shop.sim.pk, offering_id=shop.year.pk)

    for _ in range(12):
        order_id = quote(selections=[selection], price_list_id=shop.price_list.pk, channel=Channel.COMMAND)
        place(order_id=order_id, way="native")

    assert press(Client(), shop).startswith("/o/")


def test_who_made_an_order_is_forgotten_after_a_day(now: Callable[[float], None]) -> None:
    shop = make.make_shop()
    press(Client(), shop)
    now(24 * 60 + 16)

    press(Client(), shop)

    assert PageOrder.objects.count() == 1
    assert Order.objects.count() == 2


def test_choosing_takes_as_many_statements_for_the_first_as_for_the_tenth(django_assert_num_queries: Any) -> None:
    shop = make.make_shop()
    selection = Selection(sim_id=shop.sim.pk, offering_id=shop.year.pk)
    counted = []
    for number in range(10):
        visitor = choosing.Visitor(browser=str(number) * 64, shares=[], is_by_sticker=True)
        with django_assert_num_queries(10) as queries:
            choosing.choose(selections=[selection], price_list_id=shop.price_list.pk, merchant_id=None, visitor=visitor)
        counted.append(len(queries))

    assert len(set(counted)) == 1


def shop_of(merchant: Any, number: int) -> Shop:
    """Another terminal of a merchant, its SIM beside it."""
    return make.make_shop(iccid=f"898604B01020709{number:05d}", merchant=merchant)


def test_a_shop_opens_so_many_payments_a_minute_and_other_shops_go_on(now: Callable[[float], None]) -> None:
    merchant = make_merchant()
    shops = [shop_of(merchant, number) for number in range(4)]
    orders = [press(Client(), shop) for shop in shops for _ in range(6)]

    led_to = [pay(where) for where in orders]

    assert Payment.objects.count() == SHARE_OF_A_SHOP
    assert led_to[SHARE_OF_A_SHOP:] == [f"{where}?refused=too_many_openings" for where in orders[SHARE_OF_A_SHOP:]]
    assert Order.objects.filter(state="QUOTED").count() == len(orders) - SHARE_OF_A_SHOP
    elsewhere = press(Client(), shop_of(make_merchant(), 90))
    assert pay(elsewhere) == elsewhere
    now(1.1)
    assert pay(orders[-1]) == orders[-1]


@pytest.mark.parametrize(("language", "words"), [("en", "wait a minute"), ("zh-CN", "请过一分钟")])
def test_too_many_openings_are_told_in_words(client: Client, language: str, words: str) -> None:
    where = press(client, make.make_shop())

    page = client.get(f"{where}?refused=too_many_openings", headers={"Accept-Language": language})

    assert words in page.content.decode()


def test_pressing_pay_again_costs_nothing_while_the_payment_lives_and_counts_once_it_failed() -> None:
    where = press(Client(), make.make_shop())
    for _ in range(SHARE_OF_A_SHOP + 5):
        assert pay(where) == where
    assert Payment.objects.count() == 1

    for _ in range(SHARE_OF_A_SHOP + 5):
        Payment.objects.update(state="FAILED")
        pay(where)

    assert Payment.objects.count() == SHARE_OF_A_SHOP


def test_many_payers_of_one_order_are_as_many_openings() -> None:
    press(Client(), make.make_shop())
    order, refused = Order.objects.get(), 0
    for number in range(SHARE_OF_A_SHOP + 3):
        try:
            place(order_id=order.pk, way="jsapi", payer_id=f"openid-{number}")
        except CannotPlace as no:
            refused += no.code == "too_many_openings"

    assert (refused, Payment.objects.count()) == (3, SHARE_OF_A_SHOP)


def test_a_stranger_with_one_sticker_and_a_new_browser_each_time_gets_no_further_than_ten() -> None:
    shop = make.make_shop()

    for _ in range(60):
        where = press(Client(), shop)
        if where.startswith("/o/"):
            pay(where)

    assert Order.objects.count() == Payment.objects.count() == 10


def test_without_a_sticker_an_address_has_its_share_and_no_shop_pays_for_it() -> None:
    sims = [make.make_shop(iccid=f"898604B01020709{number:05d}") for number in range(SHARE_OF_AN_ADDRESS + 2)]
    orders = [press(Client(), shop, typed=True, REMOTE_ADDR="203.0.113.7") for shop in sims]

    refused = [where for where in orders if "refused" in pay(where)]

    assert refused == orders[SHARE_OF_AN_ADDRESS:]
    elsewhere = press(Client(), sims[0], typed=True, REMOTE_ADDR="203.0.113.8")
    by_sticker = press(Client(), sims[1], REMOTE_ADDR="203.0.113.7")
    assert (pay(elsewhere), pay(by_sticker)) == (elsewhere, by_sticker)


def test_no_address_stands_in_the_database() -> None:
    press(Client(), make.make_shop(), typed=True, REMOTE_ADDR="2001:db8:1:2::7")

    (kept,) = PageOrder.objects.all()
    assert "2001" not in str(kept.shares)
    assert [factor for _kind, _key, factor in kept.shares] == [
        net.limit for net in of_address(kind="address", address="2001:db8:1:2::7", limit=1, window=WINDOW)
    ]


def test_those_without_a_sticker_leave_half_of_an_account_to_shops() -> None:
    typed = budgets(account_id=1, shares=shares_of_address("203.0.113.7"), is_by_sticker=False, most=600)
    shops = budgets(account_id=1, shares=[["merchant", "1", 1]], is_by_sticker=True, most=600)

    assert (typed[-1].limit, shops[-1].limit) == (300, 600)
    assert (typed[-1].kind, typed[-1].key) == (shops[-1].kind, shops[-1].key)
    other = budgets(account_id=2, shares=[["merchant", "1", 1]], is_by_sticker=True, most=600)
    assert not {(one.kind, one.key) for one in shops} & {(one.kind, one.key) for one in other}


def test_a_terminal_without_a_merchant_has_a_share_of_its_own() -> None:
    shop = make.make_shop()
    second = make_terminal(make_sim(shop.account))

    for terminal in (shop.terminal, second):
        Client().post(f"/t/{terminal.sticker_code}/quote", {"offering": str(shop.year.pk)})

    first, other = PageOrder.objects.values_list("shares", flat=True)
    assert first != other


def test_what_cannot_be_placed_counts_for_nothing() -> None:
    shop = make.make_shop()
    where = press(Client(), shop)
    ProviderAccount.objects.update(paused_at=clock.now())
    for _ in range(SHARE_OF_A_SHOP + 1):
        with pytest.raises(CannotPlace, match="provider_paused"):
            place(order_id=Order.objects.get().pk, way="native")
    ProviderAccount.objects.update(paused_at=None)

    assert pay(where) == where
