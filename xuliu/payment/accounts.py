"""Our accounts at payment providers: credentials, the provider made from them, the kill switch."""

from collections.abc import Mapping, Sequence
from typing import Any

from xuliu.common import accounts, clock, switch, wake
from xuliu.common.reasons import WhyCode
from xuliu.party.permission import needs
from xuliu.party.rights import Right
from xuliu.payment.cases import PaymentCase
from xuliu.payment.contract import Capabilities, Session
from xuliu.payment.guarded import Guarded
from xuliu.payment.models import ProviderAccount
from xuliu.payment.reasons import AccountReason
from xuliu.payment.registry import provider_class
from xuliu.payment.session import AccountSession
from xuliu.ticket.operations import close_cases, open_case


def credentials(account: ProviderAccount) -> Any:
    """The account's Config, secrets unsealed. Raises UnknownProvider, WrongConfiguration, CannotOpen."""
    return accounts.configuration(account, provider_class(account.provider).Config)


@needs(Right.CONFIGURE)
def set_credentials(account: ProviderAccount, config: Mapping[str, Any]) -> None:
    """Store the fields given, secrets sealed; fields not given stay. Raises UnknownProvider, WrongConfiguration."""
    accounts.configure(account, provider_class(account.provider).Config, config)


def provider_of(account: ProviderAccount) -> Guarded:
    """The provider, made with the account's Config and guarded. Raises as `credentials`."""
    return Guarded(account.pk, provider_class(account.provider)(credentials(account)))


def capabilities_of(account: ProviderAccount) -> Capabilities:
    """What the account's provider can do, and how long it may take. Raises UnknownProvider."""
    return provider_class(account.provider).capabilities


def session_of(account: ProviderAccount) -> Session:
    """The session for the provider's calls."""
    return AccountSession(account_id=account.pk, deadline_seconds=capabilities_of(account).deadline_seconds)


@needs(Right.PAUSE)
def pause(account_ids: Sequence[int], *, why: WhyCode, detail: str = "") -> list[int]:
    """Take no payments through these accounts; returns those that took them until now.

    One that had paused itself stays paused until a person ends it.
    """
    taken_over = ProviderAccount.objects.filter(id__in=account_ids, is_self_paused=True)
    resume(list(taken_over.values_list("id", flat=True)), why=why, detail=detail)
    return switch.pause(ProviderAccount, account_ids, why=why, detail=detail)


@needs(Right.PAUSE)
def resume(account_ids: Sequence[int], *, why: WhyCode | None = None, detail: str = "") -> list[int]:
    """Take payments through these accounts again, what was refused before forgotten; returns those that were paused."""
    accounts = ProviderAccount.objects.filter(id__in=account_ids)
    accounts.update(is_self_paused=False, refused=[], trial="", is_untried=False)
    for step in ("payment.open", "payment.ask", "refund.send"):
        wake.after_commit(step)
    return switch.resume(ProviderAccount, account_ids, why=why, detail=detail)


def pause_itself(account_id: int, *, said: str) -> None:
    """The provider refuses our keys: take no payments, call nothing, retry every few minutes, resume
    automatically."""
    if switch.pause(ProviderAccount, [account_id], why=AccountReason.US_REFUSED, detail=said):
        ProviderAccount.objects.filter(id=account_id).update(is_self_paused=True, tried_at=clock.now(), trial="")
        subject = ("provideraccount", account_id)
        open_case(PaymentCase.ACCOUNT_PAUSED, subject, {"said": said})
        close_cases(kind=PaymentCase.CANNOT_BE_OPENED, subjects=[subject], why=AccountReason.HAS_PAUSED_ITSELF)
