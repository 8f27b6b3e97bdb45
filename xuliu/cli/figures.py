"""Figures and columns as a terminal shows them: money, data, days, and texts of Chinese width."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path
from unicodedata import east_asian_width
from zoneinfo import ZoneInfo

from xuliu.common.money import decimal_text


def money(amount_minor: int, currency: str) -> str:
    """`¥36.00`; a currency other than the yuan keeps its letters: `EUR 36.00`."""
    text = decimal_text(amount_minor)
    return f"¥{text}" if currency == "CNY" else f"{currency} {text}"


def size(size_bytes: int, *, like: int | None = None) -> str:
    """`198 MB`: by 1000² where what was granted (`like`) is a round number of these, else by 1024²."""
    granted = size_bytes if like is None else like
    is_decimal = granted > 0 and granted % 1000**2 == 0 and granted % 1024**2 != 0
    return f"{size_bytes / (1000**2 if is_decimal else 1024**2):.0f} MB"


def last_day(ends_on: date) -> str:
    """The last day served of a period whose end is exclusive."""
    return (ends_on - timedelta(days=1)).isoformat()


def moment(at: datetime) -> str:
    """`2026-12-01 11:52:03` by this machine's wall clock."""
    return f"{at.astimezone(_here()):%Y-%m-%d %H:%M:%S}"


def time_of_day(at: datetime) -> str:
    """`11:52:03.4` by this machine's wall clock."""
    return f"{at.astimezone(_here()):%H:%M:%S.%f}"[:10]


def width(text: str) -> int:
    """How many cells of a terminal the text takes: a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def padded(text: str, cells: int) -> str:
    """The text filled up to that many cells; a longer one stays as it is."""
    return text + " " * (cells - width(text))


def columns(rows: Sequence[Sequence[str]], *, right: Sequence[int] = (), indent: int = 0) -> list[str]:
    """The rows with their columns under each other, two spaces apart; those in `right` stand to the right."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)] if rows else []
    return [
        " " * indent
        + "  ".join(
            " " * (cells - width(text)) + text if number in right else padded(text, cells)
            for number, (text, cells) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


@cache
def _here() -> tzinfo:
    """The machine's zone: Django sets the process's own to the one that it stores times in."""
    try:
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError):
        return UTC
