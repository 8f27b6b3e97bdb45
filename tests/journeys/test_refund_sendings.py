"""A refund is not sent for ever: what left and was not taken counts, and after six a person is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.make import make_person
from tests.world import World, drive_for, drive_until, make_paid_order, make_sims
from xuliu.common.actor import Actor, acting
from xuliu.payment import anew
from xuliu.payment.models import Refund
from xuliu.ticket.models import Case

HOURS = timedelta(hours=12)


def _owed(world: World, **fault: object) -> Refund:
    world.sandbox.control.fault(peer="onelink", kind="refuse", operation="change", reason="sim", count=None)
    world.sandbox.control.fault(peer="wechatpay", operation="refund", count=None, **fault)
    make_paid_order(world, make_sims(world, "onelink"), "cm-12")
    drive_until(world, Refund.objects.exists)
    return Refund.objects.get()


def _calls(world: World, operation: str) -> int:
    return len(world.sandbox.control.calls(peer="wechatpay", operation=operation))


def _open_cases() -> list[str]:
    return list(Case.objects.filter(state="OPEN").order_by("kind").values_list("kind", flat=True))


def test_what_is_never_taken_is_sent_six_times_then_asked_about_and_a_person_sends_it_again(world: World) -> None:
    refund = _owed(world, kind="error")
    drive_for(world, HOURS, step=timedelta(minutes=5))
    refund.refresh_from_db()
    assert (refund.state, refund.sendings, _calls(world, "refund")) == ("UNKNOWN", 6, 6)
    assert _open_cases() == ["refund_sent_in_vain"]
    asked = _calls(world, "refund_query")
    drive_for(world, HOURS, step=timedelta(minutes=5))
    assert _calls(world, "refund_query") > asked
    assert (_calls(world, "refund"), _open_cases()) == (6, ["refund_sent_in_vain"])

    world.sandbox.control.clear_faults()
    with acting(Actor("person", make_person("Olga").pk, "Olga")):
        assert anew.send_again(refund_id=refund.pk, why="their maintenance is over")
    drive_for(world, timedelta(minutes=10))
    refund.refresh_from_db()
    assert (refund.state, refund.sendings, _open_cases()) == ("SUCCEEDED", 1, [])


@pytest.mark.parametrize("kind", ["too_many", "down"])
def test_what_stood_before_a_closed_door_counts_for_none(world: World, kind: str) -> None:
    refund = _owed(world, kind="too_many")
    if kind == "down":
        world.sandbox.control.down("wechatpay")
    drive_for(world, HOURS, step=timedelta(minutes=5))
    refund.refresh_from_db()
    assert (refund.state, refund.sendings) == ("PENDING", 0)
    world.sandbox.control.up("wechatpay")
    world.sandbox.control.clear_faults()
    drive_for(world, timedelta(minutes=10))
    refund.refresh_from_db()
    assert (refund.state, refund.sendings) == ("SUCCEEDED", 1)
