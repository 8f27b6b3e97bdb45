"""Zero bytes and huge numbers in addresses, queries, cookies and fields: every page says "not here", none breaks."""

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests import sales
from tests.make import make_shop
from tests.sales import make_quote
from xuliu.interfaces.console.tests import people

pytestmark = pytest.mark.django_db

HUGE = "9" * 23
PARAMETERS = re.compile(r"<(?:\w+:)?\w+>|\(\?P<\w+>[^()]*\)")
QUERIES = ("q", "p", "o", "id__exact", "state", "next", "plan", "refused", "seen", "code", "dark", "account", "paused")
# Pages that end the session, and those that every table has and that are one code for all of them.
LEFT_OUT = re.compile(r"logout/|(?<!inventory/sim/)(?:add|<path:object_id>/(?:history|delete)|<path:object_id>)/$")


def addresses(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """The address of every page, with its parameters' places."""
    for found in resolver.url_patterns:
        here = before + str(found.pattern)
        if isinstance(found, URLResolver):
            yield from addresses(found, here)
        elif isinstance(found, URLPattern) and not LEFT_OUT.search(here):
            yield here.replace("^", "").replace("$", "")


ADDRESSES = sorted(set(addresses(get_resolver())))


class Forms(HTMLParser):
    """The forms of a page that are sent by POST: where to, and what stands in their fields."""

    def __init__(self, page: str, path: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self._is_inside, self._path = False, path
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._is_inside = known.get("method", "").lower() == "post"
            if self._is_inside:
                self.found.append((known.get("action") or self._path, {}))
        elif self._is_inside and tag in ("input", "textarea", "select", "button") and known.get("name"):
            self.found[-1][1].setdefault(known["name"], known.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        self._is_inside = self._is_inside and tag != "form"


def statuses(browser: Client, paths: Iterable[str]) -> dict[str, int]:
    """What became of the forms of these pages with a zero byte in their last field, by address."""
    found = {}
    for path in paths:
        for action, fields in Forms(browser.get(path).content.decode(), path).found:
            names = [name for name in fields if name != "csrfmiddlewaretoken"]
            if names and action not in found:
                found[action] = browser.post(action, fields | {names[-1]: f"{fields[names[-1]]}1\0"}).status_code
    return found


@pytest.fixture(params=["visitor", "staff"])
def browser(request: pytest.FixtureRequest) -> Client:
    """A stranger's browser, and that of an administrator; errors are answers to both."""
    sales.make_desk()
    client = Client() if request.param == "visitor" else people.signed_in(people.olga())
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("value", ["1%00", HUGE])
def test_no_address_breaks(browser: Client, value: str) -> None:
    paths = ["/" + PARAMETERS.sub(value, address) for address in ADDRESSES if PARAMETERS.search(address)]

    answers = {path: browser.get(path).status_code for path in paths}

    assert [path for path, status in answers.items() if status >= 500] == []
    assert value == HUGE or set(answers.values()) == {404}


@pytest.mark.parametrize("value", ["898%00604", HUGE])
def test_no_query_breaks(browser: Client, value: str) -> None:
    query = "&".join(f"{name}={value}" for name in QUERIES)
    paths = [f"/{address}?{query}" for address in ADDRESSES if not PARAMETERS.search(address)]
    paths += [f"/console/inventory/sim/?{name}={value}" for name in QUERIES]

    assert [path for path in paths if browser.get(path).status_code >= 500] == []


def test_no_field_of_the_phone_pages_breaks(client: Client) -> None:
    shop = make_shop()
    order, client.raise_request_exception = make_quote(shop), False
    here = reverse("merchant:sticker", args=[shop.terminal.sticker_code])

    found = statuses(client, ["/", here, reverse("merchant:order", args=[order.code])])

    assert "/look-up" in found
    assert set(found.values()) == {404}


def test_no_field_of_the_console_breaks() -> None:
    desk, sun, staff = sales.make_desk(), people.sun(), people.signed_in(people.olga())
    staff.raise_request_exception = False
    rows = {
        "ordering_orderline": desk.unknown.pk,
        "inventory_sim": desk.shop.sim.pk,
        "carrier_carrieraccount": desk.shop.account.pk,
        "payment_provideraccount": desk.shop.provider.pk,
        "catalog_price": desk.shop.year.prices.get().pk,
        "party_person": sun.pk,
    }
    changed = [reverse(f"admin:{table}_change", args=[key]) for table, key in rows.items()]
    added = [reverse(f"admin:{table}_add") for table in ("catalog_offering", "catalog_pricelist", "party_merchant")]

    found = statuses(staff, [*changed, *added, reverse("admin:person_private", args=[sun.pk])])

    assert len(found) > 10
    assert set(found.values()) == {404}


@pytest.mark.parametrize("name", ["xuliu_session", "xuliu_csrf", "xuliu_language", "xuliu_orders"])
def test_a_cookie_with_a_zero_byte_is_as_if_it_were_not_sent(name: str) -> None:
    browser = Client(raise_request_exception=False, headers={"cookie": f'{name}="\\000{"a" * 40}"'})

    assert browser.get("/").status_code == 200
    assert browser.get("/accounts/login/").status_code == 200
    assert browser.get("/console/").status_code == 302


def test_a_number_with_a_zero_byte_is_said_not_to_be_here_in_the_pages_own_words(client: Client) -> None:
    answer = client.post("/look-up", {"typed": "8986044\x00000000000000371"}, headers={"Accept-Language": "en"})

    assert answer.status_code == 404
    assert "There is no such number here (an ICCID has only digits" in answer.content.decode()
    assert "at place 8 stands U+0000 NULL" in answer.content.decode()


def test_what_a_form_asks_for_is_not_half_done_before_a_zero_byte_is_found(client: Client) -> None:
    sun, staff = people.sun(), people.signed_in(people.olga())

    answer = staff.post(reverse("admin:person_factor", args=[sun.pk]), {"why": "phone stolen\0"})

    assert answer.status_code == 404
    assert Authenticator.objects.filter(user=sun).exists()


@pytest.mark.parametrize("path", ["/webhooks/wechat/", "/static/%00", "/healthz?%00"])
def test_notices_files_and_health_do_not_break_either(client: Client, path: str) -> None:
    client.raise_request_exception = False

    assert client.post(path, b'{"id": "\\u0000\0"}', content_type="application/json").status_code < 500
    assert client.get(path).status_code < 500


@pytest.mark.parametrize("charset", ["utf-7", "rot13", "gbk", "utf-16", "nope"])
def test_a_form_is_read_as_utf8_whatever_charset_it_names(client: Client, charset: str) -> None:
    form, typed = f"application/x-www-form-urlencoded; charset={charset}", f"typed={make_shop().sim.iccid}".encode()
    assert client.generic("POST", "/look-up", typed, content_type=form).status_code == 302
    strict = Client(enforce_csrf_checks=True)
    assert strict.generic("POST", "/look-up", typed, content_type=form).status_code == 403
