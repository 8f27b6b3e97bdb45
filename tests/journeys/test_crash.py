"""Killed at every named stop of the line, before and after, then resumed: one right end each.

A child process, forked so that it starts at once, plays a story and dies at the stop as by kill -9. Then its leases run
out, time passes, and everything must have come right without it: the books are compared after each test.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from datetime import timedelta

import pytest
from django.db import connection

from tests.harness import stops
from tests.journeys import stories
from tests.world import World, await_notices, drive, drive_for
from xuliu.carrier.accounts import set_credentials
from xuliu.carrier.operations import resume
from xuliu.inventory.models import Sim
from xuliu.ordering.models import Flight, Order
from xuliu.payment.models import Notice, Payment, Refund, SignIn
from xuliu.ticket.models import Case

# Every stop and a story that passes it; those that are not named stand in the plain one.
STORY_OF: dict[str, stories.Story] = {
    "carrier.examine": stories.entered,
    "carrier.examined": stories.entered,
    "check.leave": stories.refused_by_the_database,
    "order.set_aside": stories.refused_by_the_database,
    "payment.set_aside": stories.refused_by_the_database,
    "check.drift": stories.refused,
    "check.give_up_waiting": stories.never_done,
    "check.read_refused": stories.refused,
    "check.recover": stories.abandoned,
    "check.send_again": stories.lost,
    "choose.write": stories.unpaid,
    "decide.accept": stories.seen_by_a_person,
    "decide.ask_again": stories.never_done,
    "decide.refund": stories.never_done,
    "decide.send_on_reading": stories.held_back,
    "fulfil.hold_back": stories.held_back,
    "fulfil.look_back": stories.looked_back,
    "decide.send_again": stories.sent_again_by_two,
    "expire.end": stories.unpaid,
    "expire.lapse": stories.unpaid,
    "fulfil.keep_back": stories.poisoned,
    "fulfil.not_sent": stories.withdrawn,
    "fulfil.pause": stories.locked_out,
    "fulfil.refuse": stories.unknown_to_the_carrier,
    "line.set_aside": stories.poisoned,
    "overdue.tell": stories.never_done,
    "decide.ask_anew": stories.closed_and_asked_anew,
    "decide.ask_refund": stories.closed_and_asked_anew,
    "decide.enter_outside": stories.refunded_outside,
    "decide.give_back_rest": stories.refunded_outside,
    "decide.send_refund_again": stories.refund_refused,
    "payment.count_refusals": stories.our_keys_refused,
    "payment.refused": stories.our_keys_refused,
    "payment.try_account": stories.our_keys_refused,
    "pay.release_rest": stories.large,
    "pay.set_aside": stories.poisoned,
    "payment.opening_refused": stories.opening_refused,
    "payment.claim_doubted": stories.unheard,
    "payment.claim_pending": stories.unheard,  # in the plain one the notice may be quicker
    "payment.close": stories.unpaid,
    "payment.closed": stories.unpaid,
    "payment.found": stories.unheard,
    "payment.query": stories.unheard,
    "payer.ask": stories.signed_in,
    "payer.claim": stories.signed_in,
    "payer.known": stories.signed_in,
    "cancel": stories.unpaid,
    "readings.claim": stories.looked_up,
    "readings.failed": stories.looked_up,
    "readings.read": stories.looked_up,
    "readings.store": stories.looked_up,
    "provider.examine": stories.entered,
    "provider.examined": stories.entered,
    "refund.answered": stories.refused,
    "refund.claim": stories.refused,
    "refund.claim_asked": stories.given_back_unheard,
    "refund.found": stories.given_back_unheard,
    "refund.query": stories.given_back_unheard,
    "refund.send": stories.refused,
    "refund.sent": stories.refused,
    "sign_in.forget": stories.signed_in,
    "sign_in.return": stories.signed_in,
    "verify.find": stories.proven_by_order_query,
    "verify.later": stories.never_done,
    "withdraw": stories.withdrawn,
}
STOPS = sorted(stops.names())
CASES = [(stop, STORY_OF.get(stop, stories.plain)) for stop in STOPS]
# What is stored there is of another kind in each of these.
CASES += [("payment.found", stories.closed_elsewhere), ("payment.found", stories.unpaid)]
END_LEASES = "UPDATE {} SET lease_until = now() - interval '1 s' WHERE lease_until IS NOT NULL"
PAID = {Order.State.COMPLETED, Order.State.PARTIAL, Order.State.FAILED, Order.State.PAID}


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize(("stop", "story"), CASES, ids=[f"{stop}, {story.__name__}" for stop, story in CASES])
def test_killed_here_and_resumed_everything_comes_right(
    world: World, stop: str, story: stories.Story, side: str
) -> None:
    assert _died_at(f"{stop}:{side}", story, world), f"the story {story.__name__} never came to {stop}"
    if story is stories.seen_by_a_person:  # what the person saw, the child took with it
        world.by_hand.update(Sim.objects.values_list("iccid", flat=True))
    _resume(world)

    aside = Case.objects.filter(state=Case.State.OPEN).values_list("subject_id", flat=True)
    unpaid = Payment.objects.filter(id__in=aside.filter(kind="payment_set_aside"))
    left = [*aside.filter(kind="order_set_aside"), *unpaid.values_list("order_id", flat=True)]
    ends = set(Order.objects.exclude(id__in=left).values_list("state", flat=True))
    assert ends <= PAID | {Order.State.EXPIRED, Order.State.LAPSED, Order.State.CANCELLED}
    assert not Notice.objects.filter(state=Notice.State.STORED).exists()


def _died_at(stop: str, story: stories.Story, world: World) -> bool:
    child = os.fork()
    if child == 0:
        kept = _leave_to_the_parent()  # noqa: F841  # what is forgotten is closed, and the parent still speaks over it
        os.environ["XULIU_KILL_AT"] = stop
        try:
            story(world)
        except BaseException:  # noqa: BLE001  # a child must never return into pytest
            traceback.print_exc(file=sys.__stderr__)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _leave_to_the_parent() -> object:
    """The connection to the database that parent and child were forked with; the child makes its own."""
    shared = connection.connection
    connection.connection = None
    return shared


def _resume(world: World) -> None:
    """Whatever was down is back, leases run out, time passes."""
    control = world.sandbox.control
    for peer in world.sandbox.urls:
        control.up(peer)
    control.clear_faults()
    set_credentials(world.accounts["onelink"], {"password": world.sandbox.credentials["onelink"]["password"]})
    resume([account.pk for account in world.accounts.values()])
    control.settings(settle_seconds=0, notices=True)
    control.settle()
    with connection.cursor() as cursor:
        for model in (Flight, Payment, Refund, SignIn):
            cursor.execute(END_LEASES.format(model._meta.db_table))
    drive()
    drive_for(world, timedelta(hours=4), step=timedelta(minutes=2))
    await_notices(world)  # of a refund that was heard of by asking, the provider's may still be on its way
    drive()
