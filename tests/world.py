"""The small world of the journeys: a seller, two carriers behind the sandbox, a price list, and Lin's SIMs.

Plain functions; what they make is committed, so they want `fresh_database`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from tests import due, make
from xuliu.carrier.models import CarrierAccount
from xuliu.catalog.models import Offering, PriceList
from xuliu.common import clock
from xuliu.inventory.models import Sim
from xuliu.ordering.buying.place import place
from xuliu.ordering.buying.quote import Selection, quote
from xuliu.ordering.models import Channel, Order, OrderLine
from xuliu.party.models import Seller
from xuliu.payment.models import Payment, ProviderAccount
from xuliu.payment.providers.wechatpay.tests import rig as wechatpay
from xuliu.sandbox.testing import Sandbox

MOST_ROUNDS = 200
QUIET_SECONDS = 15.0
PREFIXES = {"onelink": "898604", "1nce": "898822", "paper": "898699"}


@dataclass(frozen=True)
class World:
    """What there is, by name."""

    sandbox: Sandbox
    seller: Seller
    price_list: PriceList
    provider: ProviderAccount
    accounts: dict[str, CarrierAccount]
    offerings: dict[str, Offering]
    clock: Path
    by_hand: Counter[str] = field(default_factory=Counter)  # effects that a test played on the carrier's side


def make_world(sandbox: Sandbox, site: str, clock_file: Path) -> World:
    """Everything but SIMs; notices come to `site`."""
    settings.XULIU_BASE_URL = site
    seller = make.make_seller(code="xuliu", tax_number="91310000MA1FL0000X")
    price_list = make.make_price_list(code="public", seller=seller, is_public=True)
    accounts = {code: make_account(sandbox, code) for code in ("onelink", "1nce")}
    offerings = {offering.code: offering for offering in make_offerings(accounts)}
    for offering, amount_minor in zip(offerings.values(), (3600, 1200, 1500, 2000, 1800), strict=True):
        make.make_price(offering, price_list, amount_minor)
    keys, url = sandbox.credentials["wechatpay"], sandbox.urls["wechatpay"]
    config = wechatpay.fields(keys, url) | {"platform_certificates": keys["platform_certificate"]}
    provider = make.make_provider(seller, config)
    return World(sandbox, seller, price_list, provider, accounts, offerings, clock_file)


def make_account(sandbox: Sandbox, connector: str) -> CarrierAccount:
    """Our account at a carrier of the sandbox."""
    name, zone = {"onelink": ("中国移动", "Asia/Shanghai"), "1nce": ("1NCE", "UTC")}[connector]
    return make.make_account(
        make.make_carrier(connector, name={"zh-hans": name, "en": connector}),
        {"base_url": sandbox.urls[connector], **sandbox.credentials[connector]},
        code=connector,
        connector=connector,
        is_sandbox=True,
        zone=zone,  # whose days its dates are
        calls_per_second=200,
    )


def make_offerings(accounts: dict[str, CarrierAccount]) -> list[Offering]:
    """Two renewals and an add-on of the one carrier, a renewal and a top-up of the other."""
    m300, m500 = 300 * make.MB, 5 * 10**8
    add_on = Offering.Kind.ADD_ON

    def one(code: str, account: str, plan_code: str, **terms: object) -> Offering:
        fields = {"name": {"zh-hans": code, "en": code}, "plan_code": plan_code, "cost_minor": 1000, **terms}
        return make.make_offering(accounts[account].carrier, code=code, **fields)

    return [
        one("cm-12", "onelink", "300M-12M", months=12, size_bytes=m300, cost_minor=1500),
        one("cm-3", "onelink", "300M-3M", months=3, size_bytes=m300, cost_minor=500),
        one("cm-add", "onelink", "0", kind=add_on, size_bytes=100 * make.MB),
        one("nce-12", "1nce", "1", months=12, size_bytes=m500),
        one("nce-add", "1nce", "topup", kind=add_on, size_bytes=m500),
    ]


def make_sims(world: World, account: str, count: int = 1, *, first: int = 1, ends_in_days: int = 9) -> list[Sim]:
    """SIMs in service that both we and the carrier know, their last day `ends_in_days - 1` from today."""
    sims = make_our_sims(world, account, count, first=first, ends_in_days=ends_in_days)
    world.sandbox.control.sims([_at_carrier(sim, account) for sim in sims])
    return sims


def make_our_sims(world: World, account: str, count: int = 1, *, first: int = 1, ends_in_days: int = 9) -> list[Sim]:
    """The same, of which the carrier does not know yet."""
    ids = make.make_sims(
        world.accounts[account],
        count,
        ends_on=[clock.civil_date(clock.now(), world.accounts[account].zone) + timedelta(days=ends_in_days)],
        prefix=PREFIXES[account],
        first=first,
        has_check_digit=account != "1nce",  # 1NCE names a SIM without it
    )
    return list(Sim.objects.filter(account=world.accounts[account], id__gte=ids[0]).order_by("id"))


def _at_carrier(sim: Sim, account: str) -> dict[str, object]:
    return {
        "carrier": account,
        "iccid": sim.iccid,
        "msisdn": sim.msisdn,
        "state": "active",
        "starts_on": str(sim.period_start_on),
        "ends_on": str(sim.period_end_on),
        "granted_bytes": 300 * make.MB,
        "used_bytes": 100 * make.MB,
    }


def make_order(world: World, sims: Sequence[Sim], offering: str, *, is_waited_for: bool = True) -> Order:
    """A quote for these SIMs, placed."""
    selections = [Selection(sim_id=sim.pk, offering_id=world.offerings[offering].pk) for sim in sims]
    order_id = quote(
        selections=selections,
        price_list_id=world.price_list.pk,
        channel=Channel.COMMAND,
        is_waited_for=is_waited_for,
    )
    place(order_id=order_id, way="native")
    return Order.objects.get(id=order_id)


def open_payments(world: World, order: Order) -> Payment:
    """The order's payment, opened at the provider by the step."""
    drive_until(world, lambda: Payment.objects.filter(order_id=order.pk, state=Payment.State.PENDING).exists())
    return Payment.objects.filter(order_id=order.pk, state=Payment.State.PENDING).latest("id")


