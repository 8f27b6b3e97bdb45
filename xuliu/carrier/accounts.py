"""Our accounts at carriers: credentials, the connector made from them, its session."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from xuliu.carrier.contract import Capabilities, Connector
from xuliu.carrier.models import CarrierAccount
from xuliu.carrier.registry import connector_class
from xuliu.carrier.session import AccountSession
from xuliu.common import accounts
from xuliu.party.permission import needs
from xuliu.party.rights import Right


def credentials(account: CarrierAccount) -> Any:
    """The account's Config, secrets unsealed. Raises UnknownConnector, WrongConfiguration, CannotOpen."""
    return accounts.configuration(account, connector_class(account.connector).Config)


@needs(Right.CONFIGURE)
def set_credentials(account: CarrierAccount, config: Mapping[str, Any]) -> None:
    """Store the fields given, secrets sealed; fields not given stay. Raises UnknownConnector, WrongConfiguration."""
    accounts.configure(account, connector_class(account.connector).Config, config)


def connector_of(account: CarrierAccount) -> Connector:
    """The connector, made with the account's Config. Raises as `credentials`."""
    return connector_class(account.connector)(credentials(account))


def capabilities_of(account: CarrierAccount) -> Capabilities:
    """What the connector can do, with the account's own limits. Raises UnknownConnector."""
    own = {
        name: getattr(account, name)
        for name in ("calls_per_second", "parallel", "settles_within", "verify_within")
        if getattr(account, name) is not None
    }
    return replace(connector_class(account.connector).capabilities, **own)


def session_of(account: CarrierAccount) -> AccountSession:
    """The session for the connector's calls, with the account's rate, token and call log. Raises UnknownConnector."""
    can = capabilities_of(account)
    return AccountSession(
        account_id=account.pk,
        calls_per_second=can.calls_per_second,
        parallel=can.parallel,
        deadline_seconds=can.deadline_seconds,
        sealed_with=sha256(bytes(account.secrets_sealed or b"")).hexdigest()[:16],
    )
