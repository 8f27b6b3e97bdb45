"""Our accounts at payment providers: credentials, the provider made from them, the kill switch."""

from collections.abc import Mapping, Sequence
from typing import Any

from xuliu.common import accounts, switch
from xuliu.payment.contract import Capabilities, Provider, Session
from xuliu.payment.models import ProviderAccount
from xuliu.payment.registry import provider_class
from xuliu.payment.session import AccountSession


def credentials(account: ProviderAccount) -> Any:
    """The account's Config, secrets unsealed. Raises UnknownProvider, WrongConfiguration, CannotOpen."""
    return accounts.configuration(account, provider_class(account.provider).Config)


def set_credentials(account: ProviderAccount, config: Mapping[str, Any]) -> None:
    """Store the fields given, secrets sealed; fields not given stay. Raises UnknownProvider, WrongConfiguration."""
    accounts.configure(account, provider_class(account.provider).Config, config)


def provider_of(account: ProviderAccount) -> Provider:
    """The provider, made with the account's Config. Raises as `credentials`."""
    return provider_class(account.provider)(credentials(account))


def capabilities_of(account: ProviderAccount) -> Capabilities:
    """What its provider can do and how long it may take. Raises UnknownProvider."""
    return provider_class(account.provider).capabilities


def session_of(account: ProviderAccount) -> Session:
    """What the provider's calls go through."""
    return AccountSession(account_id=account.pk, deadline_seconds=capabilities_of(account).deadline_seconds)


def pause(account_ids: Sequence[int], *, why: str) -> list[int]:
    """Take no payments through these accounts; returns those that took them until now."""
    return switch.pause(ProviderAccount, account_ids, why=why)


def resume(account_ids: Sequence[int], *, why: str = "") -> list[int]:
    """Take payments through these accounts again; returns those that were paused."""
    return switch.resume(ProviderAccount, account_ids, why=why)
