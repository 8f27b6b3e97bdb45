"""Every page in every state, looked at by axe and measured: accessible, nothing too small to touch, nothing cut off."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from pytest_django.fixtures import Settings

from tests.browsing import ADDRESS_HEADER
from xuliu.interfaces.merchant.tests.gallery import hang

pytestmark = pytest.mark.browser

TOUCH_PIXELS = 48
ALL = "every rule"
# What can be touched and stands on its own; a link in the flow of a sentence is as high as its line.
TOO_SMALL = """least => [...document.querySelectorAll(
    'button, .go, .link, .language, .mark, .aside > a, .rows a, .plan label, summary, .asof a, .bar p a, .notice a'
    + ', input:not([type=hidden]):not([type=radio])')]
  .filter(each => each.offsetParent !== null && each.getBoundingClientRect().height < least)
  .map(each => each.outerHTML.slice(0, 80) + ' ' + each.getBoundingClientRect().height)"""
CUT_OFF = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
SCRIPTED = "() => [...document.querySelectorAll('[style], style, script:not([src])')].map(each => each.outerHTML)"
# All rules by day; by night only what night changes; at a desk what is measured without axe.
LOOKS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("a phone in Chinese by day", {"width": 390, "locale": "zh-CN", "color_scheme": "light"}, [ALL]),
    ("a phone in English by night", {"width": 390, "locale": "en-GB", "color_scheme": "dark"}, ["color-contrast"]),
    ("a desk in English by day", {"width": 1280, "locale": "en-GB", "color_scheme": "light"}, []),
]


@pytest.mark.parametrize(("look", "rules"), [each[1:] for each in LOOKS], ids=[each[0] for each in LOOKS])
def test_every_page_can_be_read_touched_and_heard(
    live_site: str, browser: Browser, settings: Settings, look: dict[str, Any], rules: list[str]
) -> None:
    settings.XULIU_ADDRESS_HEADER, settings.XULIU_BASE_URL = ADDRESS_HEADER, live_site
    context = browser.new_context(
        viewport={"width": look["width"], "height": 844}, locale=look["locale"], color_scheme=look["color_scheme"]
    )
    tab, said, faults = context.new_page(), [], []
    tab.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: said.append(str(error)))

    for page in hang():
        page.open(tab, live_site)
        faults += [f"{page.name}: {fault}" for fault in [*_heard(tab, rules), *_measured(tab)]]
        faults += [f"{page.name}: {text}" for text in said if "the server responded with a status of 4" not in text]
        said.clear()

    context.close()
    assert faults == []


def _heard(tab: Page, rules: list[str]) -> list[str]:
    if not rules:
        return []
    options = {} if rules == [ALL] else {"runOnly": {"type": "rule", "values": rules}}
    heard = Axe().run(tab, options=options).response
    assert heard["passes"]  # axe saw a page at all
    return [
        f"axe {violation['id']}: {node['html'][:120]}"
        for violation in heard["violations"]
        for node in violation["nodes"]
    ]


def _measured(tab: Page) -> list[str]:
    found = [f"too small: {each}" for each in tab.evaluate(TOO_SMALL, TOUCH_PIXELS)]
    found += [f"inline: {each}" for each in tab.evaluate(SCRIPTED)]
    found += ["cut off on the right"] if tab.evaluate(CUT_OFF) > 0 else []
    size = tab.viewport_size
    tab.set_viewport_size({"width": 320, "height": 700})
    found += ["cut off at 320 pixels"] if tab.evaluate(CUT_OFF) > 0 else []
    tab.set_viewport_size(size or {"width": 390, "height": 844})
    return found
