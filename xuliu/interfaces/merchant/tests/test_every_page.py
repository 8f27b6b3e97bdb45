"""Every page in every state, looked at by axe and measured: accessible, nothing too small to touch, nothing cut off."""

import pytest
from playwright.sync_api import Browser, Page
from pytest_django.fixtures import Settings

from tests.browsing import ADDRESS_HEADER, violations, with_axe
from xuliu.interfaces.merchant.tests.gallery import hang

pytestmark = pytest.mark.browser

PHONE, SMALL_PHONE, DESK = 390, 320, 1280
HEIGHT = 844
# What can be touched and stands on its own must be 48 pixels high; a link in the flow of a sentence is as high as its
# line.
MEASURE = """() => [
  ...[...document.querySelectorAll(
      'button, .go, .link, .language, .mark, .aside > a, .rows a, .plan label, summary, .asof a, .bar p a, .notice a'
      + ', input:not([type=hidden]):not([type=radio])')]
    .filter(each => each.offsetParent !== null && each.getBoundingClientRect().height < 48)
    .map(each => 'too small: ' + each.outerHTML.slice(0, 80) + ' ' + each.getBoundingClientRect().height),
  ...[...document.querySelectorAll('[style], style, script:not([src])')].map(each => 'inline: ' + each.outerHTML)]"""
CUT_OFF = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
# All rules by day; by night only what night changes; at a desk, which shows the same page wider, what is measured.
LOOKS = {
    "in Chinese on a phone by day": ("zh-CN", "light", [], [PHONE, SMALL_PHONE]),
    "in English on a phone by night and at a desk": ("en-GB", "dark", ["color-contrast"], [PHONE, SMALL_PHONE, DESK]),
}


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_can_be_read_touched_and_heard(
    live_site: str, browser: Browser, settings: Settings, look: str
) -> None:
    settings.XULIU_ADDRESS_HEADER, settings.XULIU_BASE_URL = ADDRESS_HEADER, live_site
    locale, scheme, rules, widths = LOOKS[look]
    context = with_axe(browser.new_context(locale=locale, color_scheme="dark" if scheme == "dark" else "light"))
    tab, said, faults = context.new_page(), [], []
    tab.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: said.append(str(error)))

    for page in hang():
        _widen(tab, PHONE)
        page.open(tab, live_site)
        faults += [f"{page.name}: axe {rule}: {element}" for rule, element in violations(tab, only=rules)]
        faults += [f"{page.name}: {fault}" for width in widths for fault in _measured(tab, width)]
        faults += [f"{page.name}: {text}" for text in said if "the server responded with a status of 4" not in text]
        said.clear()

    context.close()
    assert faults == []


def _measured(tab: Page, width: int) -> list[str]:
    _widen(tab, width)
    found = [] if width == SMALL_PHONE else list(tab.evaluate(MEASURE))
    return found + ([f"cut off at {width} pixels"] if tab.evaluate(CUT_OFF) > 0 else [])


def _widen(tab: Page, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": HEIGHT})
