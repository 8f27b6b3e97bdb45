"""What later renewals of a SIM say about an earlier one that nobody could prove, and what they do not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.world import World, drive_for, line_states, make_paid_order, make_sims
from xuliu.balance.models import ProvenReading
from xuliu.carrier.models import CarrierAccount
from xuliu.ordering.models import Order
from xuliu.ticket.models import Case

BOTH = pytest.mark.parametrize(("account", "offering"), [("onelink", "cm-12"), ("1nce", "nce-12"), ("1nce", "nce-add")])


def _disputed(world: World, account: str, offering: str) -> tuple[Order, Order]:
    """An order that the carrier said OK to and did nothing about, and one for the same SIM that it delivered."""
    sims = make_sims(world, account)
    CarrierAccount.objects.update(verify_within=timedelta(minutes=20))
    world.sandbox.control.fault(peer=account, kind="nothing", operation="change")
    first = make_paid_order(world, sims, offering)
    drive_for(world, timedelta(hours=1))
    assert line_states(first) == ["DISPUTED"]
    second = make_paid_order(world, sims, offering)
    drive_for(world, timedelta(hours=1))
    return first, second


@BOTH
def test_what_a_later_order_brought_is_no_proof_of_an_earlier_one(world: World, account: str, offering: str) -> None:
    first, second = _disputed(world, account, offering)
    assert line_states(second) == ["COMPLETED"]

    drive_for(world, timedelta(days=3), step=timedelta(hours=1))

    assert line_states(first) == ["DISPUTED"]


def test_what_comes_on_top_of_a_later_order_proves_the_earlier_one(world: World) -> None:
    first, second = _disputed(world, "1nce", "nce-12")
    (line,) = second.lines.select_related("sim")
    proven = ProvenReading.objects.get(sim=line.sim).period_end_on
    assert proven is not None

    world.sandbox.control.sim(line.sim.iccid, ends_on=str(proven + timedelta(days=366)))
    world.by_hand[line.sim.iccid] += 1
    drive_for(world, timedelta(days=3), step=timedelta(hours=1))

    assert line_states(first) == ["COMPLETED"]


@pytest.mark.parametrize("account", ["onelink", "1nce"])
def test_drift_is_seen_behind_a_later_order(world: World, account: str) -> None:
    sims = make_sims(world, account)
    offering = {"onelink": "cm-12", "1nce": "nce-12"}[account]
    world.sandbox.control.fault(
        peer=account, kind="deliver_after_refusing", operation="change", reason="sim", seconds=60
    )
    first = make_paid_order(world, sims, offering)
    drive_for(world, timedelta(minutes=5))
    assert line_states(first) == ["REJECTED"]
    second = make_paid_order(world, sims, offering)
    drive_for(world, timedelta(hours=3))

    assert line_states(second) == ["COMPLETED"]
    assert list(Case.objects.filter(kind="delivered_after_refusal").values_list("subject_id", flat=True)) == [
        first.lines.get().pk
    ]


def test_drift_of_an_add_on_is_seen_beside_a_renewal_that_is_yet_to_begin(world: World) -> None:
    sims = make_sims(world, "onelink")
    refused_and_done = {"kind": "deliver_after_refusing", "reason": "sim", "seconds": 60}
    world.sandbox.control.fault(peer="onelink", operation="change", **refused_and_done)
    add_on = make_paid_order(world, sims, "cm-add")
    drive_for(world, timedelta(minutes=5))
    assert line_states(add_on) == ["REJECTED"]
    renewal = make_paid_order(world, sims, "cm-12")
    drive_for(world, timedelta(hours=3))

    assert line_states(renewal) == ["COMPLETED"]
    assert Case.objects.get(kind="delivered_after_refusal").subject_id == add_on.lines.get().pk


def test_what_a_new_period_brings_is_no_proof_of_an_add_on(world: World) -> None:
    sims = make_sims(world, "onelink", ends_in_days=2)
    world.sandbox.control.sim(sims[0].iccid, granted_bytes=10**8)
    renewal = make_paid_order(world, sims, "cm-12")
    drive_for(world, timedelta(minutes=5))
    assert line_states(renewal) == ["COMPLETED"]
    CarrierAccount.objects.update(verify_within=timedelta(minutes=20))
    world.sandbox.control.fault(peer="onelink", kind="nothing", operation="change")
    add_on = make_paid_order(world, sims, "cm-add")

    drive_for(world, timedelta(days=4), step=timedelta(hours=1))

    assert line_states(add_on) == ["DISPUTED"]
