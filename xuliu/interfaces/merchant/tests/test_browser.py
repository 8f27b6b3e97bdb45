"""What only a browser can show: taps, keys, polls, weight, and that no script is needed."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connections
from playwright.sync_api import Browser, Page, ViewportSize, expect
from pytest_django.fixtures import Settings

from tests import make, sales
from tests.browsing import served
from xuliu.common import clock
from xuliu.common.state import move
from xuliu.ordering.models import Order, OrderLine
from xuliu.payment.models import Payment

pytestmark = pytest.mark.browser

PHONE: ViewportSize = {"width": 390, "height": 844}
MOST_BYTES = 60 * 1024


@pytest.fixture
def shop(live_site: str, settings: Settings) -> make.Shop:
    """Lin's shop on a site of its own, its SIM read a while ago."""
    settings.XULIU_BASE_URL = live_site
    shop = make.make_shop()
    make.make_reading(shop.sim)
    return shop


@pytest.fixture
def mei(browser: Browser) -> Iterator[Page]:
    """Cashier Mei's phone."""
    context = browser.new_context(viewport=PHONE, locale="en-GB", has_touch=True)
    yield context.new_page()
    context.close()


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A phone that runs no script."""
    context = browser.new_context(viewport=PHONE, locale="en-GB", java_script_enabled=False)
    yield context.new_page()
    context.close()


def sticker(site: str, shop: make.Shop) -> str:
    """Where the sticker leads."""
    return f"{site}/t/{shop.terminal.sticker_code}"


def pay(order: Order) -> None:
    """The worker and the payer do their part."""
    at = clock.now()
    payment = Payment.objects.get(order_id=order.pk)
    move(Payment, [payment.pk], to=Payment.State.SUCCEEDED, also={"is_applied": True, "paid_at": at})
    move(Order, [order.pk], to=Order.State.PAID, also={"paid_at": at})
    move(OrderLine, list(order.lines.values_list("id", flat=True)), to=OrderLine.State.READY)


def open_payment() -> Order:
    """The worker opens the one payment at the provider."""
    payment = Payment.objects.get()
    move(Payment, [payment.pk], to=Payment.State.PENDING, also={"token": "weixin://wxpay/bizpayurl?pr=abc"})
    return Order.objects.get(id=payment.order_id)


def test_the_page_follows_the_order_by_itself_to_the_receipt(live_site: str, shop: make.Shop, mei: Page) -> None:
    mei.goto(sticker(live_site, shop))
    mei.tap("text=Renew 12 months for ¥36.00")
    mei.tap("text=Pay ¥36.00 with WeChat")
    expect(mei.get_by_text("Preparing the payment")).to_be_visible()

    order = open_payment()
    expect(mei.get_by_text("Scan with WeChat to pay")).to_be_visible(timeout=10_000)
    pay(order)
    expect(mei.get_by_text("Paid, under way")).to_be_visible(timeout=10_000)
    sales.make_completed(order)
    mei.get_by_text("To the receipt").tap(timeout=10_000)

    expect(mei.get_by_role("heading", name="Receipt for data fees")).to_be_visible()


def test_without_a_script_everything_works_by_reload(live_site: str, shop: make.Shop, plain: Page) -> None:
    plain.goto(sticker(live_site, shop))
    plain.click("text=6 months")
    assert plain.is_hidden("text=Renew 12 months for ¥36.00")
    plain.click("text=Renew 6 months for ¥21.00")
    plain.click("text=Pay ¥21.00 with WeChat")
    expect(plain.get_by_text("Preparing the payment")).to_be_visible()

    order = open_payment()
    expect(plain.get_by_text("Scan with WeChat to pay")).to_be_visible(timeout=10_000)
    pay(order)
    expect(plain.get_by_text("Paid, under way")).to_be_visible(timeout=10_000)
    plain.click("text=Withdraw and get the money back")

    assert order.lines.get().state == OrderLine.State.REJECTED


def test_a_typed_number_needs_no_script_either(live_site: str, shop: make.Shop, plain: Page) -> None:
    plain.goto(live_site)
    plain.fill("#typed", make.ICCID)
    plain.press("#typed", "Enter")

    expect(plain.get_by_text("China Mobile, ending 0973")).to_be_visible()
    assert plain.get_by_text("198").count() == 0


def test_the_asker_sees_what_the_owner_did(live_site: str, shop: make.Shop, mei: Page, browser: Browser) -> None:
    order = sales.make_quote(shop)
    mei.goto(f"{live_site}/o/{order.code}")
    mei.tap("text=Ask the owner to pay")
    link = mei.input_value("#link")
    lin = browser.new_context(viewport=PHONE, locale="zh-CN").new_page()

    lin.goto(link)
    lin.click("text=微信支付")
    expect(lin.get_by_text("正在准备付款")).to_be_visible()
    open_payment()
    pay(order)

    expect(mei.get_by_text("Paid, under way")).to_be_visible(timeout=10_000)
    expect(lin.get_by_text("已付款，办理中")).to_be_visible(timeout=10_000)
    lin.context.close()


def test_a_fresh_figure_takes_the_place_of_the_stored_one_and_the_choice_stays(
    live_site: str, shop: make.Shop, mei: Page
) -> None:
    make.make_reading(shop.sim, asked_at=clock.now() - timedelta(minutes=6))
    mei.goto(sticker(live_site, shop))
    expect(mei.get_by_text("198\u00a0MB left")).to_be_visible()
    mei.tap("text=3 months")

    make.make_reading(shop.sim, left_bytes=150 * make.MB, used_bytes=150 * make.MB, requested_at=None, minutes_ago=0)

    expect(mei.get_by_text("150\u00a0MB left")).to_be_visible(timeout=10_000)
    expect(mei.get_by_text("just now")).to_be_visible()
    assert mei.is_checked(f"#plan-{shop.quarter.pk}")
    assert mei.is_visible("text=Renew 3 months for ¥12.00")


def test_two_quick_taps_are_one_request(live_site: str, shop: make.Shop, mei: Page) -> None:
    mei.goto(sticker(live_site, shop))

    mei.dblclick("text=Renew 12 months for ¥36.00")
    expect(mei.get_by_text("Pay ¥36.00 with WeChat")).to_be_visible()

    assert Order.objects.count() == 1


def test_going_back_and_forth_leaves_one_payment(live_site: str, shop: make.Shop, mei: Page) -> None:
    mei.goto(sticker(live_site, shop))
    mei.tap("text=Renew 12 months for ¥36.00")
    mei.tap("text=Pay ¥36.00 with WeChat")
    expect(mei.get_by_text("Preparing the payment")).to_be_visible()

    mei.go_back()
    mei.goto(mei.url)
    expect(mei.get_by_text("Preparing the payment").or_(mei.get_by_text("Renew 12 months"))).to_be_visible()

    assert Payment.objects.count() == 1


def test_the_keyboard_alone_chooses_and_pays(live_site: str, shop: make.Shop, mei: Page) -> None:
    mei.goto(sticker(live_site, shop))
    mei.keyboard.press("Tab")
    expect(mei.locator(".skip")).to_be_focused()
    mei.keyboard.press("Enter")
    for _ in range(6):
        mei.keyboard.press("Tab")
        if mei.evaluate("document.activeElement.name") == "plan":
            break
    mei.keyboard.press("ArrowDown")
    assert mei.is_checked(f"#plan-{shop.half_year.pk}")
    mei.keyboard.press("Tab")
    mei.keyboard.press("Enter")

    expect(mei.get_by_text("Pay ¥21.00 with WeChat")).to_be_visible()
    assert Order.objects.get().lines.get().offering == shop.half_year


def test_the_first_load_of_every_first_page_weighs_less_than_sixty_kilobytes(
    fresh_database: str, browser: Browser
) -> None:
    shop = make.make_shop()
    make.make_reading(shop.sim)
    order, receipt = sales.make_quote(shop), sales.make_completed(sales.make_paid(sales.make_quote(shop)))
    connections.close_all()
    paths = ["/", f"/t/{shop.terminal.sticker_code}", f"/o/{order.code}", f"/r/{receipt.code}"]

    with served(fresh_database) as site:
        weights = {path: _weight(browser, site + path) for path in paths}

    assert max(weights.values()) < MOST_BYTES, weights
    assert min(weights.values()) > 15_000, weights  # htmx came, too


def _weight(browser: Browser, url: str) -> int:
    """The bytes that went over the wire, headers included, with nothing in the cache."""
    context = browser.new_context(viewport=PHONE)
    tab, loaded = context.new_page(), []
    network = context.new_cdp_session(tab)
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda event: loaded.append(int(event["encodedDataLength"])))
    tab.goto(url, wait_until="networkidle")
    context.close()
    return sum(loaded)
