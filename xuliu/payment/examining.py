"""The step that tries provider accounts whose credentials were just entered."""

from xuliu.common import examining, stops
from xuliu.payment.accounts import provider_of, resume, session_of
from xuliu.payment.contract import Finding
from xuliu.payment.models import ProviderAccount

AT_ONCE = 5


def examine_accounts(limit: int = AT_ONCE) -> int:
    """Try accounts that are waiting for it; returns how many."""
    accounts = examining.due(ProviderAccount, limit)
    for account in accounts:
        examine(account)
    return len(accounts)


def examine(account: ProviderAccount) -> list[Finding]:
    """Try this account now and store the findings; an account that was waiting then takes money if they are good."""
    findings = examining.asked(lambda: _ask(account))
    examining.store(account, findings, resume=resume, stop="provider.examined")
    return findings


def _ask(account: ProviderAccount) -> list[Finding]:
    with stops.call("provider.examine"):
        return provider_of(account).examine(session_of(account))
