"""Every page of the console in a real browser: accessible, nothing cut off, nothing that the policy stops."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.fixtures import Settings

from tests import sales
from tests.browsing import ADDRESS_HEADER, violations, with_axe
from tests.make import make_shop
from xuliu.interfaces.console.tests import people
from xuliu.interfaces.console.tests.gallery import Hung, hang
from xuliu.interfaces.console.tests.test_door import code_of
from xuliu.ordering.models import OrderLine
from xuliu.party.roles import FINANCE

pytestmark = pytest.mark.browser

CUT_OFF = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
DRAWN_BY_UNFOLD = "() => document.body.classList.contains('x-unfold')"
LOOKS: dict[str, dict[str, Any]] = {
    "in Chinese at a desk by day": {
        "viewport": {"width": 1280, "height": 900},
        "locale": "zh-CN",
        "color_scheme": "light",
    },
    "in English on a phone by night": {
        "viewport": {"width": 390, "height": 844},
        "locale": "en-GB",
        "color_scheme": "dark",
    },
}
# What unfold draws by itself and cannot be told otherwise.
UNFOLDS_OWN = {
    "scrollable-region-focusable",  # its scrolling wrapper around a wide table
    "empty-table-header",
    "aria-allowed-attr",
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_every_page_can_be_read_and_heard(
    look: dict[str, Any], live_site: str, browser: Browser, settings: Settings
) -> None:
    settings.XULIU_ADDRESS_HEADER, settings.XULIU_BASE_URL = ADDRESS_HEADER, live_site
    pages, faults = hang(sims=12), []
    context = with_axe(browser.new_context(**look))
    tab = context.new_page()
    said = _heard(tab)
    for page in pages:
        page.open(tab, live_site)
        faults += [f"{page.name}: {fault}" for fault in _faults(tab)]
        faults += [f"{page.name}: {text}" for text in said if "the server responded with a status of 4" not in text]
        said.clear()
    context.close()
    assert faults == []


def test_two_colleagues_send_a_stuck_line_again(live_site: str, browser: Browser, settings: Settings) -> None:
    settings.XULIU_BASE_URL = live_site
    line = sales.make_unknown(make_shop(), minutes_ago=45)
    path = f"/console/ordering/orderline/{line.pk}/change/"
    fei = people.make_person("fei", FINANCE, has_factor=False)
    secret, sun = people.give_factor(fei), people.sun()

    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    tab = context.new_page()
    tab.goto(live_site + path)
    tab.get_by_label("Sign-in name").fill("fei")
    tab.get_by_label("Password").fill(people.PASSWORD)
    tab.get_by_role("button", name="Sign in", exact=True).click()
    tab.get_by_label("Digits, or a recovery code").fill(code_of(secret))
    tab.get_by_role("button", name="Sign in", exact=True).click()
    _say_so(tab, "I say so: send again", "their desk knows nothing of it")
    expect(tab.get_by_role("status")).to_contain_text("A second person has to say the same")
    expect(tab.get_by_text("You have said so.")).to_be_visible()
    key = str(people.signed_in(sun).session.session_key)
    Hung("line", path, key).open(tab, live_site)
    _say_so(tab, "I say so too: send again", "seen in their portal")
    expect(tab.get_by_role("status")).to_contain_text("two people have said so")
    context.close()

    line.refresh_from_db()
    assert line.state == OrderLine.State.READY


def _say_so(tab: Page, button: str, why: str) -> None:
    form = tab.locator("form", has=tab.get_by_role("button", name=button))
    form.get_by_label("Reason").fill(why)
    form.get_by_role("button").click()


def _heard(tab: Page) -> list[str]:
    """A list that grows with every error the browser reports."""
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: said.append(str(error)))
    return said


def _faults(tab: Page) -> list[str]:
    is_unfolds = tab.evaluate(DRAWN_BY_UNFOLD)
    cut = ["cut off on the right"] if tab.evaluate(CUT_OFF) > 0 else []
    if is_unfolds and tab.evaluate("innerWidth") < 600:
        return cut  # the same page as on the desk, narrower
    found = [f"axe {rule}: {element}" for rule, element in violations(tab) if not (is_unfolds and rule in UNFOLDS_OWN)]
    return found + cut
