"""Two at the same moment: each racer is a thread with a database connection of its own, and all start at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from django.db import connections

from tests.books import check_own_books
from tests.journeys import paper_carrier as carrier
from tests.journeys.paper_carrier import Paper
from tests.world import (
    World,
    drive,
    drive_for,
    drive_until,
    line_states,
    make_paid_order,
    make_sims,
    make_world,
    pass_time,
)
from xuliu.balance.operations import request_readings
from xuliu.balance.refresh import refresh
from xuliu.common import clock, stops
from xuliu.ledger import addresses
from xuliu.ledger.queries import balance
from xuliu.ordering.buying.by_notice import apply_notices
from xuliu.ordering.buying.cancel import cancel
from xuliu.ordering.buying.place import place
from xuliu.ordering.delivering import check, fulfil, verify
from xuliu.ordering.delivering.outcomes import Delivery, complete
from xuliu.ordering.ending import receipts, settle
from xuliu.ordering.ending.withdraw import withdraw
from xuliu.ordering.models import Attempt, Flight, Order, OrderLine, Receipt
from xuliu.payment import refund_steps
from xuliu.payment.models import Payment, Refund
from xuliu.sandbox.testing import Sandbox

TIMES = 200
Result = TypeVar("Result")


class Racers:
    """Threads that wait for each other before each race."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count)
        self._start = threading.Barrier(count)
        self._count = count

    def race(self, *runs: Callable[[], Result]) -> list[Result]:
        """Run one for each racer, all at once; raises what one of them raised."""
        assert len(runs) == self._count
        started = [self._pool.submit(self._run, run) for run in runs]
        return [one.result() for one in started]

    def _run(self, run: Callable[[], Result]) -> Result:
        self._start.wait(timeout=30)
        return run()

    def close(self) -> None:
        """Let their connections go."""
        self.race(*[connections.close_all] * self._count)
        self._pool.shutdown()


@pytest.fixture
def two() -> Iterator[Racers]:
    racers = Racers(2)
    yield racers
    racers.close()


@pytest.fixture
def paper(fresh_database: str, clock_file: Path, sandbox: Sandbox) -> Iterator[Paper]:
    with carrier.dropped_in():
        yield carrier.make_paper(make_world(sandbox, "http://127.0.0.1:1", clock_file))
        check_own_books()


def _until_nothing(step: Callable[[], int]) -> Callable[[], int]:
    def run() -> int:
        found = 0
        while more := step():
            found += more
        return found

    return run


def _ready(paper: Paper, count: int) -> list[Order]:
    """Paid orders of one line each, ready to be sent."""
    orders = carrier.make_orders(paper, count)
    carrier.pay(orders)
    apply_notices()
    return orders


def _verifying(paper: Paper, orders: int, lines_each: int) -> list[Order]:
    """Paid orders whose lines were sent and wait to be proven."""
    sims = carrier.make_paper_sims(paper, orders * lines_each)
    made = [carrier.make_quote(paper, sims[at : at + lines_each]) for at in range(0, len(sims), lines_each)]
    for order in made:
        place(order_id=order.pk, way="native")
    carrier.pay(made)
    apply_notices()
    fulfil.fulfil(paper.account.pk)
    assert set(OrderLine.objects.values_list("state", flat=True)) == {"VERIFYING"}
    return made


def test_two_workers_finishing_the_last_two_lines_always_settle_the_order(paper: Paper, two: Racers) -> None:
    orders = _verifying(paper, TIMES, 2)

    def finish() -> int:
        return verify.verify(paper.account.pk, limit=1) + settle.settle()

    for number, order in enumerate(orders):
        two.race(finish, finish)
        assert Order.objects.get(id=order.pk).state == Order.State.COMPLETED, f"race {number}"

    two.race(*[_until_nothing(lambda: receipts.issue_receipts(limit=7))] * 2)
    numbers = list(Receipt.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, TIMES + 1))


def test_two_workers_send_each_line_once(paper: Paper, two: Racers) -> None:
    _ready(paper, 300)

    sent = two.race(*[_until_nothing(lambda: fulfil.fulfil(paper.account.pk, limit=7))] * 2)

    assert sum(sent) == 300
    assert set(paper.books.effects.values()) == {1}
    assert list(Attempt.objects.order_by().values_list("number", flat=True).distinct()) == [1]


def test_a_line_is_withdrawn_or_sent_and_never_both(paper: Paper, two: Racers) -> None:
    orders = _ready(paper, 60)
    OrderLine.objects.update(due_at=clock.now() + timedelta(days=1))
    for order in orders:
        line = order.lines.select_related("sim").get()
        OrderLine.objects.filter(id=line.pk).update(due_at=clock.now())

        withdrawn, sent = two.race(
            partial(withdraw, order_id=order.pk),
            partial(fulfil.fulfil, paper.account.pk),
        )

        assert withdrawn + sent == 1
        assert paper.books.effects[line.sim.iccid] == sent
        assert line_states(order) == ["REJECTED" if withdrawn else "VERIFYING"]


