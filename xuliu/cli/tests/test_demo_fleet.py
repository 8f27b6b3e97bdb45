"""What a demonstration begins with: our side and the sandbox's know the same fleet, and a second start keeps it."""

import csv
import importlib.util
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import due
from xuliu.carrier.accounts import connector_of, session_of
from xuliu.carrier.contract import SimKey
from xuliu.carrier.models import CarrierAccount
from xuliu.catalog.models import Offering, Price, PriceList
from xuliu.catalog.queries import prices_of, public_price_list
from xuliu.cli.demo_fleet import DAY_ZERO, EXAMPLES, ZONE, DemoFleet, seed_demo
from xuliu.common import clock
from xuliu.inventory.models import Sim, TerminalModel
from xuliu.inventory.numbers import fails_luhn
from xuliu.ordering.buying.place import place
from xuliu.ordering.buying.quote import Selection, quote
from xuliu.ordering.models import Channel, OrderLine
from xuliu.ordering.progress import progress
from xuliu.party.models import Person
from xuliu.party.roles import rights_of
from xuliu.payment.accounts import credentials
from xuliu.payment.models import Payment, ProviderAccount
from xuliu.sandbox.testing import Sandbox


def drive_until(clock_file: Path, reached: Callable[[], bool]) -> None:
    """Run every step of the line; a second passes whenever nothing is due."""
    for second in range(600):
        while not reached() and due.run_all():
            pass
        if reached():
            return
        clock_file.write_text(str(second))
    raise AssertionError("what is awaited did not come")


def seeded(sandbox: Sandbox) -> DemoFleet:
    """The demonstration's data, at this sandbox."""
    return seed_demo(credentials=sandbox.credentials, sandbox_urls=sandbox.urls)


def test_both_sides_know_the_same_fleet(fresh_database: str, sandbox: Sandbox) -> None:
    fleet = seeded(sandbox)
    sandbox.control.plans(fleet.plans)
    assert sandbox.control.sims(fleet.sims) == 1000

    for code in ("cmcc-demo", "1nce-demo"):
        account = CarrierAccount.objects.get(code=code)
        sims = list(Sim.objects.filter(account=account).order_by("id")[:3])
        keys = [SimKey(iccid=sim.iccid, msisdn=sim.msisdn) for sim in sims]
        read = connector_of(account).read(session_of(account), keys)
        readings = [reading for reading in read if reading is not None]
        assert [reading.period_end_on for reading in readings] == [sim.period_end_on for sim in sims]
        assert [reading.state.upper() for reading in readings] == [sim.state for sim in sims]
        assert all(reading.granted_bytes and reading.left_bytes is not None for reading in readings)


def test_the_fleet_is_moved_to_today(fresh_database: str, sandbox: Sandbox) -> None:
    fleet = seeded(sandbox)

    today = clock.civil_date(clock.now(), ZONE)
    ends = {sim.iccid: sim.period_end_on or today for sim in Sim.objects.all()}
    left = [(ends[iccid] - today).days - 1 for iccid in fleet.shop_iccids]
    assert left == [12, 2, -4]
    shares = Counter(
        "dark" if end <= today else "soon" if end <= today + timedelta(days=30) else "well" for end in ends.values()
    )
    assert shares["dark"] > 10
    assert shares["soon"] > 80
    assert shares["well"] > 700


def test_a_second_demonstration_keeps_what_the_first_one_did(
    fresh_database: str,
    sandbox: Sandbox,
    clock_file: Path,
) -> None:
    fleet = seeded(sandbox)
    Sim.objects.filter(iccid=fleet.shop_iccids[0]).update(period_start_on="2030-01-01", period_end_on="2031-01-01")
    before = (Sim.objects.count(), Offering.objects.count(), Price.objects.count(), Person.objects.count())
    clock_file.write_text(str(3 * 86_400))

    again = seeded(sandbox)

    assert (Sim.objects.count(), Offering.objects.count(), Price.objects.count(), Person.objects.count()) == before
    assert str(Sim.objects.get(iccid=fleet.shop_iccids[0]).period_end_on) == "2031-01-01"
    assert again.sign_ins == fleet.sign_ins


