"""The step that tries carrier accounts whose credentials were just entered."""

from xuliu.carrier.accounts import connector_of, session_of
from xuliu.carrier.contract import Finding
from xuliu.carrier.models import CarrierAccount
from xuliu.carrier.operations import resume
from xuliu.common import examining, stops

AT_ONCE = 5


def examine_accounts(limit: int = AT_ONCE) -> int:
    """Try accounts that are waiting for it; returns how many."""
    accounts = examining.due(CarrierAccount, limit)
    for account in accounts:
        examine(account)
    return len(accounts)


def examine(account: CarrierAccount) -> list[Finding]:
    """Try this account now and store the findings; an account that was waiting then takes money if they are good."""
    findings = examining.asked(lambda: _ask(account))
    examining.store(account, findings, resume=resume, stop="carrier.examined")
    return findings


def _ask(account: CarrierAccount) -> list[Finding]:
    with stops.call("carrier.examine"):
        return connector_of(account).examine(session_of(account))