def test_two_workers_apply_each_notice_once(paper: Paper, two: Racers) -> None:
    orders = carrier.make_orders(paper, 200)
    carrier.pay(orders)

    two.race(*[_until_nothing(lambda: apply_notices(limit=9))] * 2)

    assert set(Order.objects.values_list("state", flat=True)) == {Order.State.PAID}
    assert -balance(addresses.provider_receivable(paper.world.provider.pk), "CNY") == 200 * 3600
    assert Payment.objects.filter(is_applied=True).count() == 200


def test_placing_twice_at_once_opens_one_payment(paper: Paper, two: Racers) -> None:
    sims = carrier.make_paper_sims(paper, 30)
    for sim in sims:
        order = carrier.make_quote(paper, [sim])
        first, second = two.race(*[partial(place, order_id=order.pk, way="native")] * 2)
        assert first == second
    assert Payment.objects.count() == 30


def test_who_pays_while_cancelling_has_paid(paper: Paper, two: Racers) -> None:
    for order in carrier.make_orders(paper, 40):
        carrier.pay([order])
        two.race(partial(cancel, order_id=order.pk), lambda: apply_notices() and None)
    drive()

    assert set(Order.objects.values_list("state", flat=True)) == {Order.State.COMPLETED}


def test_two_workers_settle_and_give_back_once(paper: Paper, two: Racers) -> None:
    orders = _ready(paper, 100)
    for order in orders:
        withdraw(order_id=order.pk)

    two.race(*[_until_nothing(lambda: settle.settle(limit=7))] * 2)

    assert set(Order.objects.values_list("state", flat=True)) == {Order.State.FAILED}
    assert Refund.objects.count() == 100
    assert not OrderLine.objects.filter(refund_id=None).exists()


def test_a_line_that_two_have_proven_is_completed_once(paper: Paper, two: Racers) -> None:
    _verifying(paper, 30, 1)
    for line in OrderLine.objects.order_by("id"):
        delivery = Delivery(
            line_id=line.pk, attempt=1, starts_on=line.starts_on, ends_on=line.ends_on, size_bytes=0,
            proof="period_end", after=None,
        )  # fmt: skip

        def finish(delivery: Delivery = delivery) -> list[int]:
            with stops.transaction("verify.complete"):
                return complete([delivery], only_from=["VERIFYING"])

        assert sorted(two.race(finish, finish)) == [[], [line.pk]]
    drive()


def test_a_sim_that_many_look_at_is_read_once(paper: Paper) -> None:
    (sim,) = carrier.make_paper_sims(paper, 1)
    many = Racers(8)

    wanted = many.race(*[lambda: request_readings(sim_ids=[sim.pk])] * 8)
    read = many.race(*[lambda: refresh(paper.account.pk)] * 8)
    again = many.race(*[lambda: request_readings(sim_ids=[sim.pk])] * 8)
    many.close()

    assert sum(len(one) for one in wanted) == 1
    assert sum(read) == 1
    assert paper.books.reads[sim.iccid] == 1
    assert not any(again)


def test_the_late_answer_of_an_old_attempt_moves_nothing(paper: Paper) -> None:
    """The lease ran out while the call was slow; the line was found, proven unsent and sent again meanwhile."""
    (order,) = _ready(paper, 1)
    paper.books.knows_nothing = True
    paper.books.during_submit = lambda: in_another_thread(lambda: _recover_and_send_again(paper))

    fulfil.fulfil(paper.account.pk)

    first, second = Attempt.objects.order_by("number")
    assert (first.outcome, second.outcome) == ("rejected", "done")
    assert line_states(order) == ["VERIFYING"]
    drive_for(paper.world, timedelta(hours=3))
    assert line_states(order) == ["COMPLETED"]
    assert list(paper.books.effects.values()) == [1]


def _recover_and_send_again(paper: Paper) -> None:
    Flight.objects.update(lease_until=clock.now() - timedelta(days=1))
    assert check.recover() == 1
    pass_time(paper.world, timedelta(minutes=5))
    assert check.check(paper.account.pk) == 1
    assert fulfil.fulfil(paper.account.pk) == 1


def in_another_thread(run: Callable[[], object]) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()
        pool.submit(connections.close_all).result()


def test_two_workers_send_a_refund_once(world: World, two: Racers) -> None:
    world.sandbox.control.down("onelink")
    orders = [make_paid_order(world, [sim], "cm-12") for sim in make_sims(world, "onelink", 4)]
    drive_until(world, lambda: not OrderLine.objects.exclude(state="READY").exists())
    for order in orders:
        assert withdraw(order_id=order.pk) == 1
    settle.settle()

    two.race(*[_until_nothing(refund_steps.send_refunds)] * 2)

    sent = [call["reference"] for call in world.sandbox.control.calls("wechatpay", operation="refund")]
    assert len(sent) == len(set(sent)) == 4
    drive_for(world, timedelta(minutes=10))
    assert list(Refund.objects.values_list("state", flat=True)) == ["SUCCEEDED"] * 4
