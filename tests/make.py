"""The one builder of a shop: its seller and carriers, what is sold, its SIMs, terminals and people, for every test.

Each call makes something new unless it is named; fields that are given stand instead of the usual ones. What is
ordered for the shop's SIMs is made by `tests/sales.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import connection
from psycopg.types.range import Range

from xuliu.balance.models import Reading
from xuliu.carrier.accounts import set_credentials as set_carrier_credentials
from xuliu.carrier.contract import luhn_digit
from xuliu.carrier.models import Carrier, CarrierAccount
from xuliu.catalog.models import Offering, Price, PriceList
from xuliu.common import clock
from xuliu.inventory.models import Binding, Sim, Terminal, TerminalModel
from xuliu.party.models import Merchant, Person, Seller
from xuliu.party.roles import FINANCE
from xuliu.party.staff import give_role
from xuliu.payment.accounts import set_credentials as set_provider_credentials
from xuliu.payment.models import ProviderAccount
from xuliu.payment.providers.wechatpay.tests import rig as wechatpay

MB = 1024 * 1024
NOWHERE = "http://127.0.0.1:9"  # the discard port
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ICCID = "898604B0102070990973"
CONTACT = {"zh-hans": "客服 400-000-0000，每天 8:00–22:00", "en": "Help: 400-000-0000, daily 8:00–22:00"}
_numbers = itertools.count(1)


def today() -> date:
    """Today where the shop stands."""
    return clock.civil_date(clock.now(), "Asia/Shanghai")


def make_person(name: str) -> Person:
    """Somebody of the cast, who may decide and pay back, and need not sign in; the same one for the same name."""
    person, is_new = Person.objects.get_or_create(sign_in_name=name.lower(), defaults={"display_name": name})
    if is_new:
        give_role(person, FINANCE)
    return person


def make_seller(**fields: Any) -> Seller:
    """A legal entity that sells."""
    number = next(_numbers)
    return Seller.objects.create(**{"code": f"seller-{number}", "name": {"zh-hans": f"续流科技 {number}"}, **fields})


def make_provider(seller: Seller, config: Mapping[str, Any] | None = None, **fields: Any) -> ProviderAccount:
    """Our merchant account at a stand-in for WeChat Pay; where no Config is given, nobody is there to be asked."""
    fields = {"code": "wx", "provider": "wechatpay", "is_sandbox": True, **fields}
    account = ProviderAccount.objects.create(seller=seller, **fields)
    set_provider_credentials(account, wechat_config() if config is None else config)
    return account


@cache
def wechat_config() -> dict[str, str]:
    """A merchant id with keys made for the occasion: once a process, for they take a tenth of a second."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    keys = {
        "mchid": "1900000109",
        "merchant_serial": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
        "merchant_private_key": private.decode(),
        "api_v3_key": "0123456789abcdef0123456789abcdef",
        "appid": "wx0000000000000000",
        "app_secret": "00000000000000000000000000000000",
        "public_key_id": "PUB_KEY_ID_0119000001092024101100000000000000",
        "public_key": public.decode(),
    }
    return wechatpay.fields(keys, NOWHERE)


def make_carrier(code: str = "", **fields: Any) -> Carrier:
    """A carrier; the same one for the same code."""
    code = code or f"carrier-{next(_numbers)}"
    fields.setdefault("name", {"zh-hans": f"运营商 {code}", "en": f"Carrier {code}"})
    return Carrier.objects.get_or_create(code=code, defaults=fields)[0]


def make_account(
    carrier: Carrier | None = None, config: Mapping[str, Any] | None = None, **fields: Any
) -> CarrierAccount:
    """An account of ours at a carrier, in the style of OneLink."""
    fields = {"code": f"account-{next(_numbers)}", "connector": "onelink", **fields}
    account = CarrierAccount.objects.create(carrier=carrier or make_carrier(), **fields)
    if config is not None:
        set_carrier_credentials(account, config)
    return account


def make_price_list(**fields: Any) -> PriceList:
    """A price list in yuan."""
    fields = {"code": f"list-{next(_numbers)}", "name": {"zh-hans": "零售价"}, "currency": "CNY", **fields}
    if "seller" not in fields:
        fields["seller"] = make_seller()
    return PriceList.objects.create(**fields)


def make_offering(carrier: Carrier | None = None, **fields: Any) -> Offering:
    """A renewal by a year, unless the fields say otherwise; `kind="add_on"` is data within the period."""
    number = next(_numbers)
    is_add_on = fields.get("kind") == Offering.Kind.ADD_ON
    known: dict[str, Any] = {
        "code": f"offering-{number}",
        "name": {"zh-hans": f"套餐 {number}", "en": f"Plan {number}"},
        "kind": Offering.Kind.RENEWAL,
        "plan_code": f"P{number}",
        "months": 0 if is_add_on else 12,
        "size_bytes": 100_000_000 if is_add_on else 0,
        "proof": Offering.Proof.GRANTED_TOTAL if is_add_on else Offering.Proof.PERIOD_END,
    }
    return Offering.objects.create(carrier=carrier or make_carrier(), **{**known, **fields})


