"""Requests a refund again under a new number, once the provider has closed the old one.

It takes two people; then the old number is queried once more, and only if the provider still reports it closed does
the refund go to PENDING under a new one. Any other failed refund may still succeed, and an unknown one may have
succeeded: a new number would give the money back twice.
"""

from collections.abc import Sequence

from xuliu.common import clock, stops, wake
from xuliu.common.codes import new_code
from xuliu.common.deciding import PEOPLE_NEEDED, CannotDecide, NotDecided, PersonReason, check_reason, deciding_person
from xuliu.common.state import move
from xuliu.party.permission import needs
from xuliu.party.rights import Right
from xuliu.payment.cases import PaymentCase
from xuliu.payment.contract import Status, StatusReport
from xuliu.payment.models import Refund, RefundApproval, RefundNumber
from xuliu.payment.reasons import RefundMove
from xuliu.ticket.operations import close_answered

SAYS = PersonReason.A_PERSON_SAYS
WAITS = (Status.PENDING,)
# The cases that sending again answers; if the provider refuses once more, the case is opened once more.
SENT_AGAIN = (PaymentCase.REFUND_SENT_IN_VAIN, PaymentCase.REFUND_REFUSED)


def may_be_asked_anew(refund: Refund) -> bool:
    """Whether the provider closed the refund's current number."""
    closed = RefundNumber.objects.filter(reference=refund.reference, status=RefundNumber.Status.CLOSED)
    return refund.state == Refund.State.FAILED and closed.exists()


@needs(Right.REFUND)
def ask_anew(*, refund_id: int, why: str) -> bool:
    """Record one person's decision to request a closed refund under a new number; once two have decided so, the old
    number is queried again. Returns whether two have. Raises CannotDecide."""
    person_id = deciding_person()
    check_reason(why)
    with stops.transaction("decide.ask_anew"):
        refund = Refund.objects.select_for_update(no_key=True).get(id=refund_id)
        if not may_be_asked_anew(refund):
            raise CannotDecide(NotDecided.NOT_CLOSED)
        said = {"defaults": {"refund": refund, "why": why, "at": clock.now()}}
        RefundApproval.objects.get_or_create(reference=refund.reference, person_id=person_id, **said)
        if RefundApproval.objects.filter(reference=refund.reference).count() < PEOPLE_NEEDED:
            return False
        at = clock.now()
        Refund.objects.filter(id=refund.pk).update(anew_requested_at=at, due_at=at, tries=0, lease_until=None)
        wake.after_commit("refund.ask")
        return True


def renew(asked: Sequence[tuple[Refund, StatusReport]]) -> None:
    """Give closed refunds a new number, by the provider's latest answer about the old one; leave the others alone."""
    closed = [refund.id for refund, report in asked if report.status is Status.CLOSED]
    others = [refund.id for refund, report in asked if report.status not in (Status.CLOSED, *WAITS)]
    Refund.objects.filter(id__in=others).update(anew_requested_at=None)
    codes = [new_code() for _ in closed]
    at = clock.now()
    also = {"due_at": at, "tries": 0, "sendings": 0, "lease_until": None, "anew_requested_at": None, "number": ""}
    failed = [Refund.State.FAILED]
    moved = set(
        move(
            Refund,
            closed,
            to=Refund.State.PENDING,
            only_from=failed,
            why=RefundMove.ASKED_ANEW,
            also=also,
            also_each={"reference": codes},
        )
    )
    pairs = zip(closed, codes, strict=True)
    new = [RefundNumber(refund_id=id_, reference=code, asked_at=at) for id_, code in pairs if id_ in moved]
    RefundNumber.objects.bulk_create(new)
    wake.after_commit("refund.send")


@needs(Right.REFUND)
def send_again(*, refund_id: int, why: str) -> bool:
    """Request a refund again under the same number, which can only ever be one refund: the provider refused or never
    took it, and does not have it. Returns whether it will be sent. Raises CannotDecide."""
    deciding_person()
    check_reason(why)
    with stops.transaction("decide.send_refund_again"):
        refund = Refund.objects.select_for_update(no_key=True).get(id=refund_id)
        if not may_be_sent_again(refund):
            raise CannotDecide(NotDecided.NOT_STUCK)
        also = {"due_at": clock.now(), "tries": 0, "sendings": 0, "lease_until": None}
        RefundNumber.objects.filter(reference=refund.reference).update(status="")
        wake.after_commit("refund.send")
        moved = move(Refund, [refund.pk], to=Refund.State.PENDING, why=SAYS, detail=why, also=also)
        if moved:
            close_answered(subject=("refund", refund.pk), kinds=SENT_AGAIN, why=SAYS, detail=why)
        return bool(moved)


def may_be_sent_again(refund: Refund) -> bool:
    """Whether the provider refused it, or did not take it however often it was sent, and now reports not having it."""
    absent = RefundNumber.objects.filter(reference=refund.reference, status=RefundNumber.Status.NOT_FOUND)
    return refund.state in (Refund.State.FAILED, Refund.State.UNKNOWN) and absent.exists()


@needs(Right.DECIDE)
def ask_now(*, refund_id: int) -> None:
    """Have this refund queried now."""
    with stops.transaction("decide.ask_refund"):
        asked = Refund.objects.filter(id=refund_id).exclude(state=Refund.State.PENDING)
        asked.update(due_at=clock.now(), tries=0, lease_until=None)
        wake.after_commit("refund.ask")
