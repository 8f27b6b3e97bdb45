"""The steps that call payment providers about payments: open, query, close. `refund_steps` has those about refunds."""

from collections.abc import Mapping, Sequence
from functools import partial

from django.conf import settings

from xuliu.common import clock, stops
from xuliu.common.reasons import Why
from xuliu.common.state import move
from xuliu.payment import operations
from xuliu.payment.accounts import capabilities_of, provider_of, session_of
from xuliu.payment.contract import ChangeResult, OpenResult, Outcome, PaymentRequest, Status, StatusReport
from xuliu.payment.models import Payment, ProviderAccount
from xuliu.payment.provider_calls import AT_ONCE, ask_together, claim, later, store
from xuliu.payment.reasons import PaymentReason

QueryResult = tuple[StatusReport, bytes] | None
SAID = {Status.CLOSED: PaymentReason.SAID_CLOSED, Status.FAILED: PaymentReason.SAID_FAILED}
ENDED = tuple(SAID)
PAID = (Status.SUCCEEDED, Status.REFUNDED)
# A payment that is not open in our books is queried too, if a notice about it did not match.
DOUBTABLE = (Payment.State.OPENING, Payment.State.PENDING, Payment.State.CLOSED, Payment.State.FAILED)
# Not to be paid any more: it is not opened again, but queried like an opened one, and closed.
OVER = "(close_requested_at IS NOT NULL OR expires_at <= %(at)s)"


def open_waiting(limit: int = AT_ONCE) -> int:
    """Ask providers to open payments in OPENING that may still be paid; returns how many were claimed."""
    claimed = claim(Payment, [Payment.State.OPENING], limit, stop="payment.claim_opening", only=f"NOT {OVER}")
    answered = ask_together(claimed, _open)
    refused = {payment.id: opened.detail for payment, opened in answered if opened.outcome is Outcome.REJECTED}
    store([pair for pair in answered if pair[0].id not in refused], _store_opened, stop="payment.opened")
    results = ask_together([payment for payment, _ in answered if payment.id in refused], _ask)
    store(results, partial(_store_refused, refused), stop="payment.opening_refused")
    return len(claimed)


def _open(payment: Payment) -> OpenResult:
    account = payment.account
    opening = PaymentRequest(
        reference=payment.reference,
        way=payment.way,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        description=payment.description,
        expires_at=payment.expires_at,
        notify_url=notify_url(account),
        return_url=f"{settings.XULIU_BASE_URL}/paid/{payment.reference}",
        payer_id=payment.payer_id,
    )
    with stops.call("payment.open"):
        return provider_of(account).open(session_of(account), opening)


def _store_opened(answered: Sequence[tuple[Payment, OpenResult]]) -> None:
    done = [(payment, opened) for payment, opened in answered if opened.outcome is Outcome.DONE]
    move(
        Payment,
        [payment.id for payment, _ in done],
        to=Payment.State.PENDING,
        also={"lease_until": None, "tries": 0, "trouble_at": None},
        also_each={
            "token": [opened.token for _, opened in done],
            "due_at": [clock.now() + capabilities_of(payment.account).query_after for payment, _ in done],
        },
    )
    later([payment for payment, opened in answered if opened.outcome is not Outcome.DONE])


def _store_refused(said: Mapping[int, str], answered: Sequence[tuple[Payment, QueryResult]]) -> None:
    """A refused payment that the provider does not have becomes FAILED. One that it has, from an opening whose answer
    was lost, cannot be paid by anybody, so it is closed there."""
    there = [p for p, found in answered if found and found[0].status is Status.PENDING]
    absent = [p for p, found in answered if found and found[0].status is Status.NOT_FOUND and _is_certain(p)]
    Payment.objects.filter(id__in=[payment.id for payment in there]).update(close_requested_at=clock.now())
    failed = set(
        move(
            Payment,
            [payment.id for payment in absent],
            to=Payment.State.FAILED,
            why=[Why(PaymentReason.REFUSED, said[payment.id]) for payment in absent],
            also={"lease_until": None},
            also_each={"failed_why": [said[payment.id][:200] for payment in absent]},
        )
    )
    _store_found([(payment, found) for payment, found in answered if payment.id not in failed])


