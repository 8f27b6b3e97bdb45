"""Reads carriers' figures, dates and sentences. Connectors import these from `contract`. No Django, no models."""

import re
from datetime import timedelta
from typing import Any

from xuliu.common import bounds

_DOUBLED = str.maketrans("0123456789", "0246813579")


def without_numbers(text: str) -> str:
    """A carrier's sentence for a log or a page: card and phone numbers cut to their last four, at most 200 long."""
    return re.sub(r"\d{4,200}(?=\d{4})", "…", bounds.words(text, most=400))[:200]


def in_bytes(amount: Any, unit: int) -> int | None:
    """A carrier's amount (a number or a numeric text) of `unit` bytes, in bytes; None if it is not a number, negative,
    or more than any SIM has."""
    return bounds.amount(amount, unit=unit, most=bounds.MOST_BYTES)


def luhn_digit(digits: str) -> str:
    """The check digit that belongs behind these digits (ISO/IEC 7812-1)."""
    doubled, plain = digits[-1::-2].translate(_DOUBLED).encode("ascii"), digits[-2::-2].encode("ascii")
    return str((ord("0") * len(digits) - sum(doubled) - sum(plain)) % 10)


def lasts(seconds: Any, *, most: int) -> timedelta:
    """How long a token lives according to the carrier, at most `most` seconds; a minute if it gives no usable
    figure."""
    said = bounds.amount(seconds, unit=1, most=10 * most)
    return timedelta(seconds=min(said or 60, most))
