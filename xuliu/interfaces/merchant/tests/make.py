"""A shop as its pages see it, in any state: Lin's, with cashier Mei and a Newland N910 on the counter.

What a worker would do is done here by hand, through the same single writer of states, so that a page can be looked at
in a state that the line reaches only now and then.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from xuliu.balance.models import Reading
from xuliu.carrier.models import CarrierAccount
from xuliu.catalog.models import Offering, PriceList
from xuliu.catalog.tests.make import make_carrier, make_offering, make_price, make_price_list, make_seller
from xuliu.common import clock
from xuliu.common.codes import new_code
from xuliu.common.state import move
from xuliu.interfaces.merchant.browsers import COOKIE
from xuliu.inventory.models import Sim, Terminal, TerminalModel
from xuliu.inventory.tests.make import make_account, make_sim, make_terminal
from xuliu.ordering.buying.place import place
from xuliu.ordering.buying.quote import Selection, quote
from xuliu.ordering.models import Attempt, Order, OrderLine, Receipt
from xuliu.payment import sign_ins
from xuliu.payment.accounts import set_credentials
from xuliu.payment.models import Payment, ProviderAccount, Refund, SignIn

MB = 1024 * 1024
ICCID = "898604B0102070990973"
CONTACT = {
    "zh-hans": "客服 400-000-0000，每天 8:00–22:00",
    "en": "Help: 400-000-0000, daily 8:00–22:00",
}


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What stands around one terminal."""

    account: CarrierAccount
    price_list: PriceList
    provider: ProviderAccount
    sim: Sim
    terminal: Terminal
    year: Offering
    half_year: Offering
    quarter: Offering
    data: Offering


def today() -> date:
    """Today where the shop stands."""
    return clock.civil_date(clock.now(), "Asia/Shanghai")


def make_shop(*, days: int | None = 12, **fields: Any) -> Shop:
    """Lin's shop; its SIM serves for `days` days after today, or nobody knows until when."""
    carrier = make_carrier("cmcc", name={"zh-hans": "中国移动", "en": "China Mobile"})
    account = make_account(carrier)
    price_list = PriceList.objects.filter(is_public=True).first() or make_price_list(
        is_public=True,
        seller=make_seller(
            name={"zh-hans": "续流物联科技（上海）有限公司", "en": "Xuliu IoT (Shanghai) Ltd"},
            tax_number="91310000MA1K00000X",
            contact_text=CONTACT,
        ),
    )
    ends_on = None if days is None else today() + timedelta(days=days + 1)
    known = {"iccid": ICCID, "period_start_on": ends_on and ends_on - timedelta(days=365), "period_end_on": ends_on}
    sim = make_sim(account, **{**known, **fields})
    model = TerminalModel.objects.get_or_create(brand="新大陆", name="N910")[0]
    terminal = make_terminal(sim, model=model)
    return Shop(
        account=account,
        price_list=price_list,
        provider=_provider(price_list),
        sim=sim,
        terminal=terminal,
        **_offerings(carrier.pk, price_list),
    )


def _offerings(carrier_id: int, price_list: PriceList) -> dict[str, Offering]:
    carrier, made = make_carrier("cmcc"), {}
    if known := {one.code: one for one in Offering.objects.filter(carrier=carrier)}:
        return known
    for name, months, amount_minor in (("year", 12, 3600), ("half_year", 6, 2100), ("quarter", 3, 1200)):
        texts = {"zh-hans": f"{months} 个月 · 每月 300 MB", "en": f"{months} months, 300 MB a month"}
        made[name] = make_offering(carrier, code=name, months=months, name=texts, size_bytes=300 * MB)
        make_price(made[name], price_list, amount_minor)
    texts = {"zh-hans": "加油包 100 MB", "en": "100 MB of extra data"}
    made["data"] = make_offering(carrier, code="data", kind="add_on", name=texts, size_bytes=100 * MB)
    make_price(made["data"], price_list, 1000)
    return made


def _provider(price_list: PriceList) -> ProviderAccount:
    account, is_new = ProviderAccount.objects.get_or_create(
        code="wechat-demo", defaults={"provider": "wechatpay", "seller": price_list.seller, "is_sandbox": True}
    )
    if is_new:
        set_credentials(account, wechat_config())
    return account


@cache
def wechat_config() -> dict[str, str]:
    """A merchant id with keys made for the occasion: once a process, for they take a tenth of a second."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {
        "mchid": "1900000109",
        "merchant_serial": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
        "private_key": private.decode(),
        "api_v3_key": "0123456789abcdef0123456789abcdef",
        "appid": "wx0000000000000000",
        "app_secret": "00000000000000000000000000000000",
        "public_key_id": "PUB_KEY_ID_0119000001092024101100000000000000",
        "public_key": public.decode(),
        "base_url": "http://127.0.0.1:9",
        "authorise_url": "http://127.0.0.1:9/connect/oauth2/authorize",
        "account_url": "http://127.0.0.1:9",
    }


def make_reading(sim: Sim, *, minutes_ago: float = 18, **fields: Any) -> Reading:
    """What the carrier said some minutes ago; asked so lately that nobody asks again."""
    now = clock.now()
    known = {
        "as_of": now - timedelta(minutes=minutes_ago),
        "carrier_state": "active",
        "period_end_on": sim.period_end_on,
        "granted_bytes": 300 * MB,
        "used_bytes": 102 * MB,
        "left_bytes": 198 * MB,
        "asked_at": now,
    }
    return Reading.objects.update_or_create(sim=sim, defaults={**known, **fields})[0]


def make_quote(shop: Shop, offering: Offering | None = None) -> Order:
    """A quote of a year for the shop's SIM."""
    selection = Selection(sim_id=shop.sim.pk, offering_id=(offering or shop.year).pk)
    order_id = quote(selections=[selection], price_list_id=shop.price_list.pk, channel="merchant", is_waited_for=True)
    return Order.objects.get(id=order_id)


