"""The world that is measured in: a seller, a price list, a payment provider, carriers' accounts and their SIMs."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.db import connection
from psycopg.types.range import TimestamptzRange

from bench.connectors.instant import ENDS_IN_DAYS, ENDS_WITHIN_DAYS
from xuliu.carrier import connectors
from xuliu.carrier.accounts import set_credentials
from xuliu.carrier.models import Carrier, CarrierAccount
from xuliu.catalog.models import Offering, Price, PriceList
from xuliu.common import clock
from xuliu.inventory.models import Sim
from xuliu.ordering.buying.place import place
from xuliu.ordering.buying.quote import Selection, quote
from xuliu.party.models import Seller
from xuliu.payment.accounts import set_credentials as set_provider_credentials
from xuliu.payment.models import Payment, ProviderAccount
from xuliu.sandbox.engine import credentials
from xuliu.sandbox.engine.discovery import stand_ins

PRICE_MINOR = 3_600
COST_MINOR = 1_500
SIZE_BYTES = 300 * 1024 * 1024
SANDBOX = "sandbox"  # the stand-ins' own folder
NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing that is measured in one process may call out


@dataclass(frozen=True)
class Fleet:
    """What there is."""

    price_list: PriceList
    provider: ProviderAccount
    account: CarrierAccount
    offering: Offering


def drop_in_connectors() -> None:
    """Let the registry find the carriers of the bench as it finds every connector: as files in a folder of its path."""
    folder = str(Path(__file__).parent / "connectors")
    if folder not in connectors.__path__:
        connectors.__path__ = [*connectors.__path__, folder]


@functools.cache
def keys(folder: Path) -> credentials.Keys:
    """The stand-in provider's keys, made once."""
    data = folder / SANDBOX
    data.mkdir(parents=True, exist_ok=True)
    return credentials.load(data, {code: one.make_keys for code, one in stand_ins().items()})["wechatpay"]


def furnish(
    folder: Path,
    *,
    connector: str = "bench-instant",
    config: dict[str, str] | None = None,
    sims: int,
    provider_url: str = NOWHERE,
) -> Fleet:
    """Everything for one carrier; its SIMs end within a month."""
    drop_in_connectors()
    seller = Seller.objects.create(code="bench", name={"zh-hans": "续流科技"})
    price_list = PriceList.objects.create(code="bench", name={"zh-hans": "零售价"}, currency="CNY", seller=seller)
    provider = make_provider(folder, seller, provider_url)
    account = make_account(connector, config)
    offering = make_offering(account, price_list, plan_code="300M-12M")
    make_sims(account, sims)
    return Fleet(price_list, provider, account, offering)


def make_account(connector: str, config: dict[str, str] | None = None) -> CarrierAccount:
    """Our account at a carrier, both named by the connector."""
    carrier = Carrier.objects.create(code=connector, name={"zh-hans": connector})
    account = CarrierAccount.objects.create(code=connector, carrier=carrier, connector=connector, is_sandbox=True)
    set_credentials(account, config or {})
    return account


def make_offering(account: CarrierAccount, price_list: PriceList, *, plan_code: str) -> Offering:
    """A renewal for a year, and its price."""
    offering = Offering.objects.create(
        code=account.code,
        carrier=account.carrier,
        name={"zh-hans": "一年"},
        kind=Offering.Kind.RENEWAL,
        plan_code=plan_code,
        months=12,
        size_bytes=SIZE_BYTES,
        cost_minor=COST_MINOR,
        proof=Offering.Proof.PERIOD_END,
    )
    valid = TimestamptzRange(clock.now() - timedelta(days=30), None)
    Price.objects.create(price_list=price_list, offering=offering, amount_minor=PRICE_MINOR, valid=valid)
    return offering


def make_provider(folder: Path, seller: Seller, url: str) -> ProviderAccount:
    """Our merchant account at a stand-in for WeChat Pay."""
    account = ProviderAccount.objects.create(code="wx", provider="wechatpay", seller=seller, is_sandbox=True)
    made = keys(folder).ours
    given = {name: made[name] for name in ("mchid", "appid", "app_secret", "api_v3_key", "merchant_serial")}
    given |= {"private_key": made["merchant_private_key"], "base_url": url, "account_url": url}
    given |= {"public_key_id": made["public_key_id"], "public_key": made["public_key"]}
    set_provider_credentials(account, given)
    return account


def make_sims(account: CarrierAccount, count: int, *, prefix: str = "898604", first: int = 1) -> None:
    """SIMs in service that end on one of 28 days from the ninth on."""
    sql = """
        INSERT INTO inventory_sim (iccid, msisdn, account_id, state, state_at, period_start_on, period_end_on,
            anchor_day, service_password)
        SELECT %(prefix)s || lpad(n::text, 14, '0'), '1440' || lpad(n::text, 9, '0'), %(account)s, 'ACTIVE', %(at)s,
            ends_on - 300, ends_on, extract(day FROM ends_on), ''
        FROM generate_series(%(first)s, %(first)s + %(count)s - 1) AS n,
            LATERAL (SELECT %(ends)s::date + n %% %(days)s AS ends_on) AS period"""
    at = clock.now()
    ends_on = at.date() + timedelta(days=ENDS_IN_DAYS)
    values: dict[str, object] = {
        "prefix": prefix,
        "account": account.pk,
        "at": at,
        "ends": ends_on,
        "first": first,
        "count": count,
    }
    values["days"] = ENDS_WITHIN_DAYS
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def sim_ids(account: CarrierAccount) -> list[int]:
    """All SIMs of the account, in their order."""
    return list(Sim.objects.filter(account=account).order_by("id").values_list("id", flat=True))


def order_for(fleet: Fleet, sims: Sequence[int], *, is_waited_for: bool = False) -> int:
    """A placed order for these SIMs; returns its id."""
    selections = [Selection(sim_id=sim_id, offering_id=fleet.offering.pk) for sim_id in sims]
    order_id = quote(
        selections=selections, price_list_id=fleet.price_list.pk, channel="bench", is_waited_for=is_waited_for
    )
    place(order_id=order_id, way="native")
    return order_id


def reference_of(order_id: int) -> str:
    """What the provider knows the order's payment by."""
    return Payment.objects.get(order_id=order_id).reference
