"""What a look-up showed, and the end that was stored, are held against what the carrier says before a first sending."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.world import World, drive_for, drive_until, line_states, make_paid_order, make_sims
from xuliu.balance.models import Reading
from xuliu.balance.operations import request_readings
from xuliu.balance.refresh import refresh
from xuliu.carrier.models import CarrierAccount
from xuliu.common.dates import add_months
from xuliu.inventory.models import Sim
from xuliu.ordering.models import Attempt, OrderLine

FRESH = {"onelink": {"cm-12": 12, "cm-add": 0}, "1nce": {"nce-12": 12, "nce-add": 0}}
EACH = pytest.mark.parametrize(
    ("account", "offering"), [(account, offering) for account, each in FRESH.items() for offering in each]
)


def _shown(world: World, sim: Sim, ends_on: date | None) -> None:
    world.sandbox.control.sim(sim.iccid, ends_on=str(ends_on))


def _lagging(world: World, sim: Sim, fresh: Reading, offering: str) -> None:
    """The carrier answers from a copy that is older than the last thing of this kind that was sold."""
    assert fresh.period_end_on is not None
    if offering.endswith("-12"):
        _shown(world, sim, add_months(fresh.period_end_on, -12, anchor_day=fresh.period_end_on.day))
    else:
        world.sandbox.control.sim(sim.iccid, granted_bytes=0)


@EACH
def test_a_copy_that_lags_behind_what_a_look_up_showed_is_not_sent_on(
    world: World, account: str, offering: str
) -> None:
    """Nothing was ever sold here: only the look-up, on which the payer decided, knows better than the copy."""
    (sim,) = make_sims(world, account)
    request_readings(sim_ids=[sim.pk])
    refresh(world.accounts[account].pk)
    fresh = Reading.objects.get(sim=sim)
    CarrierAccount.objects.update(verify_within=timedelta(minutes=20))
    _lagging(world, sim, fresh, offering)
    world.sandbox.control.fault(peer=account, kind="nothing", operation="change")
    order = make_paid_order(world, [sim], offering)
    drive_for(world, timedelta(minutes=5))

    held = OrderLine.objects.get(order=order)
    assert (held.state, Attempt.objects.filter(line=held, sent_at__isnull=False).exists()) == ("READY", False)

    _shown(world, sim, fresh.period_end_on)
    world.sandbox.control.sim(sim.iccid, granted_bytes=fresh.granted_bytes)
    drive_for(world, timedelta(hours=1))
    assert line_states(order) == ["DISPUTED"], "it was sent, and what stood there before is no proof of it"


@pytest.mark.parametrize(("account", "offering"), [("onelink", "cm-12"), ("1nce", "nce-12")])
def test_the_end_that_we_had_stored_proves_no_delivery(world: World, account: str, offering: str) -> None:
    """Nobody looked the SIM up; its end was imported. The reading before is a copy, the carrier does nothing."""
    (sim,) = make_sims(world, account, ends_in_days=500)
    end = sim.period_end_on
    assert end is not None
    CarrierAccount.objects.update(verify_within=timedelta(minutes=20))
    _shown(world, sim, add_months(end, -12, anchor_day=end.day))
    world.sandbox.control.fault(peer=account, kind="nothing", operation="change")
    order = make_paid_order(world, [sim], offering)
    drive_until(world, lambda: Attempt.objects.filter(line__order=order, sent_at__isnull=False).exists())
    _shown(world, sim, end)
    drive_for(world, timedelta(hours=1))

    assert line_states(order) == ["DISPUTED"]