def make_payment(order: Order, *, way: str = "native", payer_id: str = "") -> Payment:
    """The order placed and its payment opened at the provider: a token is there to pay by."""
    payment_id = place(order_id=order.pk, way=way, payer_id=payer_id)
    assert payment_id is not None
    token = f"weixin://wxpay/bizpayurl?pr={new_code(9)}" if way == "native" else f"wx{new_code(34)}"
    move(Payment, [payment_id], to=Payment.State.PENDING, also={"token": token})
    return Payment.objects.get(id=payment_id)


def sign_in(client: Client, payment: Payment) -> None:
    """The payer's browser comes back from WeChat, which told us who it is."""
    come_back(client, payment.order_id, payment.account)
    SignIn.objects.filter(state="RETURNED").update(state="KNOWN", payment_id=payment.pk)


def come_back(client: Client, order_id: int, account: ProviderAccount) -> None:
    """The payer's browser comes back from WeChat, and nobody has asked it yet who that is."""
    client.cookies[COOKIE] = new_code()
    browser = sha256(client.cookies[COOKIE].value.encode()).hexdigest()
    word = sign_ins.leave(way="jsapi", order_id=order_id, account_id=account.pk, browser=browser)
    assert sign_ins.come_back(word=word, browser=browser, code="c0de") == order_id


def make_paid(order: Order, *, seconds_ago: float = 0) -> Order:
    """The order paid and its line ready."""
    payment, at = make_payment(order), clock.now() - timedelta(seconds=seconds_ago)
    number = f"42000023452026112200{payment.pk:08d}"
    move(Payment, [payment.pk], to=Payment.State.SUCCEEDED, also={"is_applied": True, "paid_at": at, "number": number})
    move(Order, [order.pk], to=Order.State.PAID, also={"paid_at": at}, at=at)
    move(OrderLine, _lines(order), to=OrderLine.State.READY, at=at)
    order.refresh_from_db()
    return order


def make_gone(order: Order, *states: str, at: datetime | None = None) -> Order:
    """The order's lines moved through these states, three seconds each."""
    at = at or clock.now() - timedelta(seconds=3 * len(states))
    for number, state in enumerate(states):
        move(OrderLine, _lines(order), to=state, at=at + timedelta(seconds=3 * number))
    order.refresh_from_db()
    return order


def make_completed(order: Order) -> Receipt:
    """The order delivered, checked and receipted."""
    states = OrderLine.State
    make_gone(order, states.SUBMITTING, states.VERIFYING, states.COMPLETED)
    for line in OrderLine.objects.filter(order=order):
        Sim.objects.filter(id=line.sim_id).update(period_end_on=line.ends_on)
        Attempt.objects.create(line=line, number=1, account_id=line.account_id, outcome="done", proof="period_end")
    move(Order, [order.pk], to=Order.State.COMPLETED)
    order.refresh_from_db()
    return make_receipt(order)


def make_receipt(order: Order) -> Receipt:
    """A receipt for what the order delivered."""
    lines = list(OrderLine.objects.filter(order=order, state=OrderLine.State.COMPLETED))
    number = Receipt.objects.count() + 1
    return Receipt.objects.create(
        order=order,
        seller=order.seller,
        number=number,
        text_number=f"XL-{number:08d}",
        code=new_code(),
        check_code=new_code(),
        issued_at=clock.now(),
        amount_minor=sum(line.price_minor for line in lines),
        tax_minor=sum(line.tax_minor for line in lines),
        currency=order.currency,
    )


def make_failed(order: Order, *, is_refunded: bool = True) -> Order:
    """The carrier refused; the money goes back, or has gone."""
    make_gone(order, OrderLine.State.SUBMITTING, OrderLine.State.REJECTED)
    move(Order, [order.pk], to=Order.State.FAILED)
    payment, now = Payment.objects.get(order_id=order.pk, is_applied=True), clock.now()
    refund = Refund.objects.create(
        payment=payment,
        amount_minor=order.total_minor,
        currency=order.currency,
        why="not delivered",
        state_at=now,
        requested_at=now,
        due_at=now,
    )
    move(Refund, [refund.pk], to=Refund.State.SENT)
    if is_refunded:
        move(Refund, [refund.pk], to=Refund.State.SUCCEEDED)
    order.refresh_from_db()
    return order


def _lines(order: Order) -> list[int]:
    return list(OrderLine.objects.filter(order=order).order_by("id").values_list("id", flat=True))
