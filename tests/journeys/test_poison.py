"""One poisonous row in a chunk of a thousand, at each step: 999 end right, one is set aside with a case.

The poison is real: a value that the database refuses, a row that contradicts another, an answer that cannot be stored.
Where nothing of that kind can stand in a table, a constraint that was added later refuses the row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from tests.books import check_own_books
from tests.journeys import paper_carrier as carrier
from tests.journeys.paper_carrier import Paper
from tests.world import drive, drive_for, make_world, pass_time
from xuliu.balance.models import Bucket
from xuliu.common import clock
from xuliu.common.deciding import PersonReason
from xuliu.ledger.operations import Entry, post
from xuliu.ordering.buying.by_notice import apply_notices
from xuliu.ordering.buying.place import place
from xuliu.ordering.delivering import decide
from xuliu.ordering.ending import settle
from xuliu.ordering.ending.withdraw import withdraw
from xuliu.ordering.models import Flight, Order, OrderLine, Receipt
from xuliu.payment.models import Notice, Payment, Refund
from xuliu.sandbox.testing import Sandbox
from xuliu.ticket.models import Case
from xuliu.ticket.operations import SAME_FAILURES, close_case

CHUNK = 1_000
ODD = 417  # which of them it is


@pytest.fixture
def paper(fresh_database: str, clock_file: Path, sandbox: Sandbox) -> Iterator[Paper]:
    with carrier.dropped_in():
        yield carrier.make_paper(make_world(sandbox, "http://127.0.0.1:1", clock_file))
        check_own_books()


def _refuse(table: str, *, never: str) -> None:
    """From now on the database refuses such rows; those that stand are left."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT poison CHECK (NOT ({never})) NOT VALID")  # ours


def _allow(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT poison")


def _allow_lines(paper: Paper, line: OrderLine) -> None:
    _allow("ordering_orderline")


Act = Callable[[Paper, OrderLine], None]


@dataclass(frozen=True)
class Poison:
    """How one line is spoiled, in which state that leaves it, and what heals it (nothing heals a contradiction)."""

    plant: Act
    state: str
    heal: Act | None = None


def _refused(state: str) -> Act:
    return lambda paper, line: _refuse("ordering_orderline", never=f"id = {line.pk} AND state = '{state}'")


def _attempts_run_out(paper: Paper, line: OrderLine) -> None:
    OrderLine.objects.filter(id=line.pk).update(attempt=2**15 - 1)


def _attempts_are_few(paper: Paper, line: OrderLine) -> None:
    OrderLine.objects.filter(id=line.pk).update(attempt=0)


def _reading_is_not_kept(paper: Paper, line: OrderLine) -> None:
    _refuse("ordering_attempt", never=f"line_id = {line.pk} AND before IS NOT NULL")


def _answer_is_not_kept(paper: Paper, line: OrderLine) -> None:
    _refuse("ordering_attempt", never=f"line_id = {line.pk} AND answered_at IS NOT NULL")


def _later_answer_is_not_kept(paper: Paper, line: OrderLine) -> None:
    paper.books.says_later = True
    _refuse("ordering_attempt", never=f"line_id = {line.pk} AND outcome = 'done'")


def _allow_attempts(paper: Paper, line: OrderLine) -> None:
    _allow("ordering_attempt")


def _has_its_bytes(paper: Paper, line: OrderLine) -> None:
    Bucket.objects.create(
        line_id=line.pk, sim=line.sim, granted_bytes=1, starts_on=line.starts_on, ends_on=line.ends_on
    )


def _has_no_bytes(paper: Paper, line: OrderLine) -> None:
    Bucket.objects.filter(line_id=line.pk).delete()


def _is_posted_otherwise(paper: Paper, line: OrderLine) -> None:
    reference = f"line:{line.pk}:release"
    post(
        [Entry(reference=reference, source="suspense", destination="loss:test", amount_minor=1, currency="CNY")],
        at=clock.now(),
    )


POISONS = {
    "release": Poison(_refused("READY"), "WAITING", _allow_lines),
    "claim": Poison(_attempts_run_out, "READY", _attempts_are_few),
    "claim, by the move": Poison(_refused("SUBMITTING"), "READY", _allow_lines),
    "the reading before": Poison(_reading_is_not_kept, "READY", _allow_attempts),
    "the answer": Poison(_answer_is_not_kept, "UNKNOWN", _allow_attempts),
    "the answer, by the move": Poison(_refused("VERIFYING"), "UNKNOWN", _allow_lines),
    "check": Poison(_later_answer_is_not_kept, "ACCEPTED", _allow_attempts),
    "completion, its bytes": Poison(_has_its_bytes, "VERIFYING", _has_no_bytes),
    "completion, its posting": Poison(_is_posted_otherwise, "VERIFYING"),
    "completion, by the move": Poison(_refused("COMPLETED"), "VERIFYING", _allow_lines),
}


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS)
def test_one_poisonous_line_of_a_thousand_holds_up_none_of_the_others(paper: Paper, poison: Poison) -> None:
    order = carrier.make_quote(paper, carrier.make_paper_sims(paper, CHUNK))
    place(order_id=order.pk, way="native")
    odd = OrderLine.objects.select_related("sim").get(order=order, position=ODD)
    poison.plant(paper, odd)

    carrier.pay([order])
    _drive_with_leases_run_out(paper)

    states = dict(OrderLine.objects.filter(order=order).values_list("id", "state"))
    assert states.pop(odd.pk) == poison.state
    assert set(states.values()) == {"COMPLETED"}
    assert list(OrderLine.objects.filter(is_set_aside=True).values_list("id", flat=True)) == [odd.pk]
    assert list(Case.objects.values_list("kind", "subject_id")) == [("line_set_aside", odd.pk)]
    assert Order.objects.get(id=order.pk).state == Order.State.PAID
    if poison.heal is not None:
        poison.heal(paper, odd)
        decide.ask_again(line_id=odd.pk)
        drive_for(paper.world, timedelta(minutes=10))
        assert Order.objects.get(id=order.pk).state == Order.State.COMPLETED
        assert set(paper.books.effects.values()) == {1}