def make_price(
    offering: Offering,
    price_list: PriceList,
    amount_minor: int,
    *,
    starts_at: datetime = LONG_AGO,
    ends_at: datetime | None = None,
) -> Price:
    """A price from–to; without an end it runs on."""
    return Price.objects.create(
        offering=offering, price_list=price_list, amount_minor=amount_minor, valid=Range(starts_at, ends_at)
    )


def make_merchant(**fields: Any) -> Merchant:
    """A shop."""
    number = next(_numbers)
    return Merchant.objects.create(**{"code": f"M{number:05d}", "name": f"林记商店 {number}", **fields})


def make_sim(account: CarrierAccount | None = None, **fields: Any) -> Sim:
    """A SIM in service for another month."""
    number = next(_numbers)
    known: dict[str, Any] = {
        "iccid": f"898604{number:014d}",
        "msisdn": f"144{number:010d}",
        "state": Sim.State.ACTIVE,
        "state_at": clock.now(),
        "period_start_on": today() - timedelta(days=335),
        "period_end_on": today() + timedelta(days=30),
    }
    return Sim.objects.create(account=account or make_account(), **{**known, **fields})


def make_sims(
    account: CarrierAccount,
    count: int,
    *,
    ends_on: Sequence[date],
    prefix: str = "898604",
    first: int = 1,
    has_check_digit: bool = True,
) -> list[int]:
    """So many SIMs in service by one statement, whose periods end on these days in turn; returns their ids."""
    sql = """
        INSERT INTO inventory_sim (iccid, msisdn, account_id, state, state_at, period_start_on, period_end_on,
            anchor_day, service_password)
        SELECT iccid, msisdn, %s, 'ACTIVE', %s, ends_on - 300, ends_on, extract(day FROM ends_on), ''
        FROM unnest(%s::text[], %s::text[], %s::date[]) AS sims(iccid, msisdn, ends_on) RETURNING id"""
    numbers = range(first, first + count)
    bodies = [f"{prefix}{number:013d}" for number in numbers]
    iccids = [body + (luhn_digit(body) if has_check_digit else "") for body in bodies]
    ends = list(itertools.islice(itertools.cycle(ends_on), count))
    msisdns = [f"1440{number:09d}" for number in numbers]
    with connection.cursor() as cursor:
        cursor.execute(sql, (account.pk, clock.now(), iccids, msisdns, ends))
        return [row[0] for row in cursor.fetchall()]


def make_terminal(sim: Sim | None = None, **fields: Any) -> Terminal:
    """A Newland N910 with this SIM in it."""
    model = TerminalModel.objects.get_or_create(brand="Newland", name="N910")[0]
    terminal = Terminal.objects.create(**{"serial_number": f"NL{next(_numbers):08d}", "model": model, **fields})
    if sim:
        Binding.objects.create(sim=sim, terminal=terminal, bound_at=clock.now())
    return terminal


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


@dataclass(frozen=True, kw_only=True)
class Shop:
    """Lin's, with cashier Mei and a Newland N910 on the counter: what stands around one terminal."""

    account: CarrierAccount
    price_list: PriceList
    provider: ProviderAccount
    sim: Sim
    terminal: Terminal
    year: Offering
    half_year: Offering
    quarter: Offering
    data: Offering


def make_shop(*, days: int | None = 12, **fields: Any) -> Shop:
    """Lin's shop; its SIM serves for `days` days after today, or nobody knows until when.

    Shops share the seller, the price list, the provider's account and what is sold.
    """
    carrier = make_carrier("cmcc", name={"zh-hans": "中国移动", "en": "China Mobile"})
    account = make_account(carrier)
    price_list = PriceList.objects.filter(is_public=True).first() or _public_prices()
    ends_on = None if days is None else today() + timedelta(days=days + 1)
    known = {"iccid": ICCID, "period_start_on": ends_on and ends_on - timedelta(days=365), "period_end_on": ends_on}
    sim = make_sim(account, **{**known, **fields})
    return Shop(
        account=account,
        price_list=price_list,
        provider=ProviderAccount.objects.first() or make_provider(price_list.seller),
        sim=sim,
        terminal=make_terminal(sim, model=TerminalModel.objects.get_or_create(brand="新大陆", name="N910")[0]),
        **_offerings(carrier, price_list),
    )


def _public_prices() -> PriceList:
    name = {"zh-hans": "续流物联科技（上海）有限公司", "en": "Xuliu IoT (Shanghai) Ltd"}
    seller = make_seller(name=name, tax_number="91310000MA1K00000X", contact_text=CONTACT)
    return make_price_list(is_public=True, seller=seller)


def _offerings(carrier: Carrier, price_list: PriceList) -> dict[str, Offering]:
    if known := {one.code: one for one in Offering.objects.filter(carrier=carrier)}:
        return known
    made = {}
    for code, months, amount_minor in (("year", 12, 3600), ("half_year", 6, 2100), ("quarter", 3, 1200)):
        texts = {"zh-hans": f"{months} 个月 · 每月 300 MB", "en": f"{months} months, 300 MB a month"}
        made[code] = make_offering(carrier, code=code, months=months, name=texts, size_bytes=300 * MB)
        make_price(made[code], price_list, amount_minor)
    texts = {"zh-hans": "加油包 100 MB", "en": "100 MB of extra data"}
    made["data"] = make_offering(carrier, code="data", kind="add_on", name=texts, size_bytes=100 * MB)
    make_price(made["data"], price_list, 1000)
    return made
