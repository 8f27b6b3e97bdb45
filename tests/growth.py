"""How what something costs grows with what it is given."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Given = TypeVar("Given")

TIMES = 4
SLACK = 2.5  # quadratic work would take 4 times as long again
LEAST_SECONDS = 0.002  # below that a clock tells noise
TRIES = 4


def assert_linear(work: Callable[[Given], object], make: Callable[[int], Given], *, size: int) -> None:
    """Four times as much takes about four times as long: this thread's own time, the best of some tries."""
    one, four = _best(work, make(size)), _best(work, make(TIMES * size))
    assert four <= SLACK * TIMES * max(one, LEAST_SECONDS), f"{size}: {one:.4f} s, {TIMES * size}: {four:.4f} s"


def _best(work: Callable[[Given], object], given: Given) -> float:
    took = []
    for _ in range(TRIES):
        started = time.thread_time()
        work(given)
        took.append(time.thread_time() - started)
    return min(took)
