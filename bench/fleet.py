"""The world that is measured in: a seller, a price list, a payment provider, carriers' accounts and their SIMs."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bench.connectors.instant import ENDS_IN_DAYS, ENDS_WITHIN_DAYS
from tests import make
from xuliu.carrier import connectors
from xuliu.carrier.models import CarrierAccount
from xuliu.catalog.models import Offering, PriceList
from xuliu.common import clock
from xuliu.inventory.models import Sim
from xuliu.ordering.buying.place import place
from xuliu.ordering.buying.quote import Selection, quote
from xuliu.ordering.models import Channel
from xuliu.payment.models import Payment, ProviderAccount
from xuliu.payment.providers.wechatpay.tests import rig as wechatpay
from xuliu.sandbox.engine import credentials
from xuliu.sandbox.engine.discovery import stand_ins

PRICE_MINOR = 3_600
COST_MINOR = 1_500
SANDBOX = "sandbox"  # the stand-ins' own folder


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
    provider_url: str = make.NOWHERE,  # nothing that is measured in one process may call out
) -> Fleet:
    """Everything for one carrier; its SIMs end within a month."""
    drop_in_connectors()
    seller = make.make_seller(code="bench")
    price_list = make.make_price_list(code="bench", seller=seller)
    provider = make.make_provider(seller, wechatpay.fields(keys(folder).ours, provider_url))
    account = make_account(connector, config)
    offering = make_offering(account, price_list, plan_code="300M-12M")
    make_sims(account, sims)
    return Fleet(price_list, provider, account, offering)


def make_account(connector: str, config: dict[str, str] | None = None) -> CarrierAccount:
    """Our account at a carrier, both named by the connector."""
    carrier = make.make_carrier(connector)
    return make.make_account(carrier, config or {}, code=connector, connector=connector, is_sandbox=True)


def make_offering(account: CarrierAccount, price_list: PriceList, *, plan_code: str) -> Offering:
    """A renewal for a year, and its price."""
    fields = {"code": account.code, "plan_code": plan_code, "size_bytes": 300 * make.MB, "cost_minor": COST_MINOR}
    offering = make.make_offering(account.carrier, **fields)
    make.make_price(offering, price_list, PRICE_MINOR)
    return offering


def make_sims(account: CarrierAccount, count: int, *, first: int = 1) -> None:
    """SIMs in service that end on one of 28 days from the ninth on."""
    today = clock.now().date()
    ends_on = [today + timedelta(days=ENDS_IN_DAYS + (first + n) % ENDS_WITHIN_DAYS) for n in range(ENDS_WITHIN_DAYS)]
    has_check_digit = account.connector == "onelink"  # 1NCE names a SIM without its check digit
    make.make_sims(account, count, ends_on=ends_on, first=first, has_check_digit=has_check_digit)


def sim_ids(account: CarrierAccount) -> list[int]:
    """All SIMs of the account, in their order."""
    return list(Sim.objects.filter(account=account).order_by("id").values_list("id", flat=True))


def order_for(fleet: Fleet, sims: Sequence[int], *, is_waited_for: bool = False) -> int:
    """A placed order for these SIMs; returns its id."""
    selections = [Selection(sim_id=sim_id, offering_id=fleet.offering.pk) for sim_id in sims]
    order_id = quote(
        selections=selections,
        price_list_id=fleet.price_list.pk,
        channel=Channel.COMMAND,
        is_waited_for=is_waited_for,
    )
    place(order_id=order_id, way="native")
    return order_id


def reference_of(order_id: int) -> str:
    """What the provider knows the order's payment by."""
    return Payment.objects.get(order_id=order_id).reference
