"""The line as a state machine: payers, carriers, the provider, workers and people in any order, the books after each.

`test_state_machine` plays a few sequences, `python -m tests.soak` many. Whatever is still under way at the end is
brought to rest: everybody is back, time passes, and then every equation must hold exactly.
"""

from __future__ import annotations

import itertools
import os
import sys
import traceback
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from django.db import connection, connections
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests import due
from tests.books import check_books, overdue
from tests.contracts import odd
from tests.harness import databases, site, stops
from tests.journeys.machine_people import CARRIERS, PeopleRules
from tests.journeys.machine_refunds import RefundRules
from tests.journeys.rest import check_rest
from tests.world import await_notices, drive, drive_for, make_sims, make_world, pass_time
from xuliu.balance.operations import request_readings
from xuliu.carrier import operations as carriers
from xuliu.carrier.models import CarrierAccount
from xuliu.carrier.session import forget_accounts
from xuliu.common.models import Event
from xuliu.ordering.buying.cancel import cancel
from xuliu.ordering.buying.cannot_place import CannotPlace
from xuliu.ordering.buying.place import place
from xuliu.ordering.buying.quote import QuoteRefused, Selection, quote
from xuliu.ordering.delivering import decide
from xuliu.ordering.ending.withdraw import withdraw
from xuliu.ordering.models import Channel, Flight, Order, OrderLine
from xuliu.ordering.overdue import tell_of_overdue
from xuliu.payment import payment_steps
from xuliu.payment.models import Payment, Refund
from xuliu.sandbox import testing
from xuliu.ticket.models import Case

SIMS = 2  # of each carrier: few, so that orders meet
OFFERINGS = {"onelink": ("cm-12", "cm-3", "cm-add"), "1nce": ("nce-12", "nce-add")}
ODD = ("lose_answer", "error_after", "error", "odd_body", "too_many", "answer_twice")
# Short here: what a deadline cuts off is shown by tests of its own.
SLOW = [{"kind": "hang", "seconds": 0.1}, {"kind": "late", "seconds": 0.1}, {"kind": "drip", "seconds": 0.0002}]
REFUSED = [{"kind": "refuse", "reason": reason} for reason in ("sim", "plan", "account", "temporary")]
GROUPS = ("change", "read")
CARRIER_FAULTS = [
    *({"kind": kind, "operation": group} for kind in (*ODD, "token_expired") for group in GROUPS),
    *({"operation": group, **how} for how in (*SLOW, *odd.FAULTS) for group in GROUPS),
    *({"operation": "change", **refused} for refused in REFUSED),
    {"kind": "lose_answer", "operation": "change", "acts": False},
    {"kind": "nothing", "operation": "change"},
    {"kind": "wrong_amount", "operation": "change", "factor": 0.5},
    {"kind": "fail_later", "operation": "change", "reason": "plan"},
    {"kind": "deliver_after_refusing", "operation": "change", "reason": "sim", "seconds": 0},
    {"kind": "deliver_after_refusing", "operation": "change", "reason": "sim", "seconds": 120},
]
ASKED = ("native", "jsapi", "query", "close", "refund", "refund_query")
PROVIDER_FAULTS = [
    *({"kind": kind, "operation": operation} for kind in (*ODD, "bad_signature") for operation in ASKED),
    *({"operation": operation, **how} for how in (*SLOW, *odd.FAULTS) for operation in ASKED),
    *({"kind": kind, "operation": "notice"} for kind in ("answer_twice", "bad_signature")),
]
# What an answer stays until somebody is told: no word of it is ever usable, or it is always "later".
FOR_EVER = [
    ("onelink", {"kind": "refuse", "operation": "change", "code": "77777", "message": "???"}),
    ("1nce", {"kind": "refuse", "operation": "change", "status": 409}),
    *((peer, {"kind": "refuse", "operation": "change", "reason": "temporary"}) for peer in CARRIERS),
    *((peer, {"kind": "error", "operation": group}) for peer in CARRIERS for group in GROUPS),
    *((peer, {"kind": "odd_body", "operation": "read"}) for peer in CARRIERS),
    *(("wechatpay", {"kind": "error", "operation": operation}) for operation in ASKED),
]
TOLD_WITHIN = timedelta(hours=30)
STOPS = [f"{name}:{side}" for name in stops.names() for side in ("before", "after")]
TIMES = [timedelta(seconds=seconds) for seconds in (1, 5, 20, 20, 60, 90, 600, 1000, 2700, 7200, 90_000)]
INDEX = st.integers(0, 5)
PICKS = st.lists(INDEX, min_size=1, max_size=3)
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Stage:
    """What outlives a sequence: the sandbox's process and the clock that all share."""

    sandbox: testing.Sandbox
    clock: Path


