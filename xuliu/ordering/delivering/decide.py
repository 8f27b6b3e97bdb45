"""Decide: what a person may do about a stuck line, having seen the evidence.

Ask again; send again (two people, and only after the carrier's `settles_within`); send on the reading for which a line
was held back (two people); refund; accept with reason and proof (two people where the carrier has not answered). Each
needs a right, leaves an event with the person, and closes the cases that it answers, in one transaction.
"""

from collections.abc import Sequence
from datetime import datetime

from xuliu.carrier.accounts import capabilities_of
from xuliu.carrier.models import CarrierAccount
from xuliu.common import clock, events, stops, wake
from xuliu.common.deciding import PEOPLE_NEEDED, CannotDecide, NotDecided, PersonReason, check_reason, deciding_person
from xuliu.common.state import move
from xuliu.ordering.delivering.active_lines import ActiveLine, lines_by_id
from xuliu.ordering.delivering.deadlines import absence_proves_from
from xuliu.ordering.delivering.outcomes import LOOK_BACK_AFTER, Delivery, complete, land, reject
from xuliu.ordering.delivering.ready import release_lines
from xuliu.ordering.delivering.reasons import LineCase, LineReason
from xuliu.ordering.models import Approval, Attempt, Order, OrderLine
from xuliu.ordering.patience import OverdueCase
from xuliu.ordering.set_aside import SetAsideCase
from xuliu.party.permission import needs
from xuliu.party.rights import Right
from xuliu.ticket.kinds import CaseKind
from xuliu.ticket.operations import close_answered

State = OrderLine.State
Decision = Approval.Decision
SAYS = PersonReason.A_PERSON_SAYS
# The cases that a decision answers; other cases about the line stay open.
ASKED_AGAIN = (SetAsideCase.LINE, LineCase.HELD_BACK, LineCase.SENT_IN_VAIN)
SENT_AGAIN = (OverdueCase.LINE, SetAsideCase.LINE, LineCase.SENT_IN_VAIN)
SENT_ON_READING = (LineCase.HELD_BACK, SetAsideCase.LINE)
REFUNDED = (OverdueCase.LINE, LineCase.DISPUTED, SetAsideCase.LINE, LineCase.SENT_IN_VAIN, LineCase.HELD_BACK)
ACCEPTED = (OverdueCase.LINE, LineCase.DISPUTED, SetAsideCase.LINE, LineCase.SENT_IN_VAIN)


@needs(Right.DECIDE)
def ask_again(*, line_id: int, why: str = "") -> None:
    """Have the carrier asked about this line now; a line set aside is resumed."""
    with stops.transaction("decide.ask_again"):
        paid = Order.objects.select_for_update(no_key=True).filter(
            id__in=OrderLine.objects.filter(id=line_id).values("order_id"), state=Order.State.PAID
        )
        orders = list(paid)
        OrderLine.objects.filter(id=line_id).update(is_set_aside=False, due_at=clock.now(), tries=0)
        release_lines(orders)
        _answer(line_id, ASKED_AGAIN, why)
        for step in ("fulfil", "check", "verify"):
            wake.after_commit(step)


@needs(Right.DECIDE)
def send_again(*, line_id: int, why: str) -> bool:
    """Record one person's decision to send an UNKNOWN line again; once two have decided so, it is sent. Returns whether
    it is."""
    person_id = deciding_person()
    check_reason(why)
    with stops.transaction("decide.send_again"):
        line = _locked(line_id, State.UNKNOWN)
        if clock.now() < may_send_again_at(line):
            raise CannotDecide(NotDecided.TOO_EARLY)
        if not _two_say_so(line, Decision.SEND_AGAIN, person_id, why):
            return False
        also = {"due_at": clock.now(), "tries": 0, "is_set_aside": False}
        moved = move(OrderLine, [line.id], to=State.READY, only_from=[State.UNKNOWN], why=SAYS, detail=why, also=also)
        land(moved)
        if moved:
            _answer(line.id, SENT_AGAIN, why)
        return bool(moved)


@needs(Right.DECIDE)
def send_on_reading(*, line_id: int, why: str) -> bool:
    """Record one person's decision to trust the carrier's reading, although more was proven or it shows too little.

    Once two have decided so, the line is sent on this reading or one that shows more. Returns whether it is.
    """
    person_id = deciding_person()
    check_reason(why)
    with stops.transaction("decide.send_on_reading"):
        line = _locked(line_id, State.READY)
        if not is_held_back(line):
            raise CannotDecide(NotDecided.NO_READING)
        if not _two_say_so(line, Decision.SEND_ON_READING, person_id, why):
            return False
        held = Attempt.objects.get(line_id=line.id, number=line.attempt)
        Attempt.objects.filter(id=held.pk).update(is_let_through=True)
        OrderLine.objects.filter(id=line.id).update(is_set_aside=False, due_at=clock.now(), tries=0)
        events.record(OrderLine(id=line.id), was=State.READY, became=State.READY, why=SAYS, detail=why)
        _answer(line.id, SENT_ON_READING, why)
        wake.after_commit("fulfil")
        return True


