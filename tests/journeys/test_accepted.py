"""What the carrier does not answer, and two people have seen: it is completed once, whatever is said late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.books import check_own_books
from tests.journeys import paper_carrier as carrier
from tests.journeys.paper_carrier import Paper
from tests.journeys.test_races import Racers, in_another_thread
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
from xuliu.balance.models import Bucket, ProvenReading
from xuliu.carrier.contract import Outcome
from xuliu.carrier.models import CarrierAccount
from xuliu.common import clock
from xuliu.common.actor import Actor, acting
from xuliu.common.models import Event
from xuliu.ledger.models import Posting
from xuliu.ordering.buying.by_notice import apply_notices
from xuliu.ordering.delivering import check, decide, fulfil
from xuliu.ordering.models import Approval, Attempt, Flight, Order, OrderLine, Receipt
from xuliu.ordering.overdue import tell_of_overdue
from xuliu.sandbox.testing import Sandbox
from xuliu.ticket.models import Case

State = OrderLine.State
LATE = (Outcome.DONE, Outcome.REJECTED, Outcome.NOT_FOUND, Outcome.NOT_SENT, Outcome.ACCEPTED, Outcome.UNKNOWN)


def _accepted(name: str, line_id: int) -> bool:
    with acting(Actor("person", make_person(name).pk, name)):
        return decide.accept(line_id=line_id, why="seen in the portal", proof="screenshot 17")


def _releases(line_id: int) -> list[str]:
    released = Posting.objects.filter(reference=f"line:{line_id}:release")
    return list(released.values_list("destination", flat=True))


def _before_midnight(world: World) -> None:
    """A minute before a month ends in China."""
    at = clock.now()
    today = clock.civil_date(at, "Asia/Shanghai")
    turn = date(today.year + today.month // 12, today.month % 12 + 1, 1)
    seconds = (at.hour * 3600 + at.minute * 60 + at.second + 8 * 3600) % 86400
    drive_for(world, timedelta(days=(turn - today).days, minutes=-1) - timedelta(seconds=seconds))


def test_two_people_accept_what_no_reading_can_show_and_the_next_line_goes_on(world: World) -> None:
    (sim,) = make_sims(world, "onelink", ends_in_days=70)
    _before_midnight(world)
    world.sandbox.control.settings(settle_seconds=120)
    world.sandbox.control.fault(peer="onelink", kind="lose_answer", operation="change")
    order = make_paid_order(world, [sim], "cm-add")
    drive_until(world, lambda: line_states(order) == ["UNKNOWN"])
    second = make_paid_order(world, [sim], "cm-12")
    drive_for(world, timedelta(hours=4), step=timedelta(minutes=10))
    line = order.lines.get()
    assert (line_states(order), line_states(second)) == (["UNKNOWN"], ["READY"])
    assert Case.objects.filter(kind="line_waits", subject_id=line.pk, state="OPEN").exists()

    assert (_accepted("Olga", line.pk), _accepted("Olga", line.pk)) == (False, False)
    assert line_states(order) == ["UNKNOWN"], "one person, however often they say it"
    assert _accepted("Otto", line.pk)

    assert (line_states(order), _releases(line.pk)) == (["COMPLETED"], ["revenue:data"])
    assert not Flight.objects.filter(line_id=line.pk).exists()
    assert Attempt.objects.get(line=line, number=line.attempt).proof == "person"
    assert Bucket.objects.filter(line_id=line.pk).count() == 1
    drive_for(world, timedelta(minutes=5))
    assert line_states(second) == ["COMPLETED"], "it waited for this line alone"
    assert Receipt.objects.filter(order=order).exists()
    assert not Case.objects.filter(subject_id=line.pk, state="OPEN").exists()


def test_each_word_and_its_proof_stands_on_the_line(world: World) -> None:
    line = _unknown(world)
    for name in ("Olga", "Otto"):
        _accepted(name, line.pk)

    told = Event.objects.filter(kind="orderline", subject_id=line.pk, actor_kind="person").order_by("id")
    assert [(one.was, one.became, one.actor_label) for one in told] == [
        ("UNKNOWN", "UNKNOWN", "Olga"),
        ("UNKNOWN", "VERIFYING", "Otto"),
        ("VERIFYING", "COMPLETED", "Otto"),
    ]
    assert [told[at].detail for at in (0, 2)] == ["seen in the portal\nscreenshot 17"] * 2


def test_an_end_that_two_people_accepted_holds_up_no_sending(world: World) -> None:
    line = _unknown(world)
    for name in ("Olga", "Otto"):
        _accepted(name, line.pk)
    assert not ProvenReading.objects.exists(), "people's word proves no reading"

    CarrierAccount.objects.update(verify_within=timedelta(minutes=5))
    second = make_paid_order(world, [line.sim], "nce-12")
    drive_for(world, timedelta(minutes=30))

    assert Attempt.objects.filter(line__order=second, sent_at__isnull=False).exists()
    assert line_states(second) == ["DISPUTED"], "the end that was accepted for the first proves no second"
    _accepted("Olga", second.lines.get().pk)


def _unknown(world: World) -> OrderLine:
    """A line that was sent and of which nobody can say anything; somebody has seen what it was to bring."""
    (sim,) = make_sims(world, "1nce")
    world.sandbox.control.fault(peer="1nce", kind="lose_answer", operation="change", acts=False)
    order = make_paid_order(world, [sim], "nce-12")
    drive_until(world, lambda: line_states(order) == ["UNKNOWN"])
    world.by_hand[sim.iccid] += 1
    return OrderLine.objects.select_related("sim").get(order=order)


# What races with it.


@pytest.fixture
def paper(fresh_database: str, clock_file: Path, sandbox: Sandbox) -> Iterator[Paper]:
    with carrier.dropped_in():
        yield carrier.make_paper(make_world(sandbox, "http://127.0.0.1:1", clock_file))
        check_own_books()


@pytest.fixture
def two() -> Iterator[Racers]:
    racers = Racers(2)
    yield racers
    racers.close()


def _in_doubt(paper: Paper, count: int) -> list[OrderLine]:
    """Lines that were done and of which we know nothing; Olga has seen each."""
    carrier.pay(carrier.make_orders(paper, count))
    apply_notices()
    paper.books.is_vague = True
    fulfil.fulfil(paper.account.pk)
    lines = list(OrderLine.objects.order_by("id"))
    assert {line.state for line in lines} == {State.UNKNOWN}
    for line in lines:
        assert not _accepted("Olga", line.pk)
    pass_time(paper.world, timedelta(hours=1))
    return lines


@pytest.mark.parametrize("outcome", LATE)
def test_what_the_carrier_says_after_two_people_accepted_moves_nothing(paper: Paper, outcome: Outcome) -> None:
    """The question was out while the second person said so; the carrier may have been at work on it still."""
    (line,) = _in_doubt(paper, 1)
    paper.books.finds = outcome
    paper.books.during_find = lambda: in_another_thread(lambda: _accepted("Otto", line.pk))

    assert check.check(paper.account.pk) == 1

    assert line_states(Order.objects.get()) == ["COMPLETED"]
    assert _releases(line.pk) == ["revenue:data"]
    assert not Flight.objects.exists()
    assert list(Event.objects.filter(kind="orderline", became="COMPLETED").values_list("actor_label", flat=True)) == [
        "Otto"
    ]
    tell_of_overdue()
    assert not Case.objects.filter(subject_kind="orderline", state="OPEN").exists()


def test_what_was_sent_as_often_as_it_may_and_was_accepted_meanwhile_is_told_to_nobody(paper: Paper) -> None:
    (line,) = _in_doubt(paper, 1)
    sent = Attempt.objects.get(line=line)
    Attempt.objects.bulk_create(
        Attempt(line=line, number=number, account_id=sent.account_id, sent_at=sent.sent_at, outcome="unknown")
        for number in range(20, 25)
    )
    OrderLine.objects.filter(id=line.pk).update(attempt=25)
    Attempt.objects.filter(id=sent.pk).update(number=25)
    Approval.objects.update(attempt=25)
    paper.books.finds = Outcome.NOT_FOUND
    paper.books.during_find = lambda: in_another_thread(lambda: _accepted("Otto", line.pk))

    check.check(paper.account.pk)

    line.refresh_from_db()
    assert (line.state, line.is_set_aside) == (State.COMPLETED, False)
    assert not Case.objects.filter(kind="line_sent_in_vain").exists()


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.ACCEPTED])
@pytest.mark.parametrize("end", ["accepted", "given back"])
def test_a_late_answer_takes_no_look_back_away(paper: Paper, end: str, outcome: Outcome) -> None:
    """What may have been done twice, or after all, is looked at again, whatever came in between."""
    (line,) = _in_doubt(paper, 1)
    sent = Attempt.objects.get(line=line)
    Attempt.objects.create(line=line, number=9, account_id=sent.account_id, sent_at=sent.sent_at, outcome="unknown")

    def decided() -> bool:
        if end == "accepted":
            return _accepted("Otto", line.pk)
        with acting(Actor("person", make_person("Otto").pk, "Otto")):
            return decide.refund(line_id=line.pk, why="it takes too long")

    paper.books.finds = outcome
    paper.books.during_find = lambda: in_another_thread(decided)

    check.check(paper.account.pk)

    sent.refresh_from_db()
    assert sent.recheck_at is not None


def _refused_late(line: OrderLine) -> bool:
    with acting(Actor("person", make_person("Mei").pk, "Mei")):
        return decide.refund(line_id=line.pk, why="it takes too long")


def _sent_again(line: OrderLine) -> bool:
    with acting(Actor("person", make_person("Mei").pk, "Mei")):
        return decide.send_again(line_id=line.pk, why="the carrier knows nothing of it")


def _or_not(run: Callable[[OrderLine], bool], line: OrderLine) -> bool:
    try:
        return run(line)
    except decide.CannotDecide:
        return False


@pytest.mark.parametrize("rival", [Outcome.DONE, Outcome.REJECTED, Outcome.NOT_FOUND, _refused_late, _sent_again])
def test_accepting_and_its_rival_at_once_end_a_line_once(
    paper: Paper, two: Racers, rival: Outcome | Callable[[OrderLine], bool]
) -> None:
    lines = _in_doubt(paper, 15)
    OrderLine.objects.update(due_at=clock.now() + timedelta(days=1))
    paper.books.is_vague = False
    if isinstance(rival, Outcome):
        paper.books.finds = rival
    elif rival is _sent_again:  # a second word for it is all that is missing
        said = {"decision": "send_again", "person_id": 10**6, "why": "not there", "at": clock.now()}
        Approval.objects.bulk_create(Approval(line=line, attempt=1, **said) for line in lines)
    for line in lines:
        OrderLine.objects.filter(id=line.pk).update(due_at=clock.now())
        run = partial(check.check, paper.account.pk) if isinstance(rival, Outcome) else partial(_or_not, rival, line)

        (is_accepted, _) = two.race(partial(_or_not, lambda one: _accepted("Otto", one.pk), line), run)

        line.refresh_from_db()
        moves = Event.objects.filter(kind="orderline", subject_id=line.pk, was="UNKNOWN").exclude(became="UNKNOWN")
        assert moves.count() == 1, "who came second did nothing"
        assert (line.state == State.COMPLETED) >= is_accepted
        assert len(_releases(line.pk)) == (line.state in (State.COMPLETED, State.REJECTED))
