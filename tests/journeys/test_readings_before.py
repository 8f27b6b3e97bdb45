"""No delivery is receipted that never was: what the carrier says before a sending is held against what is known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.books import check_own_books
from tests.journeys import paper_carrier as carrier
from tests.journeys.paper_carrier import Paper
from tests.make import make_person
from tests.world import (
    World,
    drive_for,
    drive_until,
    line_states,
    make_paid_order,
    make_sims,
    make_world,
    pass_time,
)
from xuliu.balance.models import ProvenReading, Reading
from xuliu.balance.operations import request_readings
from xuliu.balance.refresh import refresh
from xuliu.carrier import operations as carriers
from xuliu.carrier.models import CarrierAccount
from xuliu.common import clock
from xuliu.common.actor import Actor, acting
from xuliu.common.dates import add_months
from xuliu.common.deciding import PersonReason
from xuliu.inventory.models import Sim
from xuliu.ordering.buying.by_notice import apply_notices
from xuliu.ordering.buying.place import place
from xuliu.ordering.delivering import check, decide, fulfil, verify
from xuliu.ordering.models import Attempt, Order, OrderLine
from xuliu.payment.models import Refund
from xuliu.sandbox.testing import Sandbox
from xuliu.ticket.models import Case

BOTH = pytest.mark.parametrize(("account", "offering"), [("onelink", "cm-12"), ("1nce", "nce-12")])


def _effects(world: World, account: str) -> int:
    return int(world.sandbox.control.books(summary=True)["carriers"][account]["count"])


def _renewed(world: World, account: str, offering: str) -> tuple[Sim, date]:
    """A SIM whose renewal was delivered, proven and receipted, and the end that it had before."""
    (sim,) = make_sims(world, account)
    before = sim.period_end_on
    assert before is not None
    drive_for(world, timedelta(0))
    first = make_paid_order(world, [sim], offering)
    drive_until(world, lambda: line_states(first) == ["COMPLETED"])
    return sim, before


def _shown(world: World, sim: Sim, ends_on: date) -> None:
    world.sandbox.control.sim(sim.iccid, ends_on=str(ends_on))


def _decided(name: str, line: OrderLine) -> bool:
    with acting(Actor("person", make_person(name).pk, name)):
        return decide.send_on_reading(line_id=line.pk, why="the carrier took a period back")


@BOTH
def test_a_copy_that_lags_behind_makes_no_delivery_of_an_older_one(world: World, account: str, offering: str) -> None:
    sim, stale = _renewed(world, account, offering)
    fresh = add_months(stale, 12, anchor_day=stale.day)
    assert ProvenReading.objects.get(sim=sim).period_end_on == fresh
    CarrierAccount.objects.update(verify_within=timedelta(minutes=20))
    _shown(world, sim, stale)
    world.sandbox.control.fault(peer=account, kind="nothing", operation="change")
    order = make_paid_order(world, [sim], offering)
    drive_for(world, timedelta(minutes=5))

    held = OrderLine.objects.get(order=order)
    assert held.state == "READY"
    assert Attempt.objects.filter(line=held, sent_at=None, outcome="not_sent").count() == held.attempt > 1
    assert _effects(world, account) == 1

    _shown(world, sim, fresh)
    drive_for(world, timedelta(hours=1))
    assert line_states(order) == ["DISPUTED"], "it was sent, and what an older line brought is no proof of it"


@BOTH
def test_answers_from_a_copy_delay_a_sending_and_no_more(world: World, account: str, offering: str) -> None:
    sim, _ = _renewed(world, account, offering)
    world.sandbox.control.fault(peer=account, kind="stale_read", operation="read", count=6)
    order = make_paid_order(world, [sim], offering)
    drive_for(world, timedelta(minutes=10))

    assert line_states(order) == ["COMPLETED"]
    assert Attempt.objects.filter(line__order=order).count() > 1
    assert _effects(world, account) == 2


def test_another_sims_answer_is_neither_sent_on_nor_shown(world: World) -> None:
    sim, _ = make_sims(world, "1nce", 2)
    request_readings(sim_ids=[sim.pk])
    world.sandbox.control.fault(peer="1nce", kind="other_sim", operation="sim", count=2)
    refresh(world.accounts["1nce"].pk)
    shown = Reading.objects.get(sim=sim)
    assert (shown.as_of, shown.failed_at is not None) == (None, True)

    order = make_paid_order(world, [sim], "nce-12")
    drive_until(world, lambda: Attempt.objects.filter(line__order=order).exists())
    assert not Attempt.objects.filter(sent_at__isnull=False).exists()
    drive_for(world, timedelta(minutes=5))

    assert line_states(order) == ["COMPLETED"]
    assert _effects(world, "1nce") == 1


@BOTH
def test_held_back_for_long_it_waits_for_two_people_who_send_on_that_reading(
    world: World, account: str, offering: str
) -> None:
    sim, stale = _renewed(world, account, offering)
    _shown(world, sim, stale)
    order = make_paid_order(world, [sim], offering)
    drive_for(world, timedelta(hours=3))

    line = OrderLine.objects.get(order=order)
    assert (line.state, line.is_set_aside) == ("READY", True)
    case = Case.objects.get(subject_kind="orderline", subject_id=line.pk, state="OPEN")
    assert (case.kind, case.facts["end_said"]) == ("line_held_back", str(stale))

    assert not _decided("Olga", line)
    assert not _decided("Olga", line), "the same person twice is one person"
    assert line_states(order) == ["READY"]
    assert _decided("Otto", line)
    drive_for(world, timedelta(hours=1))
    assert line_states(order) == ["COMPLETED"]
    assert ProvenReading.objects.get(sim=sim).line_id == line.pk
    assert not Case.objects.filter(kind="line_held_back", state="OPEN").exists()


def test_held_back_for_long_its_money_can_be_given_back(world: World) -> None:
    sim, stale = _renewed(world, "1nce", "nce-12")
    _shown(world, sim, stale)
    order = make_paid_order(world, [sim], "nce-12")
    drive_for(world, timedelta(minutes=30))
    line = OrderLine.objects.get(order=order)
    with acting(Actor("person", make_person("Olga").pk, "Olga")):
        with pytest.raises(decide.CannotDecide, match="not_stuck"):
            decide.refund(line_id=line.pk, why="it waits")
        with pytest.raises(decide.CannotDecide, match="no_reading"):
            decide.send_on_reading(line_id=line.pk, why="it waits")
    drive_for(world, timedelta(hours=3))

    with acting(Actor("person", make_person("Olga").pk, "Olga")):
        assert decide.refund(line_id=line.pk, why="the carrier shows nonsense")
    drive_for(world, timedelta(hours=1))

    assert line_states(order) == ["REJECTED"]
    assert list(Refund.objects.values_list("state", flat=True)) == ["SUCCEEDED"]
    assert _effects(world, "1nce") == 1


@BOTH
def test_an_end_that_was_imported_holds_up_no_sending(world: World, account: str, offering: str) -> None:
    (sim,) = make_sims(world, account)
    Sim.objects.filter(id=sim.pk).update(period_end_on=date(2050, 1, 1))
    order = make_paid_order(world, [sim], offering)

    drive_for(world, timedelta(minutes=5))

    assert line_states(order) == ["COMPLETED"]


def test_an_end_that_a_person_accepted_holds_up_no_sending(world: World) -> None:
    (sim,) = make_sims(world, "1nce")
    CarrierAccount.objects.update(verify_within=timedelta(minutes=5))
    world.sandbox.control.fault(peer="1nce", kind="nothing", operation="change")
    first = make_paid_order(world, [sim], "nce-12")
    drive_for(world, timedelta(minutes=30))
    with acting(Actor("person", make_person("Olga").pk, "Olga")):
        decide.accept(line_id=first.lines.get().pk, why="seen in the portal", proof="screenshot 17")
    world.by_hand[sim.iccid] += 1
    assert not ProvenReading.objects.exists(), "a person's word proves no reading"

    second = make_paid_order(world, [sim], "nce-12")
    drive_for(world, timedelta(minutes=2))

    assert Attempt.objects.filter(line__order=second, sent_at__isnull=False).exists()
    drive_for(world, timedelta(minutes=30))
    assert line_states(second) == ["DISPUTED"], "the end that was accepted for the first proves no second"
    with acting(Actor("person", make_person("Olga").pk, "Olga")):
        decide.accept(line_id=second.lines.get().pk, why="seen in the portal", proof="screenshot 18")


@BOTH
def test_an_earlier_sending_that_turns_out_to_be_done_is_not_sent_again(
    world: World, account: str, offering: str
) -> None:
    (sim,) = make_sims(world, account)
    end = sim.period_end_on
    assert end is not None
    world.sandbox.control.fault(peer=account, kind="lose_answer", operation="change", acts=False)
    order = make_paid_order(world, [sim], offering)
    drive_until(world, lambda: line_states(order) == ["UNKNOWN"])
    carriers.pause([world.accounts[account].pk], why=PersonReason.A_PERSON_SAYS, detail="Olga looks into it")
    drive_for(world, timedelta(hours=1))
    assert line_states(order) == ["READY"], "the carrier knew nothing of it for long enough"

    _shown(world, sim, add_months(end, 12, anchor_day=end.day))
    world.by_hand[sim.iccid] += 1
    carriers.resume([world.accounts[account].pk])
    drive_for(world, timedelta(minutes=10))

    line = OrderLine.objects.get(order=order)
    assert (line.state, line.attempt) == ("COMPLETED", 1)
    assert list(Attempt.objects.order_by("number").values_list("number", "proof")) == [(1, "period_end"), (2, "")]
    assert Attempt.objects.get(number=2).sent_at is None
    assert _effects(world, account) == 0


def test_not_found_proves_as_much_to_a_person_as_to_the_check(world: World) -> None:
    (sim,) = make_sims(world, "onelink")
    world.sandbox.control.fault(peer="onelink", kind="lose_answer", operation="change", acts=False)
    order = make_paid_order(world, [sim], "cm-12")
    drive_until(world, lambda: line_states(order) == ["UNKNOWN"])
    world.sandbox.control.down("onelink")
    line = OrderLine.objects.get(order=order)
    sent_at = Attempt.objects.get(line=line).sent_at
    assert sent_at is not None
    drive_for(world, sent_at + timedelta(minutes=30, seconds=40) - clock.now())

    with acting(Actor("person", make_person("Olga").pk, "Olga")):
        with pytest.raises(decide.CannotDecide, match="too_early"):
            decide.send_again(line_id=line.pk, why="asked the carrier by phone")
        drive_for(world, timedelta(seconds=15))
        assert not decide.send_again(line_id=line.pk, why="asked the carrier by phone")
    world.sandbox.control.up("onelink")
    drive_for(world, timedelta(hours=2))
    assert line_states(order) == ["COMPLETED"]


@BOTH
def test_once_more_than_was_sold_is_a_case(world: World, account: str, offering: str) -> None:
    (sim,) = make_sims(world, account)
    world.sandbox.control.fault(peer=account, kind="act_twice", operation="change")
    order = make_paid_order(world, [sim], offering)
    drive_for(world, timedelta(minutes=10))

    assert line_states(order) == ["COMPLETED"]
    case = Case.objects.get(kind="delivered_more_than_sold")
    assert case.subject_id == order.lines.get().pk


def test_what_is_sent_twice_and_done_twice_is_found_after_its_end(world: World) -> None:
    (sim,) = make_sims(world, "1nce")
    world.sandbox.control.settings(settle_seconds=3 * 3600)
    world.sandbox.control.fault(peer="1nce", kind="lose_answer", operation="change")
    order = make_paid_order(world, [sim], "nce-12")
    drive_for(world, timedelta(hours=8))

    assert _effects(world, "1nce") == 2
    assert line_states(order) == ["COMPLETED"]
    assert Case.objects.get(kind="delivered_more_than_sold").subject_id == order.lines.get().pk


@pytest.mark.parametrize(("granted_mb", "is_told"), [(5000, True), (600, False)])
def test_an_automatic_top_up_of_the_carriers_own_is_no_surplus(world: World, granted_mb: int, is_told: bool) -> None:
    (sim,) = make_sims(world, "1nce")
    world.sandbox.control.sim(sim.iccid, granted_bytes=granted_mb * 10**6)
    world.sandbox.control.fault(peer="1nce", kind="act_twice", operation="change")
    order = make_paid_order(world, [sim], "nce-add")
    drive_for(world, timedelta(minutes=10))

    assert line_states(order) == ["COMPLETED"]
    assert Case.objects.filter(kind="delivered_more_than_sold").exists() is is_told
    world.by_hand[sim.iccid] -= not is_told


@BOTH
@pytest.mark.parametrize("hours", [4, 20])
def test_what_was_refused_and_delivered_much_later_is_found(
    world: World, account: str, offering: str, hours: int
) -> None:
    (sim,) = make_sims(world, account)
    late = {"kind": "deliver_after_refusing", "reason": "sim", "seconds": hours * 3600}
    world.sandbox.control.fault(peer=account, operation="change", **late)
    order = make_paid_order(world, [sim], offering)
    drive_for(world, timedelta(hours=hours))
    assert not Case.objects.filter(kind="delivered_after_refusal").exists()

    drive_for(world, timedelta(hours=6))

    assert line_states(order) == ["REJECTED"]
    assert Case.objects.filter(kind="delivered_after_refusal").count() == 1
    assert not Attempt.objects.filter(recheck_at__isnull=False).exists()


def test_an_add_on_over_the_turn_of_a_month_is_proven_by_the_order_query(world: World) -> None:
    (sim,) = make_sims(world, "onelink", ends_in_days=70)
    today = clock.civil_date(clock.now(), "Asia/Shanghai")
    turn = date(today.year + today.month // 12, today.month % 12 + 1, 1)
    before_midnight = timedelta(days=(turn - today).days) - timedelta(minutes=1)
    at = clock.now()
    seconds = (at.hour * 3600 + at.minute * 60 + at.second + 8 * 3600) % 86400
    drive_for(world, before_midnight - timedelta(seconds=seconds))
    world.sandbox.control.settings(settle_seconds=120)
    order = make_paid_order(world, [sim], "cm-add")
    drive_until(world, lambda: line_states(order) == ["ACCEPTED"])

    drive_for(world, timedelta(minutes=10))

    assert line_states(order) == ["COMPLETED"]
    attempt = Attempt.objects.get(line__order=order)
    assert attempt.before["counted_from"] != attempt.after["counted_from"]
    assert attempt.proof == "order_query"


@pytest.mark.parametrize(("account", "offering", "zone"), [("onelink", "cm-12", 8), ("1nce", "nce-12", 0)])
def test_an_expired_sim_renewed_after_midnight_is_proven_by_todays_date(
    world: World, account: str, offering: str, zone: int
) -> None:
    """Half past midnight where the carrier's days begin."""
    at = clock.now()
    since_midnight = (at.hour * 3600 + at.minute * 60 + at.second + zone * 3600) % 86400
    pass_time(world, timedelta(days=1, minutes=30) - timedelta(seconds=since_midnight))
    (sim,) = make_sims(world, account, ends_in_days=-3)
    today = clock.civil_date(clock.now(), world.accounts[account].zone)
    CarrierAccount.objects.update(verify_within=timedelta(minutes=20))
    world.sandbox.control.fault(peer=account, kind="nothing", operation="change")
    order = make_paid_order(world, [sim], offering)
    drive_until(world, lambda: line_states(order) == ["VERIFYING"] or line_states(order) == ["ACCEPTED"])

    _shown(world, sim, add_months(today - timedelta(days=1), 12, anchor_day=(today - timedelta(days=1)).day))
    drive_for(world, timedelta(minutes=30))
    assert line_states(order) == ["DISPUTED"]

    _shown(world, sim, add_months(today, 12, anchor_day=today.day))
    world.by_hand[sim.iccid] += 1
    drive_for(world, timedelta(hours=25))
    assert line_states(order) == ["COMPLETED"]


