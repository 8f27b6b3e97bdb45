"""What providers say is stored as a set: one payment and ten take the same statements, but for the log of calls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.world import World, drive, make_order, make_sims, pass_time
from xuliu.common.tests.waiting import until
from xuliu.ordering.buying.by_notice import apply_notices
from xuliu.ordering.ending import settle
from xuliu.ordering.ending.withdraw import withdraw
from xuliu.ordering.models import Order
from xuliu.payment import payment_steps, refund_steps
from xuliu.payment.models import Notice, Payment, Refund

FEW, MANY = 1, 10
# Written as the calls end: at least once, at most once a call.
LOG = 'INSERT INTO "payment_providercall"'


def _statements(step: Callable[[], int], *, found: int) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert step() == found
    return sum(LOG not in query["sql"] for query in queries)


def _placed(world: World, count: int, *, first: int) -> None:
    for sim in make_sims(world, "onelink", count, first=first):
        make_order(world, [sim], "cm-12")


def test_one_payment_and_ten_are_opened_with_the_same_statements(world: World) -> None:
    counts = []
    for number, count in enumerate((FEW, MANY)):
        _placed(world, count, first=1 + 100 * number)
        counts.append(_statements(payment_steps.open_waiting, found=count))
    assert counts[0] == counts[1]
    assert not Payment.objects.filter(state=Payment.State.OPENING).exists()


def test_one_payment_and_ten_are_asked_about_and_closed_with_the_same_statements(world: World) -> None:
    counts = []
    for number, count in enumerate((FEW, MANY)):
        _placed(world, count, first=1 + 100 * number)
        payment_steps.open_waiting()
        pass_time(world, timedelta(minutes=16))  # past their quote: asked about, then closed
        counts.append(_statements(payment_steps.ask_payments, found=count))
    assert counts[0] == counts[1]
    assert not Payment.objects.filter(state__in=Payment.LIVE).exists()
    drive()


def test_one_refund_and_ten_are_sent_and_asked_about_with_the_same_statements(world: World) -> None:
    counts = []
    for number, count in enumerate((FEW, MANY)):
        _taken_back(world, count, first=1 + 100 * number)
        sending = _statements(refund_steps.send_refunds, found=count)
        pass_time(world, timedelta(minutes=1))
        counts.append((sending, _statements(refund_steps.ask_refunds, found=count)))
        drive()
    assert counts[0] == counts[1]
    assert set(Refund.objects.values_list("state", flat=True)) == {Refund.State.SUCCEEDED}


def _taken_back(world: World, count: int, *, first: int) -> None:
    """Paid, and taken back before anything was sent: as many refunds are wanted."""
    _placed(world, count, first=first)
    payment_steps.open_waiting()
    pending = Payment.objects.filter(state=Payment.State.PENDING)
    for reference in pending.values_list("reference", flat=True):
        world.sandbox.control.pay(reference)
    until(lambda: Notice.objects.filter(state=Notice.State.STORED, subject="payment").count() == count)
    apply_notices()
    for order_id in Order.objects.filter(state=Order.State.PAID).values_list("id", flat=True):
        withdraw(order_id=order_id)
    settle.settle()
