"""The configuration of our accounts at carriers and providers, with sealed secrets."""

import json
from collections.abc import Mapping
from typing import Any

from xuliu.common import crypto
from xuliu.common.configuration import faults_of, settings_of
from xuliu.common.models import ConfiguredAccount


class WrongConfiguration(Exception):
    """The values make no valid Config; the message names the fields."""


def configuration(account: ConfiguredAccount, shape: type[Any]) -> Any:
    """The account's Config (an instance of `shape`), secrets unsealed.

    Raises WrongConfiguration if a field is missing, CannotOpen if the secrets were sealed with a lost key.
    """
    return _made(shape, {**account.config, **_secrets(account)})


def configure(account: ConfiguredAccount, shape: type[Any], given: Mapping[str, Any]) -> None:
    """Store the fields given: secrets sealed, the others in the open.

    Fields not given stay as they are, so that a form need not show a secret to keep it; but if an address changes,
    every secret must be entered again. Raises WrongConfiguration, changing nothing, if the result is no usable Config.
    """
    kinds = settings_of(shape)
    if unknown := sorted(set(given) - set(kinds)):
        raise WrongConfiguration(f"{account}: no such field: {', '.join(unknown)}")
    if missing := to_be_given_again(account, shape, given):
        raise WrongConfiguration(f"{account}: an address changes, so give again: {', '.join(missing)}")
    is_secret = {name: kind.is_secret for name, kind in kinds.items()}
    secrets = _secrets(account) | {name: value for name, value in given.items() if is_secret[name]}
    config = account.config | {name: value for name, value in given.items() if not is_secret[name]}
    if faults := faults_of(_made(shape, {**config, **secrets})):
        raise WrongConfiguration(f"{account}: {', '.join(f'{name} ({code})' for name, code in faults.items())}")
    account.config = config
    account.secrets_key_id, account.secrets_sealed = crypto.seal(
        json.dumps(secrets).encode(), purpose=_purpose(account)
    )
    account.save(update_fields=["config", "secrets_key_id", "secrets_sealed"])


def to_be_given_again(account: ConfiguredAccount, shape: type[Any], given: Mapping[str, Any]) -> list[str]:
    """The stored secrets that would be sent to a changed address although whoever changed it may not know them.

    Raises CannotOpen as `configuration`.
    """
    kinds = settings_of(shape)
    kept = [name for name, secret in _secrets(account).items() if secret and not given.get(name)]
    if not kept:
        return []
    before = configuration(account, shape)
    moves = any(kinds[name].is_url and value != getattr(before, name) for name, value in given.items())
    return [name for name in kinds if name in kept] if moves else []


def _secrets(account: ConfiguredAccount) -> dict[str, Any]:
    if not account.secrets_sealed:
        return {}
    opened = crypto.unseal(account.secrets_key_id, bytes(account.secrets_sealed), purpose=_purpose(account))
    secrets: dict[str, Any] = json.loads(opened)
    return secrets


def _purpose(account: ConfiguredAccount) -> str:
    """The sealing's purpose: bound to the row, so that one account's secrets do not open in another's."""
    if account.pk is None:
        raise ValueError("an account is saved before its secrets are sealed")
    return f"{account._meta.label_lower}:{account.pk}"


def _made(shape: type[Any], values: Mapping[str, Any]) -> Any:
    try:
        return shape(**values)
    except (TypeError, ValueError) as error:
        raise WrongConfiguration(str(error)) from error
