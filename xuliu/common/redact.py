"""Masks what must not be read in a log: secrets by the name of their field, however deep they stand."""

from collections.abc import Mapping, Sequence
from typing import Any

MASK = "***"
SECRET_PARTS = ("token", "secret", "password", "passwd", "authorization", "sign", "apikey", "api_key", "credential", "private")


def redact(value: Any) -> Any:
    """A copy of nested mappings and lists in which the values of secret-sounding names are masked."""
    if isinstance(value, Mapping):
        return {name: MASK if _is_secret(str(name)) else redact(inner) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [redact(inner) for inner in value]
    return value


def _is_secret(name: str) -> bool:
    return any(part in name.lower() for part in SECRET_PARTS)
