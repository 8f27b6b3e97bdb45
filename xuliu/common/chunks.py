"""A chunk that fails is halved until the failing row stands alone; the rest goes on. The caller decides what
becomes of it: tried again, and set aside at the third failure of one kind (`ticket.operations.failed_again`)."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import InterfaceError, OperationalError

Row = TypeVar("Row")

CHUNK = 2_000


def apply_halving(
    rows: Sequence[Row],
    apply: Callable[[Sequence[Row]], object],
    *,
    set_aside: Callable[[Row, Exception], object],
) -> int:
    """Apply a set; where it raises, apply its halves; set aside single rows that still raise.

    `apply` must undo itself when it raises (one transaction). Trouble with the database itself (connection
    gone, deadlock, time limit) is raised: it says nothing about the rows. Returns how many rows were set aside.
    """
    waiting = [rows] if rows else []
    aside = 0
    while waiting:
        part = waiting.pop()
        try:
            apply(part)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # noqa: BLE001  # a poisonous row may raise anything
            if len(part) == 1:
                set_aside(part[0], error)
                aside += 1
            else:
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]]
    return aside


def in_chunks(rows: Sequence[Row], size: int = CHUNK) -> list[Sequence[Row]]:
    """The rows in slices of at most `size`."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]
