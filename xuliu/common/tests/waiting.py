"""Waiting for what another thread or process brings about, with an end."""

import time
from collections.abc import Callable


def until(there: Callable[[], object], *, seconds: float = 10) -> None:
    """Ask until the answer is true. Raises AssertionError when it does not become so in time."""
    ends = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < ends, "it did not come about in time"
        time.sleep(0.005)
