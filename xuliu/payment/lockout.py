"""Refused keys: three refusals in a row pause the account; one of the refused requests is then retried as a trial.

The three must be for different orders or refunds, without a success between, since a provider may object to a single
one. No payment fails because of this. While an account has paused itself, only its trial is claimed
(`provider_calls.claim`).
"""

from collections.abc import Sequence
from datetime import timedelta

from xuliu.common import clock, stops, wake
from xuliu.payment.accounts import pause_itself, resume
from xuliu.payment.contract import ChangeResult, LockedOut, OpenResult, Outcome
from xuliu.payment.models import Payment, ProviderAccount, Refund, SignIn
from xuliu.payment.reasons import AccountReason

REFUSALS_IN_A_ROW = 3
TRY_EVERY = timedelta(minutes=5)
AT_ONCE = 100


def account_of(row: Payment | Refund) -> ProviderAccount:
    """The account of the payment or refund."""
    return row.account if isinstance(row, Payment) else row.payment.account


def subject_of(row: Payment | Refund) -> str:
    """The subject that a refusal counts for: an order's payments count as one."""
    return f"order:{row.order_id}" if isinstance(row, Payment) else f"refund:{row.pk}"


def note(answered: Sequence[tuple[Payment | Refund | SignIn, object]]) -> None:
    """Count refusals and successes per account; writes nothing if all is well.

    Sign-ins do not count: they use another service with another key.
    """
    paid = [(row, answer) for row, answer in answered if not isinstance(row, SignIn)]
    certain = [(row, answer) for row, answer in paid if isinstance(answer, LockedOut) or _is_answer(answer)]
    troubled = {account_of(row).pk for row, answer in certain if isinstance(answer, LockedOut) or _has_trouble(row)}
    for account_id in sorted(troubled):
        said = [(subject_of(row), answer) for row, answer in certain if account_of(row).pk == account_id]
        with stops.transaction("payment.count_refusals"):
            _count(account_id, said)


def _has_trouble(row: Payment | Refund) -> bool:
    account = account_of(row)
    return bool(account.refused) or account.is_self_paused


def _is_answer(answer: object) -> bool:
    """Whether the provider accepted our keys, whatever it answered."""
    if isinstance(answer, OpenResult | ChangeResult):
        return answer.outcome in (Outcome.DONE, Outcome.REJECTED)
    return isinstance(answer, tuple)


def _count(account_id: int, said: Sequence[tuple[str, object]]) -> None:
    account = ProviderAccount.objects.select_for_update(no_key=True).get(id=account_id)
    refused, said_of_us = list(account.refused), ""
    for subject, answer in said:
        if not isinstance(answer, LockedOut):
            refused = []
        elif subject not in refused:
            refused.append(subject)
        said_of_us = str(answer) if isinstance(answer, LockedOut) else said_of_us
    kept = refused[-REFUSALS_IN_A_ROW:]
    ProviderAccount.objects.filter(id=account_id).update(refused=kept, trial="")
    if not kept and account.is_self_paused:
        resume([account_id], why=AccountReason.TAKEN_AGAIN)
    elif len(kept) == REFUSALS_IN_A_ROW and account.paused_at is None:
        pause_itself(account_id, said=said_of_us)


def try_paused(limit: int = AT_ONCE) -> int:
    """Let accounts that paused themselves retry one refused request every five minutes; returns how many."""
    due = ProviderAccount.objects.filter(is_self_paused=True, tried_at__lte=clock.now() - TRY_EVERY).order_by("id")
    ids = list(due.values_list("id", flat=True)[:limit])
    for account_id in ids:
        with stops.transaction("payment.try_account"):
            _try(account_id)
    return len(ids)


def _try(account_id: int) -> None:
    account = ProviderAccount.objects.select_for_update(no_key=True).get(id=account_id)
    if not account.is_self_paused:
        return
    trial = next((subject for subject in account.refused if _comes_due(account_id, subject)), "")
    if trial:
        ProviderAccount.objects.filter(id=account_id).update(trial=trial, tried_at=clock.now())
    else:
        resume([account_id], why=AccountReason.NOTHING_TO_TRY)


def _comes_due(account_id: int, subject: str) -> bool:
    """Make it due for its step now; False if it has ended meanwhile."""
    kind, _, number = subject.partition(":")
    if kind == "order":
        live = Payment.objects.filter(account_id=account_id, order_id=int(number), state__in=Payment.LIVE)
        is_live = bool(live.update(due_at=clock.now()))
    else:
        is_live = bool(Refund.objects.filter(id=int(number), state__in=Refund.LIVE).update(due_at=clock.now()))
    for step in ("payment.open", "payment.ask"):
        wake.after_commit(step)
    return is_live
