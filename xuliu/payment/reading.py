"""Reads what a provider said: JSON, amounts, instants. What is not as it should be is Odd. No Django, no models."""

from collections.abc import Mapping
from datetime import UTC, datetime
from json import loads
from typing import Any

from xuliu.payment.contract import Odd


def json_object(body: bytes) -> dict[str, Any]:
    """The body as a JSON object. Raises Odd."""
    try:
        said = loads(body)
    except ValueError as error:
        raise Odd("it is not JSON") from error
    if not isinstance(said, dict):
        raise Odd("it is not a JSON object")
    return said


def inner(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object under that name; an empty one where there is none."""
    value = said.get(name)
    return value if isinstance(value, dict) else {}


def text(said: Mapping[str, Any], name: str) -> str:
    """The text under that name, which must be there. Raises Odd."""
    value = said.get(name)
    if not isinstance(value, str) or not value:
        raise Odd(f"no {name}")
    return value


def optional_text(said: Mapping[str, Any], name: str) -> str:
    """The text under that name, empty where there is none."""
    value = said.get(name)
    return value if isinstance(value, str) else ""


def minor_units(value: Any, *, is_needed: bool) -> int | None:
    """A whole amount in minor units; None only where it is not needed. Never a float, a text or a bool. Raises Odd."""
    if value is None and not is_needed:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Odd("an amount that is not a whole number of minor units")
    return value


def instant(value: Any, *, is_needed: bool) -> datetime | None:
    """An RFC 3339 instant in UTC; None only where it is not needed. Raises Odd, also for one without a zone."""
    if not value and not is_needed:
        return None
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise Odd("a time that is not RFC 3339") from error
    if at.tzinfo is None:
        raise Odd("a time without a zone")
    return at.astimezone(UTC)
