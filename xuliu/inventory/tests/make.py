"""SIMs, terminals and merchants, for tests. Each call makes something new unless it is named."""

import itertools
from datetime import date, timedelta
from typing import Any

from xuliu.carrier.models import Carrier, CarrierAccount
from xuliu.catalog.tests.make import make_carrier
from xuliu.common import clock
from xuliu.inventory.models import Binding, Sim, Terminal, TerminalModel
from xuliu.party.models import Merchant

_numbers = itertools.count(1)


def make_account(carrier: Carrier | None = None, **fields: Any) -> CarrierAccount:
    """An account of ours at a carrier."""
    fields = {"code": f"account-{next(_numbers)}", "connector": "onelink", **fields}
    return CarrierAccount.objects.create(carrier=carrier or make_carrier(), **fields)


def make_merchant(**fields: Any) -> Merchant:
    """A shop."""
    number = next(_numbers)
    return Merchant.objects.create(**{"code": f"M{number:05d}", "name": f"林记商店 {number}", **fields})


def make_sim(account: CarrierAccount | None = None, **fields: Any) -> Sim:
    """A SIM in service for another month."""
    number = next(_numbers)
    today = date.today()  # noqa: DTZ011  # any recent day will do
    known: dict[str, Any] = {
        "iccid": f"898604{number:014d}",
        "msisdn": f"144{number:010d}",
        "state": Sim.State.ACTIVE,
        "state_at": clock.now(),
        "period_start_on": today - timedelta(days=335),
        "period_end_on": today + timedelta(days=30),
    }
    return Sim.objects.create(account=account or make_account(), **{**known, **fields})


def make_terminal(sim: Sim | None = None, **fields: Any) -> Terminal:
    """A Newland N910 with this SIM in it."""
    model = TerminalModel.objects.get_or_create(brand="Newland", name="N910")[0]
    terminal = Terminal.objects.create(**{"serial_number": f"NL{next(_numbers):08d}", "model": model, **fields})
    if sim:
        Binding.objects.create(sim=sim, terminal=terminal, bound_at=clock.now())
    return terminal