def is_held_back(line: ActiveLine) -> bool:
    """Whether the line is set aside because of the reading taken before sending it."""
    return line.state == State.READY and line.is_set_aside and line.before is not None and line.sent_at is None


def may_send_again_at(line: ActiveLine) -> datetime:
    """From when two people may have the line sent again: from then on "not found" proves that nothing happened."""
    return absence_proves_from(line, capabilities_of(CarrierAccount.objects.get(orderline=line.id)))


@needs(Right.REFUND)
def refund(*, line_id: int, why: str) -> bool:
    """Refund a line that is UNKNOWN, DISPUTED, or was set aside before it was sent; a later delivery is our loss and
    opens a case."""
    deciding_person()
    check_reason(why)
    with stops.transaction("decide.refund"):
        line = _locked(line_id, State.UNKNOWN, State.DISPUTED, State.READY, State.WAITING)
        if line.state in (State.READY, State.WAITING) and not line.is_set_aside:
            raise CannotDecide(NotDecided.NOT_STUCK)
        refused = reject([line.id], only_from=[line.state], why=SAYS, detail=why)
        sent = Attempt.objects.filter(line_id=line.id, number=line.attempt, sent_at__isnull=False)
        sent.update(recheck_at=clock.now() + LOOK_BACK_AFTER[0])
        if refused:
            _answer(line.id, REFUNDED, why)
        return bool(refused)


@needs(Right.REFUND)
def accept(*, line_id: int, why: str, proof: str) -> bool:
    """Record that one person has seen for themselves that a line was delivered, with their proof.

    This completes a DISPUTED line, which the carrier too called done; an UNKNOWN one takes two people. Returns whether
    it is completed. The carrier may still be working on it: it was seen on the SIM all the same.
    """
    person_id = deciding_person()
    check_reason(why)
    if not proof.strip():
        raise CannotDecide(NotDecided.NO_PROOF)
    said, seen = f"{why}\n{' '.join(proof.split())}", LineReason.ACCEPTED_ON_PROOF
    with stops.transaction("decide.accept"):
        line = _locked(line_id, State.UNKNOWN, State.DISPUTED)
        if line.state == State.UNKNOWN:
            if not _two_say_so(line, Decision.ACCEPT, person_id, said):
                return False
            move(OrderLine, [line.id], to=State.VERIFYING, only_from=[State.UNKNOWN], why=LineReason.SEEN_BY_TWO)
        completed = complete([_seen(line)], only_from=[State.VERIFYING, State.DISPUTED], why=seen, detail=said)
        if completed:
            _answer(line.id, ACCEPTED, why)
        return bool(completed)


def _answer(line_id: int, kinds: Sequence[CaseKind], said: str) -> None:
    why = SAYS if said else PersonReason.ASKED_AGAIN
    close_answered(subject=("orderline", line_id), kinds=kinds, why=why, detail=said)


def _seen(line: ActiveLine) -> Delivery:
    """The delivery as sold. No reading shows it, so none is kept that could hold back another sending."""
    return Delivery(
        line_id=line.id,
        attempt=line.attempt,
        starts_on=line.starts_on,
        ends_on=line.ends_on,
        size_bytes=line.size_bytes,
        proof="person",
        after=None,
    )


def _two_say_so(line: ActiveLine, decision: str, person_id: int, why: str) -> bool:
    """Record one person's decision on the newest attempt, replacing their earlier one; returns whether two now
    agree."""
    words = Approval.objects.filter(line_id=line.id, attempt=line.attempt, taken_back_at=None)
    words.filter(person_id=person_id).exclude(decision=decision).update(taken_back_at=clock.now())
    said = {"why": why, "at": clock.now()}
    key = {"line_id": line.id, "attempt": line.attempt, "decision": decision, "person_id": person_id}
    _, is_new = words.get_or_create(**key, defaults=said)
    are_enough = words.filter(decision=decision).count() >= PEOPLE_NEEDED
    if is_new and not are_enough:  # the last word stands on what it brings about
        events.record(OrderLine(id=line.id), was=line.state, became=line.state, why=SAYS, detail=why)
    return are_enough


def _locked(line_id: int, *states: str) -> ActiveLine:
    locked = OrderLine.objects.select_for_update(no_key=True).filter(id=line_id, state__in=states)
    if not locked.values_list("id", flat=True):
        raise CannotDecide(NotDecided.NOT_STUCK)
    return lines_by_id([line_id])[0]
