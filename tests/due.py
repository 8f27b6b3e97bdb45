"""What the steps of the line may find to do, and when: one question to the database, where asking every step is sixty.

Each step says itself when it is due (`common.steps`), no narrower than what it looks for; a test that leans on it ends
with the books, which know of everything that was left lying.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

import psycopg
from django.db import connection

from xuliu.common import clock
from xuliu.common.steps import Step, gathered
from xuliu.inventory.queries import accounts_with_sims

STEPS = gathered()
_ASK = " UNION ALL ".join(f"SELECT '{step.name}', * FROM ({step.due}) AS due" for step in STEPS)  # noqa: S608  # constants


class Due(NamedTuple):
    """A step that may find something from that instant on."""

    step: str
    account_id: int | None
    at: datetime


def everything() -> list[Due]:
    """What is due now or later; of each step, and of each account of one, the earliest."""
    connection.ensure_connection()
    # The driver's own cursor prepares at once, and is not counted among a test's statements.
    with psycopg.Cursor(connection.connection) as cursor:
        return [Due(*row) for row in cursor.execute(_ASK.encode(), prepare=True) if row[2] is not None]


def next_at() -> datetime:
    """When the steps may next find something; in the far future where they never will."""
    return min((due.at for due in everything()), default=datetime.fromisoformat("9000-01-01T00:00:00+00:00"))


def run() -> int:
    """Run each step that has something due, in the order of the line; returns how much was found to do."""
    now = clock.now()
    due = {(due.step, due.account_id) for due in everything() if due.at <= now}
    return sum(run() for (step, account), run in _in_order(sorted({a for _, a in due if a})) if (step, account) in due)


def run_all(*, only: str = "") -> int:
    """Every step once, or the one of that name, due or not, in the order of the line; returns how much was done."""
    return sum(run() for (step, _), run in _in_order(accounts_with_sims()) if only in ("", step))


def _in_order(accounts: Sequence[int]) -> Iterator[tuple[tuple[str, int | None], Callable[[], int]]]:
    for step in STEPS:
        if isinstance(step, Step):
            yield (step.name, None), step.run
        else:
            for account in accounts:
                yield (step.name, account), partial(step.run, account)
