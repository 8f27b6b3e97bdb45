"""The small world of the journeys: a seller, two carriers behind the sandbox, a price list, and Lin's SIMs.

Plain functions; what they make is committed, so they want `fresh_database`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from psycopg.types.range import TimestamptzRange

from tests import due
from xuliu.carrier.accounts import set_credentials
from xuliu.carrier.models import Carrier, CarrierAccount
from xuliu.catalog.models import Offering, Price, PriceList
from xuliu.common import clock
from xuliu.inventory.models import Sim
from xuliu.ordering.buying.place import place
from xuliu.ordering.buying.quote import Selection, quote
from xuliu.ordering.models import Order, OrderLine
from xuliu.party.models import Person, Seller
from xuliu.payment.accounts import set_credentials as set_provider_credentials
from xuliu.payment.models import Payment, ProviderAccount
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
    seller = Seller.objects.create(code="xuliu", name={"zh-hans": "续流科技"}, tax_number="91310000MA1FL0000X")
    price_list = PriceList.objects.create(
        code="public", name={"zh-hans": "零售价"}, currency="CNY", seller=seller, is_public=True
    )
    accounts = {code: make_account(sandbox, code) for code in ("onelink", "1nce")}
    offerings = {offering.code: offering for offering in make_offerings(accounts)}
    world = World(sandbox, seller, price_list, make_provider(sandbox, seller), accounts, offerings, clock_file)
    for offering, amount_minor in zip(offerings.values(), (3600, 1200, 1500, 2000, 1800), strict=True):
        make_price(world, offering, amount_minor)
    return world


def make_price(world: World, offering: Offering, amount_minor: int) -> None:
    """What the offering costs, since a month ago and for ever."""
    valid = TimestamptzRange(clock.now() - timedelta(days=30), None)
    Price.objects.create(price_list=world.price_list, offering=offering, amount_minor=amount_minor, valid=valid)


def make_person(name: str) -> Person:
    """Somebody of the cast."""
    return Person.objects.get_or_create(sign_in_name=name.lower(), defaults={"display_name": name})[0]


def make_account(sandbox: Sandbox, connector: str) -> CarrierAccount:
    """Our account at a carrier of the sandbox."""
    names = {"onelink": "中国移动", "1nce": "1NCE"}
    carrier = Carrier.objects.create(code=connector, name={"zh-hans": names[connector], "en": connector})
    account = CarrierAccount.objects.create(code=connector, carrier=carrier, connector=connector, is_sandbox=True)
    account.zone = {"onelink": "Asia/Shanghai", "1nce": "UTC"}[connector]  # whose days its dates are
    account.calls_per_second = 200
    account.save()
    set_credentials(account, {"base_url": sandbox.urls[connector], **sandbox.credentials[connector]})
    return account


def make_provider(sandbox: Sandbox, seller: Seller) -> ProviderAccount:
    """Our merchant account at the sandbox's WeChat Pay."""
    account = ProviderAccount.objects.create(code="wx", provider="wechatpay", seller=seller, is_sandbox=True)
    keys = sandbox.credentials["wechatpay"]
    given = {name: keys[name] for name in ("mchid", "appid", "app_secret", "api_v3_key", "merchant_serial")}
    given |= {"private_key": keys["merchant_private_key"], "base_url": sandbox.urls["wechatpay"]}
    given |= {"public_key_id": keys["public_key_id"], "public_key": keys["public_key"]}
    given |= {"platform_certificates": keys["platform_certificate"], "account_url": sandbox.urls["wechatpay"]}
    given |= {"authorise_url": f"{sandbox.urls['wechatpay']}/connect/oauth2/authorize"}
    set_provider_credentials(account, given)
    return account


def make_offerings(accounts: dict[str, CarrierAccount]) -> list[Offering]:
    """Two renewals and an add-on of the one carrier, a renewal and a top-up of the other."""

    def make(code: str, account: str, **terms: object) -> Offering:
        fields = {"name": {"zh-hans": code, "en": code}, "carrier": accounts[account].carrier, **terms}
        return Offering.objects.create(code=code, **fields)

    renewal, add_on = Offering.Kind.RENEWAL, Offering.Kind.ADD_ON
    end, granted = Offering.Proof.PERIOD_END, Offering.Proof.GRANTED_TOTAL
    m300 = 300 * 1024 * 1024
    return [
        make(
            "cm-12",
            "onelink",
            kind=renewal,
            plan_code="300M-12M",
            months=12,
            size_bytes=m300,
            cost_minor=1500,
            proof=end,
        ),
        make(
            "cm-3", "onelink", kind=renewal, plan_code="300M-3M", months=3, size_bytes=m300, cost_minor=500, proof=end
        ),
        make("cm-add", "onelink", kind=add_on, plan_code="0", size_bytes=104857600, cost_minor=1000, proof=granted),
        make(
            "nce-12", "1nce", kind=renewal, plan_code="1", months=12, size_bytes=5 * 10**8, cost_minor=1000, proof=end
        ),
        make("nce-add", "1nce", kind=add_on, plan_code="topup", size_bytes=5 * 10**8, cost_minor=1000, proof=granted),
    ]


def make_sims(world: World, account: str, count: int = 1, *, first: int = 1, ends_in_days: int = 9) -> list[Sim]:
    """SIMs in service that both we and the carrier know, their last day `ends_in_days - 1` from today."""
    sims = make_our_sims(world, account, count, first=first, ends_in_days=ends_in_days)
    world.sandbox.control.sims([_at_carrier(sim, account) for sim in sims])
    return sims


def make_our_sims(world: World, account: str, count: int = 1, *, first: int = 1, ends_in_days: int = 9) -> list[Sim]:
    """The same, of which the carrier does not know yet."""
    today = clock.civil_date(clock.now(), world.accounts[account].zone)
    start, end = today - timedelta(days=300), today + timedelta(days=ends_in_days)
    sims = [_sim(world, account, number, start, end) for number in range(first, first + count)]
    return Sim.objects.bulk_create(sims)


def _sim(world: World, account: str, number: int, start: date, end: date) -> Sim:
    return Sim(
        # 1NCE names a SIM without its Luhn digit.
        iccid=f"{PREFIXES[account]}{number:013d}" + ("" if account == "1nce" else _luhn_digit(number)),
        msisdn=f"1440{number:09d}",
        account=world.accounts[account],
        state=Sim.State.ACTIVE,
        state_at=clock.now(),
        period_start_on=start,
        period_end_on=end,
        anchor_day=end.day,
    )


def _luhn_digit(number: int) -> str:
    digits = f"{PREFIXES['onelink']}{number:013d}"
    doubled = [int(digit) * (2 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(digits))]
    return str(-sum(value // 10 + value % 10 for value in doubled) % 10)


def _at_carrier(sim: Sim, account: str) -> dict[str, object]:
    return {
        "carrier": account,
        "iccid": sim.iccid,
        "msisdn": sim.msisdn,
        "state": "active",
        "starts_on": str(sim.period_start_on),
        "ends_on": str(sim.period_end_on),
        "granted_bytes": 300 * 1024 * 1024,
        "used_bytes": 100 * 1024 * 1024,
    }


def make_order(world: World, sims: Sequence[Sim], offering: str, *, is_waited_for: bool = True) -> Order:
    """A quote for these SIMs, placed."""
    selections = [Selection(sim_id=sim.pk, offering_id=world.offerings[offering].pk) for sim in sims]
    order_id = quote(
        selections=selections, price_list_id=world.price_list.pk, channel="test", is_waited_for=is_waited_for
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