def test_staff_and_accounts_are_ready_to_use(fresh_database: str, sandbox: Sandbox) -> None:
    fleet = seeded(sandbox)

    olga = Person.objects.get(sign_in_name="olga")
    assert olga.check_password(fleet.sign_ins[0].password)
    assert rights_of(olga)
    assert credentials(ProviderAccount.objects.get()).base_url == sandbox.urls["wechatpay"]
    assert all(account.is_sandbox for account in [*CarrierAccount.objects.all(), ProviderAccount.objects.get()])


def test_every_carrier_has_renewals_and_data_to_add_at_more_than_they_cost(
    fresh_database: str,
    sandbox: Sandbox,
) -> None:
    seeded(sandbox)

    price_list = public_price_list()
    assert price_list
    for account in CarrierAccount.objects.all():
        listed = prices_of(carrier_ids=[account.carrier_id], price_list_id=price_list.id, at=clock.now())
        kinds = Counter(priced.terms.kind for priced in listed)
        assert kinds["renewal"] == 4
        assert kinds["add_on"] >= 1
        assert all((priced.amount_minor or 0) > priced.cost_minor for priced in listed)


def test_everything_on_the_price_list_is_delivered(
    live_site: str, sandbox: Sandbox, clock_file: Path, settings: Any
) -> None:
    settings.XULIU_BASE_URL = live_site
    fleet = seeded(sandbox)
    sandbox.control.plans(fleet.plans)
    sandbox.control.sims(fleet.sims)
    price_list = PriceList.objects.get()
    selections: dict[Sim, Offering] = {}
    in_a_week = clock.civil_date(clock.now(), ZONE) + timedelta(days=7)
    for account in CarrierAccount.objects.all():
        served = Sim.objects.filter(account=account, state="ACTIVE", period_end_on__gt=in_a_week)
        selections |= dict(zip(served.order_by("id"), Offering.objects.filter(carrier=account.carrier), strict=False))

    order_id = quote(
        selections=[Selection(sim_id=sim.id, offering_id=offering.id) for sim, offering in selections.items()],
        price_list_id=price_list.id,
        channel=Channel.COMMAND,
    )
    payment_id = place(order_id=order_id, way="native")
    assert payment_id
    payment = Payment.objects.filter(id=payment_id)
    drive_until(clock_file, lambda: payment.filter(state="PENDING").exists())
    sandbox.control.pay(payment.get().reference)
    drive_until(clock_file, lambda: progress(order_id).is_final)

    lines = OrderLine.objects.filter(order=order_id)
    assert {line.offering.code: line.state for line in lines} == dict.fromkeys(
        Offering.objects.values_list("code", flat=True), "COMPLETED"
    )
    for sim in selections:
        sim.refresh_from_db()
        assert sandbox.control.sim(sim.iccid)["ends_on"] == str(sim.period_end_on)


def test_the_files_are_what_their_script_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(EXAMPLES / "generate.py", tmp_path)
    spec = importlib.util.spec_from_file_location("generate", tmp_path / "generate.py")
    assert spec
    assert spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    script.main()

    assert script.DAY_ZERO == DAY_ZERO
    for name in ("sims.csv", "merchants.csv", "carriers.csv"):
        assert (tmp_path / name).read_bytes() == (EXAMPLES / name).read_bytes(), name


def test_the_example_is_a_thousand_sims_in_twelve_models(fresh_database: str, sandbox: Sandbox) -> None:
    seeded(sandbox)

    assert Sim.objects.count() == Sim.objects.filter(bindings__unbound_at=None, merchant__isnull=False).count() == 1000
    assert TerminalModel.objects.count() == 12
    with (EXAMPLES / "sims.csv").open(encoding="utf-8") as file:
        numbers = [row["iccid"] for row in csv.DictReader(file)]
    assert not any(fails_luhn(number) for number in numbers)
