"""What the state machine's people do: pause accounts and decide about stuck lines, having asked the carrier."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.db.models import Q, QuerySet
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.journeys.rest import stuck
from tests.make import make_person
from tests.world import World
from xuliu.carrier import operations as carriers
from xuliu.common.actor import Actor, acting
from xuliu.common.deciding import PersonReason
from xuliu.ordering.delivering import decide
from xuliu.ordering.models import Attempt, Flight, OrderLine
from xuliu.ticket.models import Case

CARRIERS = ("onelink", "1nce")
INDEX = st.integers(0, 5)
State = OrderLine.State
# By these cases more effects than delivered lines are known.
TOLD = ("delivered_after_refusal", "delivered_more_than_sold")


class PeopleRules(RuleBasedStateMachine):
    """Rules of the operator's people; the machine has the world."""

    world: World

    @rule(code=st.sampled_from(CARRIERS), is_paused=st.booleans())
    def olga_pauses_or_resumes(self, code: str, is_paused: bool) -> None:
        account = self.world.accounts[code]
        if is_paused:
            carriers.pause([account.pk], why=PersonReason.A_PERSON_SAYS, detail="Olga looks into it")
        else:
            carriers.resume([account.pk])

    @precondition(lambda self: bool(stuck()))
    @rule(pick=INDEX, gives_up=st.booleans())
    def olga_and_otto_decide(self, pick: int, gives_up: bool) -> None:
        """They have asked the carrier: what they say is true."""
        lines = stuck()
        self._olga_and_otto(lines[pick % len(lines)], gives_up=gives_up)

    def people_decide_what_waits_for_them(self) -> None:
        """People ask the carrier of it. A disputed line of the same SIM comes first, and with it what came for it."""
        told = Case.objects.filter(subject_kind="orderline", state="OPEN").values("subject_id")
        waits = Q(is_set_aside=True) | Q(state=State.UNKNOWN, id__in=told)
        beside = Q(state=State.DISPUTED, sim_id__in=OrderLine.objects.filter(waits).values("sim_id"))
        for lines in (OrderLine.objects.filter(beside), OrderLine.objects.filter(waits)):
            for line in lines.select_related("sim", "account", "offering").order_by("id"):
                self._olga_and_otto(line, gives_up=False)

    def _olga_and_otto(self, line: OrderLine, *, gives_up: bool) -> None:
        decision = self._decision(line, gives_up=gives_up)
        for name in ("Olga", "Otto"):
            with acting(Actor("person", make_person(name).pk, name)):
                try:
                    decision()
                except decide.CannotDecide as no:
                    if no.code not in {"not_stuck", "too_early"}:
                        raise

    def _decision(self, line: OrderLine, *, gives_up: bool) -> Callable[[], object]:
        is_there = self._has_come(line)
        nothing = "the carrier confirmed that nothing came"
        if is_there is None:
            return partial(decide.ask_again, line_id=line.pk)
        if line.state == State.READY:  # held back, or sent in vain: nothing of it is with the carrier
            if gives_up:
                return partial(decide.refund, line_id=line.pk, why="it has waited for long")
            return partial(decide.ask_again, line_id=line.pk)
        if is_there:
            return partial(decide.accept, line_id=line.pk, why="the carrier confirmed it", proof="its mail")
        if gives_up:
            return partial(decide.refund, line_id=line.pk, why=nothing)
        return partial(decide.send_again, line_id=line.pk, why=nothing)

    def _has_come(self, line: OrderLine) -> bool | None:
        """Whether the carrier did more of this for the SIM than we know of; None while it may still do something, or
        while we are yet to look whether it did what it had refused."""
        books = self.world.sandbox.control.books()["carriers"][line.account.code]
        alike = OrderLine.objects.filter(sim=line.sim, offering__plan_code=line.offering.plan_code)
        if books["waiting"] or self._is_looked_at_soon(alike):
            return None
        ours = (line.sim.iccid, line.offering.plan_code)
        effects = sum((effect["iccid"], effect["plan"]) == ours for effect in books["effects"])
        told = Case.objects.filter(kind__in=TOLD, subject_kind="orderline", subject_id__in=alike.values("id")).count()
        return effects > alike.filter(state=State.COMPLETED).count() + told

    def _is_looked_at_soon(self, lines: QuerySet[OrderLine]) -> bool:
        """Whether one of these was refused and is looked at again. Nothing is looked at while a line of its SIM is with
        the carrier: people who decide about that one would wait for what waits for them."""
        flying = Flight.objects.values("sim_id")
        return Attempt.objects.filter(line__in=lines.exclude(sim_id__in=flying), recheck_at__isnull=False).exists()
