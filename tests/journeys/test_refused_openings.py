"""An opening that the provider refuses is asked about before it is called refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.world import World, drive, drive_for, make_order, make_sims
from xuliu.payment.models import Payment

MINUTE = timedelta(minutes=1)


def _placed(world: World, *faults: dict[str, object]) -> Payment:
    for fault in faults:
        world.sandbox.control.fault(peer="wechatpay", operation="native", **fault)
    order = make_order(world, make_sims(world, "onelink"), "cm-12")
    return Payment.objects.get(order_id=order.pk)


def _queries(world: World) -> int:
    return len(world.sandbox.control.calls(peer="wechatpay", operation="query"))


@pytest.mark.parametrize("code", ["PARAM_ERROR", "INVALID_REQUEST", "TRADE_ERROR"])
def test_what_the_provider_refuses_and_does_not_have_fails_after_one_question(world: World, code: str) -> None:
    payment = _placed(world, {"kind": "refuse", "status": 400, "code": code})
    drive()
    payment.refresh_from_db()
    assert (payment.state, _queries(world)) == (Payment.State.FAILED, 1)
    assert code in payment.failed_why


def test_what_it_refuses_and_has_all_the_same_is_closed_there(world: World) -> None:
    """The first opening acted and its answer was lost; the second was refused."""
    _placed(world, {"kind": "lose_answer"})
    drive()
    refusal = {"kind": "refuse", "status": 400, "code": "INVALID_REQUEST"}
    world.sandbox.control.fault(peer="wechatpay", operation="native", **refusal)
    drive_for(world, 2 * MINUTE)
    assert Payment.objects.get().state == Payment.State.CLOSED
    assert [one["state"] for one in world.sandbox.control.books()["providers"]["wechatpay"]["payments"]] == ["closed"]


def test_while_the_provider_does_not_say_it_is_not_called_refused(world: World) -> None:
    world.sandbox.control.fault(peer="wechatpay", kind="error", operation="query", count=3)
    _placed(world, {"kind": "refuse", "status": 400, "code": "PARAM_ERROR"})
    drive()
    assert Payment.objects.get().state == Payment.State.OPENING
    drive_for(world, MINUTE)
    assert Payment.objects.get().state == Payment.State.PENDING