def _is_certain(payment: Payment) -> bool:
    """Whether "not found" is proof: no earlier opening may still come through."""
    return payment.tries <= 1 or clock.now() >= payment.opened_at + capabilities_of(payment.account).settles_within


def ask_payments(limit: int = AT_ONCE) -> int:
    """Query PENDING payments without a notice; close those that expired or whose closing was requested, opened or
    not."""
    silent = f"(state = 'PENDING' OR {OVER})"
    claimed = claim(Payment, Payment.LIVE, limit, stop="payment.claim_pending", only=silent)
    claimed += claim(Payment, DOUBTABLE, limit, stop="payment.claim_doubted", only="doubted_at IS NOT NULL")
    results = ask_together(claimed, _ask)
    to_close = [payment for payment, found in results if _is_to_close(payment, found)]
    store([pair for pair in results if not _is_to_close(*pair)], _store_found, stop="payment.found")
    store(ask_together(to_close, _close), _store_closed, stop="payment.closed")
    return len(claimed)


def _ask(payment: Payment) -> QueryResult:
    with stops.call("payment.query"):
        return provider_of(payment.account).query(session_of(payment.account), payment.reference)


def _is_to_close(payment: Payment, found: QueryResult) -> bool:
    """Whether it is unpaid and must not be paid any more."""
    is_over = payment.close_requested_at is not None or clock.now() >= payment.expires_at
    return payment.state in Payment.LIVE and is_over and found is not None and found[0].status not in (*PAID, *ENDED)


def _store_found(answered: Sequence[tuple[Payment, QueryResult]]) -> None:
    """Store paid ones in the inbox, like a notice; they stay due until it is applied."""
    found = [(payment, *result) for payment, result in answered if result]
    operations.store_query_notices(
        [
            operations.QueryNotice(account_id=payment.account_id, report=report, body=body)
            for payment, report, body in found
            if report.status in PAID
        ]
    )
    ended = {payment.id: Why(SAID[report.status]) for payment, report, _ in found if report.status in ENDED}
    operations.close_confirmed(payment_ids=list(ended), why=list(ended.values()))
    later([payment for payment, _ in answered if payment.id not in ended or payment.doubted_at])
    _believe([payment for payment, result in answered if result and payment.doubted_at])


def _believe(asked: Sequence[Payment]) -> None:
    """End the doubt once the provider's answer is certain; it may learn of a payment late."""
    sure = [
        p.id for p in asked if p.doubted_at and clock.now() >= p.doubted_at + capabilities_of(p.account).settles_within
    ]
    Payment.objects.filter(id__in=sure).update(doubted_at=None)


def _close(payment: Payment) -> ChangeResult:
    with stops.call("payment.close"):
        return provider_of(payment.account).close(session_of(payment.account), payment.reference)


def _store_closed(answered: Sequence[tuple[Payment, ChangeResult]]) -> None:
    """Store what was closed. The others were paid meanwhile, or got no answer: they are queried again."""
    closed = {payment.id: Why(why) for payment, done in answered if (why := _why_closed(payment, done))}
    operations.close_confirmed(payment_ids=list(closed), why=list(closed.values()))
    later([payment for payment, _ in answered if payment.id not in closed])


def _why_closed(payment: Payment, done: ChangeResult) -> PaymentReason | None:
    if done.outcome is Outcome.DONE:
        return PaymentReason.CLOSED_BY_US
    proven_at = payment.opened_at + capabilities_of(payment.account).settles_within
    if done.status is Status.NOT_FOUND and clock.now() >= proven_at:
        return PaymentReason.NEVER_THERE
    return None


def notify_url(account: ProviderAccount) -> str:
    """The address for the provider's notices about this account."""
    return f"{settings.XULIU_BASE_URL}/webhooks/{account.code}/"
