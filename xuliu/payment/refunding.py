"""The steps that talk to payment providers about refunds: send within the provider's limits, ask how they ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from xuliu.common import clock, stops
from xuliu.common.state import move
from xuliu.payment import operations
from xuliu.payment.accounts import capabilities_of, provider_of, session_of
from xuliu.payment.asking import AT_ONCE, ask_together, claim, later, store
from xuliu.payment.contract import Done, Outcome, RefundWish, Standing, Truth
from xuliu.payment.exchange import notify_url
from xuliu.payment.models import Refund
from xuliu.ticket.operations import Opening, open_cases

ASK_FIRST = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class _Other:
    """What counts of the other refunds of a payment: whether an earlier one waits, and when the last one was sent."""

    is_before_us: bool
    sent_at: datetime | None


def send_refunds(limit: int = AT_ONCE) -> int:
    """Send PENDING refunds within the provider's spacing, at most one a payment under way."""
    claimed = claim(Refund, [Refund.State.PENDING], limit, stop="refund.claim")
    if not claimed:
        return 0
    with stops.transaction("refund.sent"):
        turns = _turns(claimed)
        also = {"sent_at": clock.now(), "due_at": clock.now() + ASK_FIRST}
        moved = set(move(Refund, [r.id for r in claimed if turns[r.id] is None], to=Refund.State.SENT, also=also))
        _postpone([(refund, at) for refund in claimed if (at := turns[refund.id])])
    sent = ask_together([refund for refund in claimed if refund.id in moved], _refund)
    store(sent, _store_answers, stop="refund.answered")
    return len(claimed)


def _turns(refunds: Sequence[Refund]) -> dict[int, datetime | None]:
    """When each may be sent, None for now: the provider takes one refund of a payment at a time, spaced, in order."""
    of_payments = Refund.objects.filter(payment_id__in={refund.payment_id for refund in refunds})
    every = list(of_payments.only("payment_id", "state", "sent_at"))
    turns = {}
    for refund in refunds:
        others = [
            _Other(other.state == Refund.State.PENDING and other.id < refund.id, other.sent_at)
            for other in every
            if other.payment_id == refund.payment_id and other.id != refund.id
        ]
        turns[refund.id] = _turn(others, capabilities_of(refund.payment.account).refund_spacing)
    return turns


def _turn(others: Sequence[_Other], spacing: timedelta) -> datetime | None:
    at = clock.now()
    free_at = max((other.sent_at + spacing for other in others if other.sent_at), default=at)
    if any(other.is_before_us for other in others):
        return max(free_at, at + spacing)
    return free_at if free_at > at else None


def _postpone(refunds: Sequence[tuple[Refund, datetime]]) -> None:
    for refund, at in refunds:
        refund.due_at, refund.lease_until = at, None
    Refund.objects.bulk_update([refund for refund, _ in refunds], ["due_at", "lease_until"])


def _refund(refund: Refund) -> Done:
    account = refund.payment.account
    wish = RefundWish(
        reference=refund.reference,
        payment_reference=refund.payment.reference,
        amount_minor=refund.amount_minor,
        total_minor=refund.payment.amount_minor,
        currency=refund.currency,
        why=refund.why,
        notify_url=notify_url(account),
    )
    with stops.call("refund.send"):
        return provider_of(account).refund(session_of(account), wish)


def _store_answers(answered: Sequence[tuple[Refund, Done]]) -> None:
    _note(answered)
    rejected = [(refund, done) for refund, done in answered if done.outcome is Outcome.REJECTED]
    unsure = [pair for pair in answered if pair[1].outcome not in (Outcome.DONE, Outcome.REJECTED)]
    not_sent = [(refund, done) for refund, done in unsure if done.outcome is Outcome.NOT_SENT]
    for pairs, state in ((rejected, Refund.State.FAILED), (unsure, Refund.State.UNKNOWN)):
        move(Refund, [refund.id for refund, _ in pairs], to=state, why=[done.detail for _, done in pairs])
    _back_to_pending([(refund, f"certainly not sent: {done.detail}") for refund, done in not_sent])
    open_cases(
        [_case("refund_refused", refund, done) for refund, done in rejected]
        + [_case("refund_waits", refund, done) for refund, done in not_sent]
    )


def _note(answered: Sequence[tuple[Refund, Done]]) -> None:
    """What the provider said, whatever it means."""
    for refund, done in answered:
        refund.number, refund.detail, refund.lease_until = done.number, done.detail[:200], None
    Refund.objects.bulk_update([refund for refund, _ in answered], ["number", "detail", "lease_until"])


def _case(kind: str, refund: Refund, done: Done) -> Opening:
    return Opening(kind=kind, subject_kind="refund", subject_id=refund.id, facts={"detail": done.detail})


def _back_to_pending(refunds: Sequence[tuple[Refund, str]]) -> None:
    """To be sent again, after longer each time."""
    unknown = [Refund.State.UNKNOWN]
    whys = [why for _, why in refunds]
    move(Refund, [refund.id for refund, _ in refunds], to=Refund.State.PENDING, only_from=unknown, why=whys)
    later([refund for refund, _ in refunds])


def ask_refunds(limit: int = AT_ONCE) -> int:
    """Ask about refunds that were sent and whose end is not known."""
    claimed = claim(Refund, [Refund.State.SENT, Refund.State.UNKNOWN], limit, stop="refund.claim_unheard")
    store(ask_together(claimed, _ask), _store_heard, stop="refund.found")
    return len(claimed)


def _ask(refund: Refund) -> tuple[Truth, bytes] | None:
    account = refund.payment.account
    with stops.call("refund.query"):
        return provider_of(account).query_refund(session_of(account), refund.reference)


def _store_heard(answered: Sequence[tuple[Refund, tuple[Truth, bytes] | None]]) -> None:
    """Its end goes into the inbox, like a notice; what the provider provably never had is sent again."""
    later([refund for refund, _ in answered])
    found = [(refund, *heard) for refund, heard in answered if heard]
    operations.store_asked(
        [
            operations.Asked(account_id=refund.payment.account_id, truth=truth, body=body)
            for refund, truth, body in found
            if truth.standing not in (Standing.PENDING, Standing.NOT_FOUND)
        ]
    )
    lost = [refund for refund, truth, _ in found if truth.standing is Standing.NOT_FOUND and _is_proven(refund)]
    move(Refund, [r.id for r in lost], to=Refund.State.UNKNOWN, only_from=[Refund.State.SENT], why="not found")
    _back_to_pending([(refund, "proven: the provider never had it") for refund in lost])


def _is_proven(refund: Refund) -> bool:
    settles_within = capabilities_of(refund.payment.account).settles_within
    return refund.sent_at is not None and clock.now() >= refund.sent_at + settles_within