class Line(PeopleRules, RefundRules):
    """One sequence, on a database and a web site of its own."""

    stage: ClassVar[Stage]
    seen: ClassVar[Counter[str]] = Counter()  # how things ended, over all sequences: shows that they were not idle

    def __init__(self) -> None:
        super().__init__()
        self._things = ExitStack()
        name = f"{databases.scratch_name('machine', 'fresh')}_{next(_numbers)}"
        databases.create(name)
        self._things.callback(databases.drop, name)
        self._things.enter_context(databases.pointed_at(name))
        address = self._things.enter_context(site.serving())
        self.stage.clock.write_text("0")
        self.stage.sandbox.control.reset()
        forget_accounts()
        self.world = make_world(self.stage.sandbox, address, self.stage.clock)
        self.control = self.stage.sandbox.control
        self.sims = [sim for code in CARRIERS for sim in make_sims(self.world, code, SIMS)]
        CarrierAccount.objects.update(verify_within=timedelta(minutes=30))

    # What payers do.

    @rule(pick=INDEX)
    def somebody_looks_a_sim_up(self, pick: int) -> None:
        request_readings(sim_ids=[self.sims[pick % len(self.sims)].pk])

    @rule(picks=PICKS, offering=INDEX, is_placed=st.booleans())
    def somebody_orders(self, picks: list[int], offering: int, is_placed: bool) -> None:
        order_id = self._quote(picks, offering)
        if is_placed and order_id:
            self._place(order_id, "native")

    @rule(picks=PICKS, offering=INDEX, count=st.integers(1, 2))
    def somebody_orders_and_pays(self, picks: list[int], offering: int, count: int) -> None:
        for _ in range(count):
            order_id = self._quote(picks, offering)
            if order_id:
                self._place(order_id, "native")
                payment_steps.open_waiting()
                self._pay(Payment.objects.filter(order_id=order_id))

    def _quote(self, picks: list[int], offering: int) -> int | None:
        selections = []
        for pick in picks:
            sim = self.sims[pick % len(self.sims)]
            codes = OFFERINGS[sim.account.code]
            wished = self.world.offerings[codes[offering % len(codes)]]
            selections.append(Selection(sim_id=sim.pk, offering_id=wished.pk))
        try:
            return quote(selections=selections, price_list_id=self.world.price_list.pk, channel=Channel.COMMAND)
        except QuoteRefused:
            return None

    @precondition(lambda self: Order.objects.exists())
    @rule(pick=INDEX, way=st.sampled_from(["native", "jsapi"]))
    def somebody_places(self, pick: int, way: str) -> None:
        self._place(self._order(pick).pk, way)

    @precondition(lambda self: Payment.objects.exists())
    @rule(
        pick=INDEX,
        said=st.sampled_from([{}, {}, {}, {"times": 2}, {"amount_minor": 1}, {"currency": "USD"}]),
    )
    def somebody_pays(self, pick: int, said: dict[str, object]) -> None:
        payment = Payment.objects.order_by("-id")[pick % Payment.objects.count()]
        self._pay([payment], **said)

    def _pay(self, payments: Iterable[Payment], **said: object) -> None:
        for payment in payments:
            with suppress(testing.ControlRefused):  # the provider does not have it yet
                self.control.pay(payment.reference, **said)
        await_notices(self.world)

    @precondition(lambda self: Order.objects.exists())
    @rule(pick=INDEX)
    def somebody_cancels(self, pick: int) -> None:
        cancel(order_id=self._order(pick).pk)

    @precondition(lambda self: OrderLine.objects.filter(state="READY").exists())
    @rule(pick=INDEX)
    def somebody_withdraws(self, pick: int) -> None:
        withdraw(order_id=self._order(pick).pk)

    # What goes wrong.

    @rule(peer=st.sampled_from(CARRIERS), fault=st.sampled_from(CARRIER_FAULTS), count=st.integers(1, 2))
    def a_carrier_goes_wrong(self, peer: str, fault: dict[str, object], count: int) -> None:
        self.control.fault(peer=peer, count=count, retry_after=0, **fault)

    @rule(peer=st.sampled_from(CARRIERS), seconds=st.sampled_from([60, 600]), count=st.integers(3, 12))
    def a_carrier_answers_from_copies(self, peer: str, seconds: int, count: int) -> None:
        """They lag behind by less than it takes until "not found" is believed."""
        self.control.fault(peer=peer, kind="stale_read", operation="read", seconds=seconds, count=count)

    @rule(count=st.integers(1, 4))
    def a_carrier_answers_of_other_sims(self, count: int) -> None:
        self.control.fault(peer="1nce", kind="other_sim", operation="sim", count=count)

    @rule(fault=st.sampled_from(PROVIDER_FAULTS), count=st.integers(1, 2))
    def the_provider_goes_wrong(self, fault: dict[str, object], count: int) -> None:
        self.control.fault(peer="wechatpay", count=count, retry_after=0, **fault)

    @rule(fault=st.sampled_from(FOR_EVER), pick=INDEX, offering=INDEX, gives_in=st.booleans())
    def somebody_answers_the_same_for_a_day_and_a_half(
        self, fault: tuple[str, dict[str, object]], pick: int, offering: int, gives_in: bool
    ) -> None:
        """Of what was bought and of whatever else comes to no end by then, somebody is to be told."""
        peer, said = fault
        self.control.fault(peer=peer, count=None, **said)
        self.somebody_orders_and_pays(picks=[pick], offering=offering, count=1)
        drive_for(self.world, timedelta(hours=36), step=timedelta(minutes=10))
        if gives_in:
            self.control.clear_faults()

    @rule(peer=st.sampled_from([*CARRIERS, "wechatpay"]), is_down=st.booleans())
    def a_peer_goes_or_comes(self, peer: str, is_down: bool) -> None:
        (self.control.down if is_down else self.control.up)(peer)

    @rule(seconds=st.sampled_from([0, 30, 600]), are_sent=st.booleans())
    def the_carriers_take_their_time_and_notices_stop_or_come(self, seconds: int, are_sent: bool) -> None:
        self.control.settings(settle_seconds=seconds, notices=are_sent)
        await_notices(self.world)

    @rule(code=st.sampled_from(CARRIERS), money=st.sampled_from([0, None]))
    def our_account_runs_empty_or_is_filled(self, code: str, money: int | None) -> None:
        self.control.account(code, money)

    # What workers do, and time.

    @rule()
    def the_workers_work(self) -> None:
        drive()
        await_notices(self.world)

    @rule(name=st.sampled_from([step.name for step in due.STEPS]))
    def one_step_runs(self, name: str) -> None:
        due.run_all(only=name)
        await_notices(self.world)

    @rule(stop=st.sampled_from(STOPS))
    def a_worker_is_killed(self, stop: str) -> None:
        connections.close_all()
        child = os.fork()
        if child == 0:
            os.environ["XULIU_KILL_AT"] = stop
            try:
                for _ in range(4):
                    due.run_all()
            except BaseException:  # noqa: BLE001  # a child must never return into the test
                traceback.print_exc(file=sys.__stderr__)
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, "the worker failed; see above"
        self._end_leases()
        await_notices(self.world)

    @rule(passed=st.sampled_from(TIMES))
    def time_passes(self, passed: timedelta) -> None:
        pass_time(self.world, passed)
        await_notices(self.world)

    # What must be so.

    @invariant()
    def the_books_agree(self) -> None:
        check_books(self.world, is_at_rest=False)

    @invariant()
    def nothing_takes_thirty_hours_untold(self) -> None:
        if overdue(TOLD_WITHIN):  # a worker looks once a minute
            tell_of_overdue()
        untold = overdue(TOLD_WITHIN)
        assert not untold, f"of which no case tells: {untold}"

    def teardown(self) -> None:
        """Everybody is back and time passes; then nothing may be left over. Not after a failure: it says enough."""
        with self._things:
            if sys.exc_info()[0] is None:
                self._heal()
                self._come_to_rest()

    def _heal(self) -> None:
        for peer in (*CARRIERS, "wechatpay"):
            self.control.up(peer)
        self.control.clear_faults()
        self.control.settings(settle_seconds=0, notices=True)
        self.control.settle()
        self.let_refunds_end()
        for code in CARRIERS:
            self.control.account(code, None)
        for line in OrderLine.objects.filter(state="READY", is_set_aside=True):
            decide.ask_again(line_id=line.pk)
        self._end_leases()

    def _come_to_rest(self) -> None:
        for _ in range(3):  # a carrier's last word may be that our account was empty
            carriers.resume([account.pk for account in self.world.accounts.values()])
            await_notices(self.world)
            self.people_decide_what_waits_for_them()
            self.people_see_to_what_was_sent_in_vain()
            drive_for(self.world, timedelta(hours=26), step=timedelta(minutes=1))
        await_notices(self.world)
        drive()
        check_books(self.world)
        check_rest(self.world.provider.pk)
        for model in (Order, OrderLine, Payment, Refund):
            self.seen.update(f"{model.__name__} {state}" for state in model.objects.values_list("state", flat=True))
        self.seen.update(f"case {kind}" for kind in Case.objects.values_list("kind", flat=True))
        decided = Event.objects.filter(kind="orderline", actor_kind="person").values_list("was", "became")
        self.seen.update(f"people {was} → {became}" for was, became in decided)

    def _place(self, order_id: int, way: str) -> None:
        try:
            place(order_id=order_id, way=way, payer_id="openid-of-lin" if way == "jsapi" else "")
        except CannotPlace:
            return

    def _order(self, pick: int) -> Order:
        return Order.objects.order_by("-id")[pick % Order.objects.count()]

    def _end_leases(self) -> None:
        with connection.cursor() as cursor:
            for model in (Flight, Payment, Refund):
                table = model._meta.db_table
                cursor.execute(f"UPDATE {table} SET lease_until = now() - interval '1 s' WHERE lease_until IS NOT NULL")  # noqa: S608  # a table of ours
