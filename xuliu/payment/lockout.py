"""Trouble with our own keys: three refusals in a row pause the account; one of what was refused is then tried again.

The three are of different orders or refunds, with no success between: a provider may have something against one of
them. Nothing fails by it. While an account has paused itself only its trial is claimed (`asking.claim`).
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
    """The account through which it goes."""
    return row.account if isinstance(row, Payment) else row.payment.account


def subject_of(row: Payment | Refund) -> str:
    """What a refusal counts for: an order's two payments are one thing."""
    return f"order:{row.order_id}" if isinstance(row, Payment) else f"refund:{row.pk}"


def note(answered: Sequence[tuple[Payment | Refund | SignIn, object]]) -> None:
    """Count what refused us and what did not, account by account; writes nothing where all is well.

    A sign-in asks another service with a key of its own: it says nothing of ours here.
    """
    paid = [(row, answer) for row, answer in answered if not isinstance(row, SignIn)]
    heard = [(row, answer) for row, answer in paid if isinstance(answer, LockedOut) or _is_heard(answer)]
    troubled = {account_of(row).pk for row, answer in heard if isinstance(answer, LockedOut) or _has_trouble(row)}
    for account_id in sorted(troubled):
        said = [(subject_of(row), answer) for row, answer in heard if account_of(row).pk == account_id]
        with stops.transaction("payment.count_refusals"):
            _count(account_id, said)


def _has_trouble(row: Payment | Refund) -> bool:
    account = account_of(row)
    return bool(account.refused) or account.is_self_paused


def _is_heard(answer: object) -> bool:
    """Whether the provider took us for whom we are, whatever it said."""
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
    """Let accounts that paused themselves try one of the refused things, every five minutes; returns how many."""
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
    """Have its step look at it now; False where it has ended meanwhile."""
    kind, _, number = subject.partition(":")
    if kind == "order":
        live = Payment.objects.filter(account_id=account_id, order_id=int(number), state__in=Payment.LIVE)
        is_live = bool(live.update(due_at=clock.now()))
    else:
        is_live = bool(Refund.objects.filter(id=int(number), state__in=Refund.LIVE).update(due_at=clock.now()))
    for step in ("payment.open", "payment.ask"):
        wake.after_commit(step)
    return is_live
