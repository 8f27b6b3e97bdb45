"""Reads providers' answers: JSON, amounts, instants. Raises Malformed for anything unexpected. No Django."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from xuliu.common.bounds import moment_in, read_json, whole
from xuliu.payment.contract import Malformed

MOST_MINOR = 10**15


@contextmanager
def about(reference: str) -> Iterator[None]:
    """Attach our reference to any Malformed raised inside."""
    try:
        yield
    except Malformed as odd:
        raise Malformed(str(odd), reference=reference) from odd


def json_object(body: bytes) -> dict[str, Any]:
    """The body as a JSON object. Raises Malformed."""
    try:
        said = read_json(body)
    except ValueError as error:
        raise Malformed("it is not JSON") from error
    if not isinstance(said, dict):
        raise Malformed("it is not a JSON object")
    return said


def inner(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object under that name; an empty one if there is none."""
    value = said.get(name)
    return value if isinstance(value, dict) else {}


def text(said: Mapping[str, Any], name: str) -> str:
    """The text under that name. Raises Malformed if it is missing."""
    value = said.get(name)
    if not isinstance(value, str) or not value:
        raise Malformed(f"no {name}")
    return value


def optional_text(said: Mapping[str, Any], name: str) -> str:
    """The text under that name; empty if there is none."""
    value = said.get(name)
    return value if isinstance(value, str) else ""


def minor_units(value: Any, *, is_needed: bool) -> int | None:
    """A whole amount in minor units; None only if it is not needed. Raises Malformed for a float, a text, a bool."""
    if value is None and not is_needed:
        return None
    amount = whole(value, most=MOST_MINOR)
    if amount is None:
        raise Malformed("an amount that is not a whole number of minor units")
    return amount


def instant(value: Any, *, is_needed: bool) -> datetime | None:
    """An RFC 3339 instant in UTC; None if it is not needed and is missing, without a zone, or out of range.

    Raises Malformed if it is needed.
    """
    found = moment_in(value, zone=None)
    if found is None and is_needed:
        raise Malformed("a time that is not RFC 3339, has no zone or is out of range")
    return found
