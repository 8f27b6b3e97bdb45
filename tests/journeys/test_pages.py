"""From the sticker to the receipt on a phone, with the whole line behind it: pages, worker, provider and carrier."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests import due
from tests.browsing import chromium
from tests.make import make_terminal
from tests.world import World, line_states, make_sims
from xuliu.inventory.models import Sim
from xuliu.ordering.models import Order

pytestmark = pytest.mark.browser

PHONE: ViewportSize = {"width": 390, "height": 844}
WECHAT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36 MicroMessenger/8.0"
MOST_TAPS, MOST_SECONDS = 3, 30.0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One chromium for the module."""
    with pytest.MonkeyPatch.context() as patch:
        # Playwright keeps an event loop in this thread; Django would take every query here for a blocking one.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with chromium() as running:
            yield running


@contextmanager
def working() -> Iterator[None]:
    """A worker beside the browser."""
    ended, failed = threading.Event(), []

    def work() -> None:
        try:
            while not ended.is_set():
                if not due.run_all():
                    ended.wait(0.1)
        except Exception as error:  # noqa: BLE001  # whatever stops the worker fails the test
            failed.append(error)
        finally:
            connections.close_all()

    worker = threading.Thread(target=work, name="worker")
    worker.start()
    try:
        yield
    finally:
        ended.set()
        worker.join()
    assert failed == []


def make_sticker(sim: Sim) -> str:
    """The SIM is put into a terminal; where that one's sticker leads."""
    return f"/t/{make_terminal(sim).sticker_code}"


class Thumb:
    """Taps, and counts them."""

    def __init__(self, tab: Page) -> None:
        self.tab, self.taps = tab, 0

    def tap(self, what: str) -> None:
        """Tap what carries this text."""
        self.tab.get_by_text(what).first.tap(timeout=10_000)
        self.taps += 1


def test_inside_wechat_it_is_three_taps_and_less_than_half_a_minute_from_sticker_to_paid(
    world: World, live_site: str, browser: Browser
) -> None:
    (sim,) = make_sims(world, "onelink")
    sticker = make_sticker(sim)
    context = browser.new_context(viewport=PHONE, locale="zh-CN", user_agent=WECHAT, has_touch=True)
    thumb, begun = Thumb(context.new_page()), time.monotonic()

    with working():
        thumb.tab.goto(live_site + sticker)
        thumb.tap("支付 ¥36.00")
        thumb.tap("微信支付")
        _confirm(thumb)
        thumb.tab.get_by_text("回到商户").click()  # WeChat's own sheet closes by itself
        expect(thumb.tab.get_by_text("已付款").first).to_be_visible(timeout=20_000)
        taken = time.monotonic() - begun
        expect(thumb.tab.get_by_text("续费成功")).to_be_visible(timeout=60_000)
        thumb.tab.get_by_text("查看凭证").tap(timeout=30_000)
        expect(thumb.tab.get_by_text("流量费凭证")).to_be_visible()

    context.close()
    assert thumb.taps <= MOST_TAPS
    assert taken < MOST_SECONDS
    assert line_states(Order.objects.get()) == ["COMPLETED"]


def test_elsewhere_the_owner_scans_the_code_and_the_shops_phone_shows_the_result(
    world: World, live_site: str, browser: Browser
) -> None:
    (sim,) = make_sims(world, "1nce")
    context = browser.new_context(viewport=PHONE, locale="en-GB", has_touch=True)
    thumb, begun = Thumb(context.new_page()), time.monotonic()

    with working():
        thumb.tab.goto(live_site + make_sticker(sim))
        thumb.tap("Renew 12 months")
        thumb.tap("with WeChat")
        expect(thumb.tab.get_by_text("Scan with WeChat to pay")).to_be_visible(timeout=10_000)
        owner = browser.new_context(viewport=PHONE, user_agent=WECHAT, has_touch=True)
        payer = Thumb(owner.new_page())
        payer.tab.goto(thumb.tab.get_by_role("link", name="Demo: play the payer").get_attribute("href") or "")
        _confirm(payer)
        expect(thumb.tab.get_by_text("Paid").first).to_be_visible(timeout=20_000)
        taken = time.monotonic() - begun
        expect(thumb.tab.get_by_role("heading", name="Renewed")).to_be_visible(timeout=60_000)

    owner.close()
    context.close()
    assert thumb.taps + payer.taps <= MOST_TAPS
    assert taken < MOST_SECONDS


def _confirm(thumb: Thumb) -> None:
    """The payer confirms on the sandbox's page, as on WeChat's own sheet."""
    thumb.tab.locator("button[value=pay]").tap(timeout=20_000)
    thumb.taps += 1
