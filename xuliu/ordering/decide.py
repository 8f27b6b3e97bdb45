"""Decide: what a person may do about a stuck line, with the evidence before them.

Ask again; send again (two people, and only past the carrier's `settles_within`); refund; accept with reason and
proof. Each is a move like any other, named with the person who made it.
"""

from datetime import datetime, timedelta

from xuliu.carrier.accounts import capabilities_of
from xuliu.carrier.models import CarrierAccount
from xuliu.common import actor, clock, stops, wake
from xuliu.common.state import move
from xuliu.ordering.models import Approval, Attempt, Order, OrderLine
from xuliu.ordering.outcomes import Delivery, complete, land, reject
from xuliu.ordering.ready import release_lines
from xuliu.ordering.underway import Underway, lines_by_id

State = OrderLine.State
PEOPLE_NEEDED = 2


class CannotDecide(Exception):
    """`code`: not_stuck, too_early, no_reason, no_proof, not_a_person."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def ask_again(*, line_id: int) -> None:
    """Have the carrier asked about this line now; a line set aside joins again."""
    with stops.transaction("decide.ask_again"):
        paid = Order.objects.select_for_update(no_key=True).filter(
            id__in=OrderLine.objects.filter(id=line_id).values("order_id"), state=Order.State.PAID
        )
        orders = list(paid)
        OrderLine.objects.filter(id=line_id).update(is_set_aside=False, due_at=clock.now(), tries=0)
        release_lines(orders)
        wake.after_commit("check")
        wake.after_commit("verify")


def send_again(*, line_id: int, why: str) -> bool:
    """One person's word that an UNKNOWN line shall be sent again; sent when two have said so. Returns whether it is."""
    person_id = _person()
    _check_reason(why)
    with stops.transaction("decide.send_again"):
        line = _locked(line_id, State.UNKNOWN)
        if clock.now() < may_send_again_at(line):
            raise CannotDecide("too_early")
        Approval.objects.get_or_create(
            line_id=line.id, attempt=line.attempt, person_id=person_id, defaults={"why": why, "at": clock.now()}
        )
        if Approval.objects.filter(line_id=line.id, attempt=line.attempt).count() < PEOPLE_NEEDED:
            return False
        also = {"due_at": clock.now(), "tries": 0, "is_set_aside": False}
        moved = move(OrderLine, [line.id], to=State.READY, only_from=[State.UNKNOWN], why=why, also=also)
        land(moved)
        return bool(moved)


def may_send_again_at(line: Underway) -> datetime:
    """From when the carrier's "not found" proves that nothing happened, and two people may have the line sent again."""
    account = CarrierAccount.objects.get(orderline=line.id)
    can = capabilities_of(account)
    return (line.sent_at or line.state_at) + timedelta(seconds=can.deadline_seconds) + can.settles_within


def refund(*, line_id: int, why: str) -> bool:
    """Give the money of an UNKNOWN or DISPUTED line back; a later delivery is our loss and shown as a case."""
    _person()
    _check_reason(why)
    with stops.transaction("decide.refund"):
        line = _locked(line_id, State.UNKNOWN, State.DISPUTED)
        Attempt.objects.filter(line_id=line.id, number=line.attempt).update(recheck_at=clock.now() + timedelta(hours=1))
        return bool(reject([line.id], only_from=[State.UNKNOWN, State.DISPUTED], why=why))


def accept(*, line_id: int, why: str, proof: str) -> bool:
    """A person has seen for themselves that a DISPUTED line was delivered; their proof stands on it."""
    _person()
    _check_reason(why)
    if not proof.strip():
        raise CannotDecide("no_proof")
    with stops.transaction("decide.accept"):
        line = _locked(line_id, State.DISPUTED)
        delivery = Delivery(
            line_id=line.id,
            attempt=line.attempt,
            starts_on=line.starts_on,
            ends_on=line.ends_on,
            size_bytes=line.size_bytes,
            proof="person",
            after=None,
        )
        return bool(complete([delivery], only_from=[State.DISPUTED], why=f"{why}; proof: {proof}"))


def _person() -> int:
    doer = actor.current()
    if doer.kind != "person" or doer.id is None:
        raise CannotDecide("not_a_person")
    return doer.id


def _check_reason(why: str) -> None:
    if not why.strip():
        raise CannotDecide("no_reason")


def _locked(line_id: int, *states: str) -> Underway:
    locked = OrderLine.objects.select_for_update(no_key=True).filter(id=line_id, state__in=states)
    if not locked.values_list("id", flat=True):
        raise CannotDecide("not_stuck")
    return lines_by_id([line_id])[0]
