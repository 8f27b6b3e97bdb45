"""Waits for workers: looks again at every wake-up, and several times a second anyway."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from datetime import datetime
from typing import TypeVar

from django.db import connection

from xuliu.balance.queries import reading_of
from xuliu.common import wake
from xuliu.ordering.progress import ProgressStep, progress

Found = TypeVar("Found")

TICK_SECONDS = 0.1


def until(look: Callable[[], Found | None], *, seconds: float) -> Found | None:
    """The first result of `look` that is not empty; None when the time is up."""
    give_up_at = time.monotonic() + seconds
    with closing(_chances()) as chances:
        for _ in chances:
            found = look()
            if found or time.monotonic() > give_up_at:
                return found
    return None


def fresh_reading(sim_id: int, *, seconds: float) -> None:
    """Wait until a new reading of the SIM is stored, or its failure."""
    before = _last_answer(sim_id)
    until(lambda: _last_answer(sim_id) != before or None, seconds=seconds)


def steps(order_id: int, *, seconds: float) -> Iterator[ProgressStep]:
    """Each step of the order as it is reached, until the end, or until that long after payment.

    An order that nobody pays expires by itself.
    """
    yielded: set[str] = set()
    paid_before: float | None = None
    with closing(_chances()) as chances:
        for _ in chances:
            way = progress(order_id)
            for step in way.steps:
                if step.at and step.code not in yielded:
                    yielded.add(step.code)
                    yield step
            if "paid" in yielded:
                paid_before = paid_before or time.monotonic()
            is_late = paid_before is not None and time.monotonic() - paid_before > seconds
            if way.is_final or "disputed" in yielded or is_late:
                return


def _last_answer(sim_id: int) -> tuple[datetime | None, datetime | None]:
    reading = reading_of(sim_id)
    return (reading.as_of, reading.failed_at) if reading else (None, None)


def _chances() -> Generator[None]:
    """Yields at once, then at every wake-up and every tick."""
    with wake.listening(connection.get_connection_params()) as database:
        while True:
            yield
            for _ in database.notifies(timeout=TICK_SECONDS, stop_after=1):
                pass
