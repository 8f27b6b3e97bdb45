"""Aligns text for a terminal, where a Chinese character takes two cells."""

from collections.abc import Sequence
from unicodedata import east_asian_width


def width(text: str) -> int:
    """How many cells of a terminal the text takes: a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def padded(text: str, cells: int) -> str:
    """The text padded to that many cells; a longer one stays unchanged."""
    return text + " " * (cells - width(text))


def columns(rows: Sequence[Sequence[str]], *, right: Sequence[int] = (), indent: int = 0) -> list[str]:
    """The rows in aligned columns, two spaces apart; columns in `right` are right-aligned."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)] if rows else []
    return [
        " " * indent
        + "  ".join(
            " " * (cells - width(text)) + text if number in right else padded(text, cells)
            for number, (text, cells) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
