"""What can go wrong between us and a carrier: nothing is delivered twice, nobody is refunded for our trouble."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.world import (
    World,
    drive_for,
    drive_until,
    line_states,
    make_order,
    make_paid_order,
    make_sims,
    open_payments,
)
from xuliu.carrier.models import Call, CarrierAccount
from xuliu.carrier.operations import resume
from xuliu.common.dates import add_months
from xuliu.inventory.models import Sim
from xuliu.ordering.models import Attempt, Order, OrderLine
from xuliu.ordering.progress import progress
from xuliu.payment.models import Refund
from xuliu.ticket.models import Case

BOTH = pytest.mark.parametrize(("account", "offering"), [("onelink", "cm-12"), ("1nce", "nce-12")])


def _effects(world: World, account: str) -> list[dict[str, object]]:
    effects: list[dict[str, object]] = world.sandbox.control.books()["carriers"][account]["effects"]
    return effects


@pytest.mark.usefixtures("short_deadlines")
@BOTH
@pytest.mark.parametrize("kind", ["lose_answer", "hang", "error_after", "odd_body"])
def test_an_answer_lost_after_acting_is_delivered_once(world: World, account: str, offering: str, kind: str) -> None:
    (sim,) = make_sims(world, account)
    world.sandbox.control.fault(peer=account, kind=kind, operation="change", seconds=4)
    order = make_paid_order(world, [sim], offering)

    drive_until(world, lambda: progress(order.pk).is_final, within=timedelta(hours=2))

    assert line_states(order) == ["COMPLETED"]
    assert len(_effects(world, account)) == 1


@BOTH
def test_a_request_lost_before_acting_is_sent_again_once_that_is_proven(
    world: World, account: str, offering: str
) -> None:
    (sim,) = make_sims(world, account)
    world.sandbox.control.fault(peer=account, kind="lose_answer", operation="change", acts=False)
    order = make_paid_order(world, [sim], offering)
    drive_for(world, timedelta(minutes=5))
    assert line_states(order) == ["UNKNOWN"]

    drive_for(world, timedelta(hours=3))

    assert line_states(order) == ["COMPLETED"]
    assert Attempt.objects.filter(line__order=order).count() == 2
    assert len(_effects(world, account)) == 1


@BOTH
@pytest.mark.parametrize("reason", ["sim", "plan"])
def test_a_refusal_is_given_back(world: World, account: str, offering: str, reason: str) -> None:
    (sim,) = make_sims(world, account)
    world.sandbox.control.fault(peer=account, kind="refuse", operation="change", reason=reason)
    order = make_paid_order(world, [sim], offering)
    drive_for(world, timedelta(minutes=10))

    assert Order.objects.get(id=order.pk).state == Order.State.FAILED
    assert list(Refund.objects.values_list("state", flat=True)) == ["SUCCEEDED"]


@BOTH
@pytest.mark.parametrize("kind", ["too_many", "token_expired"])
def test_what_was_certainly_not_sent_is_sent_again(world: World, account: str, offering: str, kind: str) -> None:
    (sim,) = make_sims(world, account)
    world.sandbox.control.fault(peer=account, kind=kind, operation="change")
    order = make_paid_order(world, [sim], offering)
    drive_for(world, timedelta(minutes=10))

    assert line_states(order) == ["COMPLETED"]
    assert len(_effects(world, account)) == 1


@BOTH
def test_a_carrier_that_is_down_for_an_hour_delivers_afterwards(world: World, account: str, offering: str) -> None:
    sims = make_sims(world, account, 3)
    world.sandbox.control.down(account)
    order = make_paid_order(world, sims, offering)
    drive_for(world, timedelta(hours=1), step=timedelta(minutes=2))
    assert set(line_states(order)) <= {"READY"}

    world.sandbox.control.up(account)
    drive_for(world, timedelta(minutes=30))

    assert line_states(order) == ["COMPLETED"] * 3
    assert not Refund.objects.exists()


@BOTH
def test_our_empty_account_pauses_it_and_refunds_nobody(world: World, account: str, offering: str) -> None:
    sims = make_sims(world, account, 2)
    world.sandbox.control.account(account, 0)
    order = make_paid_order(world, sims, offering)
    drive_for(world, timedelta(minutes=30))

    paused = CarrierAccount.objects.get(code=account)
    assert paused.paused_at is not None
    assert line_states(order) == ["READY", "READY"]
    assert Case.objects.filter(kind="carrier_account_paused", subject_id=paused.pk).count() == 1
    assert not Refund.objects.exists()

    world.sandbox.control.account(account, None)
    resume([paused.pk])
    drive_for(world, timedelta(minutes=10))
    assert line_states(order) == ["COMPLETED", "COMPLETED"]


@BOTH
def test_ok_without_an_effect_is_disputed_and_the_money_stays_held(world: World, account: str, offering: str) -> None:
    (sim,) = make_sims(world, account)
    assert sim.period_end_on is not None
    CarrierAccount.objects.update(verify_within=timedelta(minutes=20))
    world.sandbox.control.fault(peer=account, kind="nothing", operation="change")
    order = make_paid_order(world, [sim], offering)
    drive_for(world, timedelta(hours=1))

    assert line_states(order) == ["DISPUTED"]
    assert Order.objects.get(id=order.pk).state == Order.State.PAID
    assert Case.objects.filter(kind="line_disputed").count() == 1
    assert not Refund.objects.exists()

    world.sandbox.control.sim(sim.iccid, ends_on=str(sim.period_end_on + timedelta(days=370)))
    world.by_hand[sim.iccid] += 1
    drive_for(world, timedelta(hours=26), step=timedelta(hours=12))
    assert line_states(order) == ["COMPLETED"]


@BOTH
def test_half_of_what_was_sold_is_not_proof(world: World, account: str, offering: str) -> None:
    (sim,) = make_sims(world, account)
    world.sandbox.control.fault(peer=account, kind="wrong_amount", operation="change", factor=0.5)
    CarrierAccount.objects.update(verify_within=timedelta(minutes=20))
    order = make_paid_order(world, [sim], offering)
    drive_for(world, timedelta(hours=1))

    assert line_states(order) == ["DISPUTED"]


@BOTH
def test_delivered_after_refusing_is_a_case_of_drift(world: World, account: str, offering: str) -> None:
    (sim,) = make_sims(world, account)
    world.sandbox.control.fault(
        peer=account, kind="deliver_after_refusing", operation="change", reason="sim", seconds=60
    )
    order = make_paid_order(world, [sim], offering)
    drive_for(world, timedelta(hours=3))

    assert line_states(order) == ["REJECTED"]
    assert list(Refund.objects.values_list("state", flat=True)) == ["SUCCEEDED"]
    assert Case.objects.filter(kind="delivered_after_refusal").count() == 1


@BOTH
def test_a_carrier_that_acts_twice_when_asked_twice_is_asked_once(world: World, account: str, offering: str) -> None:
    (sim,) = make_sims(world, account)
    world.sandbox.control.settings(settle_seconds=120)
    world.sandbox.control.fault(peer=account, kind="lose_answer", operation="change")
    order = make_paid_order(world, [sim], offering)
    drive_for(world, timedelta(hours=2))

    assert line_states(order) == ["COMPLETED"]
    assert len(_effects(world, account)) == 1


@BOTH
def test_two_renewals_of_one_sim_by_two_payers_are_both_delivered_in_turn(
    world: World, account: str, offering: str
) -> None:
    (sim,) = make_sims(world, account)
    end_before = sim.period_end_on
    assert end_before is not None
    orders = [make_order(world, [sim], offering), make_order(world, [sim], offering)]
    for order in orders:
        world.sandbox.control.pay(open_payments(world, order).reference)
    drive_for(world, timedelta(minutes=30))

    assert [line_states(order) for order in orders] == [["COMPLETED"], ["COMPLETED"]]
    sim.refresh_from_db()
    assert sim.period_end_on == add_months(end_before, 24, anchor_day=end_before.day)
    assert len(_effects(world, account)) == 2


@BOTH
def test_one_sim_twice_in_one_order_flies_once_at_a_time(world: World, account: str, offering: str) -> None:
    (sim,) = make_sims(world, account)
    order = make_paid_order(world, [sim, sim], offering)
    drive_for(world, timedelta(minutes=30))

    assert line_states(order) == ["COMPLETED", "COMPLETED"]
    first, second = OrderLine.objects.filter(order=order).order_by("position")
    assert second.starts_on == first.ends_on
    assert Sim.objects.get(id=sim.pk).period_end_on == second.ends_on


def test_a_batch_in_which_one_card_is_refused_delivers_the_others(world: World) -> None:
    sims = make_sims(world, "onelink", 20)
    world.sandbox.control.sim(sims[7].iccid, state="terminated")
    order = make_paid_order(world, sims, "cm-12")
    drive_for(world, timedelta(hours=2))

    states = line_states(order)
    assert states[7] == "REJECTED"
    assert states.count("COMPLETED") == 19
    assert Order.objects.get(id=order.pk).state == Order.State.PARTIAL
    assert list(Refund.objects.values_list("state", "amount_minor")) == [("SUCCEEDED", 3600)]


def test_no_secret_stands_in_the_call_log(world: World) -> None:
    sims = [make_sims(world, account)[0] for account in ("onelink", "1nce")]
    for sim, offering in zip(sims, ("cm-12", "nce-12"), strict=True):
        make_paid_order(world, [sim], offering)
    drive_for(world, timedelta(minutes=1))

    logged = "".join(f"{call.request}{call.answer}" for call in Call.objects.all())
    secrets = [
        value
        for keys in world.sandbox.credentials.values()
        for name, value in keys.items()
        if any(word in name for word in ("password", "secret", "private", "key")) and "public" not in name
    ]
    assert Call.objects.filter(is_change=True).count() == 2
    assert not [secret for secret in secrets if secret in logged]


def test_a_bulk_order_refused_later_for_our_empty_account_is_nobodys_refund(world: World) -> None:
    sims = make_sims(world, "onelink", 2)
    world.sandbox.control.fault(peer="onelink", kind="fail_later", operation="change", reason="account", count=1)
    order = make_paid_order(world, sims, "cm-12")
    drive_for(world, timedelta(minutes=10))

    assert line_states(order) == ["READY", "READY"]
    account = CarrierAccount.objects.get(code="onelink")
    assert account.paused_at is not None
    assert not Refund.objects.exists()

    resume([account.pk])
    drive_for(world, timedelta(hours=2))
    assert line_states(order) == ["COMPLETED", "COMPLETED"]
    assert len(_effects(world, "onelink")) == 2