def make_paid_order(world: World, sims: Sequence[Sim], offering: str, *, is_waited_for: bool = True) -> Order:
    """An order that its payer paid; the notice has come."""
    order = make_order(world, sims, offering, is_waited_for=is_waited_for)
    world.sandbox.control.pay(open_payments(world, order).reference)
    return order


def drive() -> None:
    """Run in this process every step that has something due, until none finds anything to do."""
    for _ in range(MOST_ROUNDS):
        if not due.run():
            return
    raise AssertionError("the line did not come to rest")


def await_notices(world: World) -> None:
    """Until every notice that is due has been on its way: what follows is then the same in every run."""
    control, ends = world.sandbox.control, time.monotonic() + QUIET_SECONDS
    while control.get("settings")["notices"] and time.monotonic() < ends:
        waiting = [one for one in control.notices() if one["state"] == "waiting"]
        if not any(datetime.fromisoformat(one["due_at"]) <= clock.now() for one in waiting):
            return
        time.sleep(0.01)


def drive_until(world: World, reached: Callable[[], bool], *, within: timedelta = timedelta(minutes=5)) -> None:
    """Run every step until what is awaited is so, letting more and more time pass while nothing is due."""
    passed, step = timedelta(0), timedelta(seconds=1)
    while not reached():
        if due.run():
            step = timedelta(seconds=1)
            continue
        assert passed < within, "what is awaited did not come"
        pass_time(world, step)
        passed, step = passed + step, min(step * 2, timedelta(minutes=1))


def pass_time(world: World, passed: timedelta) -> None:
    """Let time pass for every process at once."""
    world.clock.write_text(str(float(world.clock.read_text() or 0) + passed.total_seconds()))


def drive_for(world: World, length: timedelta, *, step: timedelta = timedelta(seconds=15)) -> None:
    """Let time pass in growing steps, or at once to where something falls due; all that is due is done in each."""
    end = clock.now() + length
    while (now := clock.now()) < end:
        drive()
        pass_time(world, min(end, max(now + step, due.next_at())) - now)
        step = min(step * 2, timedelta(hours=1))
    drive()


def line_states(order: Order) -> list[str]:
    """The states of an order's lines, in their order."""
    return list(OrderLine.objects.filter(order=order).order_by("position").values_list("state", flat=True))
