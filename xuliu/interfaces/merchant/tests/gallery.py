"""Every page in every state worth looking at, for pictures and for axe."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin

from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page as Tab

from tests import make, sales
from tests.browsing import ADDRESS_HEADER
from tests.make import make_terminal
from xuliu.carrier.models import CarrierAccount
from xuliu.common import clock
from xuliu.common.codes import new_code
from xuliu.interfaces.merchant.browsers import COOKIE
from xuliu.interfaces.merchant.tests import signing_in
from xuliu.inventory.look_ups import LOOK_UPS_AN_ADDRESS, look_up
from xuliu.inventory.models import Sim
from xuliu.ordering.buying.place import place
from xuliu.ordering.models import Order, OrderLine
from xuliu.payment.accounts import set_credentials
from xuliu.payment.models import Payment, ProviderAccount, Refund

BUSY_ADDRESS = "192.0.2.7"


@dataclass(frozen=True)
class Hung:
    """One page: where it is and what is done there before one looks."""

    name: str
    path: str
    prepare: Callable[[Tab], None] = lambda tab: None

    def open(self, tab: Tab, address: str) -> None:
        """Go there and make it ready."""
        tab.goto(address + self.path, wait_until="load")
        self.prepare(tab)


def hang() -> list[Hung]:
    """Make the states and say where they are."""
    return [*_sims(), *_orders(), *_ends(), *_others()]


def _shop(number: int, **fields: Any) -> make.Shop:
    return make.make_shop(**{"iccid": f"898604B01020709{number:05d}", **fields})


def _sim(name: str, number: int, *, days: int | None = 12, **reading: Any) -> Hung:
    shop = _shop(number, days=days)
    if reading.pop("is_read", True):
        make.make_reading(shop.sim, **reading)
    return Hung(f"sim-{name}", reverse("merchant:sticker", args=[shop.terminal.sticker_code]))


def _sims() -> list[Hung]:
    paused, busy, now = _shop(10), _shop(11), clock.now()
    CarrierAccount.objects.filter(id=paused.account.pk).update(paused_at=now, paused_why="balance")
    make.make_reading(paused.sim)
    make.make_reading(busy.sim)
    sales.make_gone(sales.make_paid(sales.make_quote(busy)), OrderLine.State.SUBMITTING)
    terminated = _shop(12, state=Sim.State.TERMINATED)
    codes = {"paused": paused, "under-way": busy, "terminated": terminated}
    return [
        _sim("soon", 1),
        _sim("well", 2, days=200),
        _sim("expired", 3, days=-3),
        _sim("exhausted", 4, days=90, used_bytes=300 * make.MB, left_bytes=0),
        _sim("low", 5, days=90, used_bytes=288 * make.MB, left_bytes=12 * make.MB),
        _sim("today", 6, days=0),
        _sim("unknown", 7, days=None, is_read=False),
        _sim("blocked", 8, blocked_why="欠费 12.00 元"),
        _sim("silent", 9, failed_at=now, minutes_ago=300),
        _sim("suspended", 13, days=90, carrier_state="suspended"),
        *(
            Hung(f"sim-{name}", reverse("merchant:sticker", args=[shop.terminal.sticker_code]))
            for name, shop in codes.items()
        ),
    ]


def _order(name: str, order: Order) -> Hung:
    return Hung(f"order-{name}", reverse("merchant:order", args=[order.code]))


def _orders() -> list[Hung]:
    shops = [_shop(20 + number) for number in range(9)]
    states = OrderLine.State
    quoted = sales.make_quote(shops[0])
    opening, native = sales.make_quote(shops[1]), sales.make_quote(shops[2])
    place(order_id=opening.pk, way="native")
    sales.make_payment(native)
    ready = sales.make_paid(sales.make_quote(shops[3]), seconds_ago=4)
    sent = sales.make_gone(sales.make_paid(sales.make_quote(shops[4]), seconds_ago=9), states.SUBMITTING)
    checked = sales.make_gone(
        sales.make_paid(sales.make_quote(shops[5]), seconds_ago=14),
        states.SUBMITTING,
        states.ACCEPTED,
        states.VERIFYING,
    )
    add_on = sales.make_quote(shops[6], shops[6].data)
    troubled = sales.make_quote(shops[8])
    place(order_id=troubled.pk, way="native")
    Payment.objects.filter(order_id=troubled.pk).update(trouble_at=clock.now())
    return [
        _order("quote", quoted),
        _order("quote-add-on", add_on),
        Hung("order-ask", reverse("merchant:ask", args=[quoted.code])),
        _order("opening", opening),
        _order("trouble", troubled),
        _order("pay-qr", native),
        *_sheets(shops[7]),
        _order("paid", ready),
        _order("sent", sent),
        _order("checking", checked),
    ]


def _sheets(shop: make.Shop) -> list[Hung]:
    """To be paid inside WeChat, through an account that is no sandbox: nothing plays the payer here."""
    order = sales.make_quote(shop)
    payment = sales.make_payment(order, way="jsapi", payer_id="openid-of-lin")
    real = ProviderAccount.objects.create(code="wechat-real", provider="wechatpay", seller=shop.price_list.seller)
    set_credentials(real, make.wechat_config())
    Payment.objects.filter(id=payment.pk).update(account=real)
    path, client = reverse("merchant:order", args=[order.code]), Client()
    signing_in.sign_in(client, payment)
    return [
        Hung("order-pay-sheet", path, _in_wechat(client.cookies[COOKIE].value)),
        Hung("order-pay-elsewhere", path),
        Hung("order-pay-choose", path, _in_wechat("")),
    ]


def _in_wechat(payer: str) -> Callable[[Tab], None]:
    def come_again(tab: Tab) -> None:
        if payer:
            cookie = {
                "name": COOKIE,
                "value": payer,
                "url": urljoin(tab.url, "/"),
            }  # of the whole site, as the site sets it
            tab.context.add_cookies([cookie])  # type: ignore[list-item]  # as Playwright documents it
        tab.set_extra_http_headers({"User-Agent": "MicroMessenger/8.0"})
        tab.reload(wait_until="load")
        tab.set_extra_http_headers({})
        tab.context.clear_cookies(name=COOKIE)

    return come_again


def _ends() -> list[Hung]:
    shops = [_shop(30 + number) for number in range(7)]
    receipt = sales.make_completed(sales.make_paid(sales.make_quote(shops[0]), seconds_ago=60))
    refunded = sales.make_failed(sales.make_paid(sales.make_quote(shops[1]), seconds_ago=60))
    refunding = sales.make_failed(sales.make_paid(sales.make_quote(shops[2]), seconds_ago=60), is_refunded=False)
    states = OrderLine.State
    disputed = sales.make_gone(
        sales.make_paid(sales.make_quote(shops[3]), seconds_ago=90),
        states.SUBMITTING,
        states.VERIFYING,
        states.DISPUTED,
    )
    overdue = sales.make_paid(sales.make_quote(shops[5]), seconds_ago=3 * 3600)
    late = sales.make_failed(sales.make_paid(sales.make_quote(shops[6]), seconds_ago=30 * 3600), is_refunded=False)
    Refund.objects.filter(payment__order_id=late.pk).update(requested_at=clock.now() - timedelta(hours=25))
    lapsed = sales.make_quote(shops[4])
    Order.objects.filter(id=lapsed.pk).update(valid_until=clock.now() - timedelta(minutes=1))
    return [
        _order("completed", receipt.order),
        _order("refunded", refunded),
        _order("refunding", refunding),
        _order("disputed", disputed),
        _order("overdue", overdue),
        _order("refund-late", late),
        _order("lapsed", lapsed),
        Hung("receipt", reverse("merchant:receipt", args=[receipt.code])),
        Hung("check-genuine", reverse("merchant:check", args=[receipt.check_code])),
        Hung("check-forged", reverse("merchant:check", args=[new_code()])),
    ]


def _others() -> list[Hung]:
    empty = make_terminal()
    shop, full = _shop(40, days=200), _shop(41)
    make.make_reading(shop.sim)
    make.make_reading(full.sim)
    sticker = reverse("merchant:sticker", args=[full.terminal.sticker_code])
    quoted = reverse("merchant:order", args=[sales.make_quote(full).code])
    return [
        Hung("home", "/"),
        Hung("home-not-found", "/", _type("8986040000000000000")),
        Hung("home-not-found-why", "/", _type("8986O4А0000000000001")),
        Hung("sim-typed", "/", _type(shop.sim.iccid)),
        Hung("no-sim", reverse("merchant:sticker", args=[empty.sticker_code])),
        Hung("check-form", reverse("merchant:check_form")),
        Hung("error-404", "/nowhere"),
        Hung("limited", "/", _too_often()),
        Hung("sim-too-many-open", f"{sticker}?refused=too_many_open_here"),
        Hung("sim-typed-too-many-open", f"{sticker}?refused=too_many_open"),
        Hung("order-too-many-openings", f"{quoted}?refused=too_many_openings"),
    ]


def _type(text: str) -> Callable[[Tab], None]:
    def typed(tab: Tab) -> None:
        tab.fill("#typed", text)
        tab.click("button.go")
        tab.wait_for_load_state("load")

    return typed


def _too_often() -> Callable[[Tab], None]:
    """Somebody at an address of the documentation's has tried everything already."""
    for number in range(LOOK_UPS_AN_ADDRESS):
        look_up(typed=f"8986040000000{number:07d}", address=BUSY_ADDRESS)

    def typed(tab: Tab) -> None:
        tab.set_extra_http_headers({ADDRESS_HEADER: BUSY_ADDRESS})
        _type("898604B0102070900040")(tab)
        tab.set_extra_http_headers({})

    return typed