def _drive_with_leases_run_out(paper: Paper) -> None:
    """Leases are of the database's own clock, which no test moves."""
    for _ in range(2):
        drive_for(paper.world, timedelta(minutes=1))
        Flight.objects.filter(lease_until__isnull=False).update(lease_until=clock.now() - timedelta(days=1))
    drive()


def test_a_poisonous_reading_after_is_set_aside_too(paper: Paper) -> None:
    order = carrier.make_quote(paper, carrier.make_paper_sims(paper, CHUNK))
    place(order_id=order.pk, way="native")
    paper.books.says_later = True
    carrier.pay([order])
    odd = OrderLine.objects.select_related("sim").get(order=order, position=ODD)
    for _ in range(50):
        if OrderLine.objects.filter(state="ACCEPTED").count() == CHUNK:
            break
        drive()
    _refuse("ordering_attempt", never=f"line_id = {odd.pk} AND after IS NOT NULL")
    drive_for(paper.world, timedelta(minutes=2))

    assert OrderLine.objects.filter(state="COMPLETED").count() == CHUNK - 1
    assert list(Case.objects.values_list("kind", "subject_id")) == [("line_set_aside", odd.pk)]


def _unreadable(order: Order) -> None:
    Notice.objects.filter(notice_id__endswith=Payment.objects.get(order_id=order.pk).reference).update(body=b"\0{")


def _received_otherwise(order: Order) -> None:
    reference = f"payment:{Payment.objects.get(order_id=order.pk).pk}:received"
    post(
        [Entry(reference=reference, source="suspense", destination="loss:test", amount_minor=1, currency="CNY")],
        at=clock.now(),
    )