# A SIM of which the carrier says no end.


@pytest.fixture
def paper(fresh_database: str, clock_file: Path, sandbox: Sandbox) -> Iterator[Paper]:
    with carrier.dropped_in():
        yield carrier.make_paper(make_world(sandbox, "http://127.0.0.1:1", clock_file))
        check_own_books()


def _silent(paper: Paper, end_on: date | None) -> tuple[Sim, Order]:
    """A SIM whose carrier names no end, with a paid order; and the end that we have stored."""
    (sim,) = carrier.make_paper_sims(paper, 1)
    paper.books.ends_on[sim.iccid] = None
    Sim.objects.filter(id=sim.pk).update(period_end_on=end_on)
    order = carrier.make_quote(paper, [sim])
    place(order_id=order.pk, way="native")
    carrier.pay([order])
    apply_notices()
    return sim, order


def _run(paper: Paper, passed: timedelta) -> None:
    pass_time(paper.world, passed)
    for step in (fulfil.fulfil, check.check, verify.verify):
        step(paper.account.pk)


@pytest.mark.parametrize(("starts_from", "state"), [(None, "VERIFYING"), (date(2030, 5, 17), "COMPLETED")])
def test_where_no_end_is_said_it_is_proven_from_the_end_that_we_know(
    paper: Paper, starts_from: date | None, state: str
) -> None:
    paper.books.starts_from = starts_from
    _, order = _silent(paper, date(2030, 5, 17))

    _run(paper, timedelta(0))

    assert line_states(order) == [state]


def test_where_no_end_is_said_and_none_known_it_is_sent_when_that_was_said_twice(paper: Paper) -> None:
    sim, order = _silent(paper, None)

    _run(paper, timedelta(0))
    assert line_states(order) == ["READY"]
    _run(paper, timedelta(seconds=50))
    assert line_states(order) == ["READY"]
    assert paper.books.effects[sim.iccid] == 0
    _run(paper, timedelta(seconds=15))

    assert line_states(order) == ["COMPLETED"]
    assert paper.books.effects[sim.iccid] == 1
