"""A way of paying in two folders, a provider's and its page part's: an order is paid by it on the page, over HTTP."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from tests import make, sales
from tests.contracts.peer import RecordedCall, Reply, StandIn
from xuliu.common import clock
from xuliu.interfaces.ways import providers as parts
from xuliu.interfaces.ways.wording import shown_way
from xuliu.interfaces.wording.tests import test_catalogue
from xuliu.ordering.buying.by_notice import apply_notices
from xuliu.ordering.models import Order
from xuliu.payment import providers
from xuliu.payment.accounts import set_credentials
from xuliu.payment.models import Payment, ProviderAccount
from xuliu.payment.payment_steps import ask_payments, open_waiting

DROPPED = Path(__file__).parent / "dropped" / "ways"
ENGLISH, CHINESE = {"Accept-Language": "en"}, {"Accept-Language": "zh-hans"}
WECHAT = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50"}


@contextmanager
def dropped_in(*, with_parts: bool = True) -> Iterator[None]:
    """Mei Pay's folders lie where providers' folders lie while this lasts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(providers, "__path__", [*providers.__path__, str(DROPPED / "providers")])
        if with_parts:
            patch.setattr(parts, "__path__", [*parts.__path__, str(DROPPED / "parts")])
        yield
    theirs = tuple(f"{package.__name__}.meipay" for package in (providers, parts))
    for name in [name for name in sys.modules if name.startswith(theirs)]:
        sys.modules.pop(name)


class MeiPay:
    """Its side: payments are opened and asked about, and a payer pays by coming to its page."""

    def __init__(self) -> None:
        self._payments: dict[str, dict[str, object]] = {}

    def answer(self, asked: RecordedCall) -> Reply:
        """By the last part of the address."""
        reference = asked.path.rpartition("/")[2]
        if asked.method == "POST":
            page = f"http://{asked.headers['host']}/pay/{reference}"
            self._payments[reference] = {"reference": reference, "paid_at": "", **asked.json()}
            return Reply.of({"page": page})
        payment = self._payments[reference]
        if asked.path.startswith("/pay/"):
            payment["paid_at"] = clock.now().isoformat()
            return Reply(status=302, headers={"location": str(payment["back"])})
        return Reply.of(payment)


@pytest.fixture
def mei_pay() -> Iterator[StandIn]:
    peer = StandIn(MeiPay().answer)
    with dropped_in():
        yield peer
    peer.close()


def make_order(mei_pay: StandIn) -> Order:
    """A quote of Lin's shop, whose seller has an account at Mei Pay beside its other one."""
    shop = make.make_shop()
    account = ProviderAccount.objects.create(code="mei", provider="meipay", seller=shop.price_list.seller)
    set_credentials(account, {"base_url": mei_pay.address})
    return sales.make_quote(shop)


def test_an_order_is_paid_by_it_on_the_page_and_the_receipt_names_it(mei_pay: StandIn, live_site: str) -> None:
    order = make_order(mei_pay)
    with httpx.Client(base_url=live_site, headers=ENGLISH, follow_redirects=True) as lin:
        quote = lin.get(reverse("merchant:order", args=[order.code])).text
        assert "Go and pay ¥36.00 at Mei Pay" in quote
        assert "with WeChat" in quote
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', quote)
        assert token
        lin.post(
            reverse("merchant:pay", args=[order.code]), data={"way": "mei-page", "csrfmiddlewaretoken": token[1]}
        ).raise_for_status()
        open_waiting()
        page = lin.get(reverse("merchant:order", args=[order.code])).text
        assert "You pay on Mei Pay's page" in unescape(page)
        leads = re.search(rf'href="({re.escape(mei_pay.address)}[^"]*)"', page)
        assert leads

        back = httpx.get(leads[1]).headers["location"]
        there = lin.get(urlsplit(back).path)
        assert there.url.path == reverse("merchant:order", args=[order.code])

        ask_payments()
        apply_notices()
        order.refresh_from_db()
        receipt = sales.make_completed(order)
        where = reverse("merchant:receipt", args=[receipt.code])
        assert re.search(r"Paid by</dt><dd>Mei Pay<", lin.get(where).text)
        assert "美付" in lin.get(where, headers=CHINESE).text
        assert lin.get(reverse("merchant:receipt_pdf", args=[receipt.code])).content.startswith(b"%PDF")


@pytest.mark.django_db
def test_who_chose_one_way_may_go_another_and_only_an_apps_own_way_is_offered_inside_it(
    mei_pay: StandIn, client: Client
) -> None:
    order = make_order(mei_pay)
    path = reverse("merchant:order", args=[order.code])
    where = client.post(f"{path}/pay", {"way": "native"}, headers=ENGLISH).headers["Location"]
    Payment.objects.update(state="PENDING", token="weixin://wxpay/bizpayurl?pr=abc")
    page = client.get(where, headers=ENGLISH).content.decode()
    assert "Scan with WeChat to pay" in page
    assert "Go and pay ¥36.00 at Mei Pay" in page
    inside = client.get(path, headers=ENGLISH | WECHAT).content.decode()
    assert f"{path}/sign-in/jsapi" in inside


def test_its_words_are_set_as_everybodys_are() -> None:
    with dropped_in():
        test_catalogue.test_han_and_figures_stand_a_thin_space_apart()
        test_catalogue.test_punctuation_after_han_is_full_width()


@pytest.mark.django_db
def test_a_way_that_brings_nothing_but_its_providers_name_is_paid_by_the_shared_parts() -> None:
    with dropped_in(with_parts=False):
        way = shown_way("mei-page", total="¥36.00")
    assert way.template == "ways/redirect.html"
    assert way.pay in ("用美付付款\u2009¥36.00", "Pay ¥36.00 with Mei Pay")


@pytest.mark.django_db
def test_a_posted_way_that_is_none_or_needs_a_sign_in_is_refused(client: Client) -> None:
    order = sales.make_quote(make.make_shop())
    path = reverse("merchant:order", args=[order.code])
    for way in ("jsapi", "nobodys", "x" * 300):
        where = client.post(f"{path}/pay", {"way": way}).headers["Location"]
        assert where == f"{path}?refused=way_unknown"
    assert not Payment.objects.exists()