@pytest.mark.parametrize("spoil", [_unreadable, _received_otherwise])
def test_one_poisonous_notice_of_a_thousand_holds_up_no_other_payment(
    paper: Paper, spoil: Callable[[Order], None]
) -> None:
    orders = carrier.make_orders(paper, CHUNK)
    carrier.pay(orders)
    spoil(orders[ODD])

    drive()

    ended = dict(Order.objects.values_list("id", "state"))
    assert ended.pop(orders[ODD].pk) == Order.State.AWAITING_PAYMENT
    assert set(ended.values()) == {Order.State.COMPLETED}
    (notice,) = Notice.objects.filter(state=Notice.State.SET_ASIDE)
    assert list(Case.objects.filter(subject_kind="notice").values_list("kind", "subject_id")) == [
        ("notice_set_aside", notice.pk)
    ]


def _not_settled(order: Order) -> None:
    _refuse("ordering_order", never=f"id = {order.pk} AND state = 'COMPLETED'")


def _not_receipted(order: Order) -> None:
    _refuse("ordering_receipt", never=f"order_id = {order.pk}")


@pytest.mark.parametrize(
    ("spoil", "table", "left"),
    [(_not_settled, "ordering_order", "PAID"), (_not_receipted, "ordering_receipt", "COMPLETED")],
    ids=["settle", "receipts"],
)
def test_one_poisonous_order_of_a_thousand_holds_up_no_other(
    paper: Paper, spoil: Callable[[Order], None], table: str, left: str
) -> None:
    orders = carrier.make_orders(paper, CHUNK)
    spoil(orders[ODD])
    carrier.pay(orders)

    drive_for(paper.world, timedelta(minutes=1))

    odd = Order.objects.get(id=orders[ODD].pk)
    assert (odd.state, odd.is_receipted) == (left, False)
    assert Receipt.objects.count() == CHUNK - 1
    assert list(Receipt.objects.order_by("id").values_list("number", flat=True)) == list(range(1, CHUNK))
    (case,) = Case.objects.all()
    assert (case.kind, case.subject_id) == ("order_set_aside", odd.pk)

    _allow(table)
    close_case(case.pk, why=PersonReason.A_PERSON_SAYS, detail="the constraint was wrong")
    drive()
    assert Receipt.objects.get(order=odd).number == CHUNK


def test_a_refund_that_stands_already_holds_up_no_other_order(paper: Paper) -> None:
    orders = carrier.make_orders(paper, 20)
    for order in orders[:2]:
        payment = Payment.objects.get(order_id=order.pk)
        at = clock.now()
        Refund.objects.create(
            payment=payment, amount_minor=1, currency="CNY", why="not_provisioned", state_at=at, requested_at=at,
            due_at=at + timedelta(days=9), state=Refund.State.FAILED,
        )  # fmt: skip
    carrier.pay(orders)
    apply_notices()
    for order in orders:
        assert withdraw(order_id=order.pk) == 1

    for _ in range(SAME_FAILURES):
        while settle.settle():
            pass

    assert Order.objects.filter(state=Order.State.FAILED).count() == 18
    assert Case.objects.filter(kind="order_set_aside").count() == 2


def test_one_poisonous_quote_of_a_thousand_lapses_no_later_than_the_others(paper: Paper) -> None:
    orders = carrier.make_orders(paper, CHUNK)
    Payment.objects.update(state=Payment.State.CLOSED)
    Order.objects.filter(id__in=[order.pk for order in orders[: CHUNK // 2]]).update(state=Order.State.QUOTED)
    _refuse("ordering_order", never=f"id IN ({orders[ODD].pk}, {orders[-1].pk}) AND state IN ('LAPSED', 'EXPIRED')")
    pass_time(paper.world, timedelta(hours=1))

    drive()

    assert Order.objects.filter(state=Order.State.LAPSED).count() == CHUNK // 2 - 1
    assert Order.objects.filter(state=Order.State.EXPIRED).count() == CHUNK // 2 - 1
    assert set(Case.objects.values_list("kind", "subject_id")) == {
        ("order_set_aside", orders[ODD].pk),
        ("order_set_aside", orders[-1].pk),
    }
