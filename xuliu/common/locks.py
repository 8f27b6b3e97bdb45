"""Named locks across processes that outlive a transaction: the database connection holds them, and they end with it.

They are for what must not happen twice at once while no transaction is open, such as a call to the outside. Row
locks stay in the statements that need them.
"""

import hashlib
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from django.db import InterfaceError, OperationalError, connection

FIRST_POLL_SECONDS = 0.01
LONGEST_POLL_SECONDS = 0.2


class Busy(Exception):
    """No lock was released in time."""


@contextmanager
def one_of(names: Sequence[str], *, wait_seconds: float) -> Iterator[None]:
    """Hold the first of these names that is free. Raises Busy after `wait_seconds`.

    Polls instead of waiting in the database: a waiting statement keeps its snapshot, and an old snapshot slows every
    claim.
    """
    key = _taken([_key(name) for name in names], wait_seconds)
    try:
        yield
    finally:
        # A broken connection has released it already.
        with suppress(OperationalError, InterfaceError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def until_commit(name: str) -> None:
    """Hold that name until the caller's transaction ends; for what is read and then written in a few statements."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_key(name)])


def _taken(keys: list[int], wait_seconds: float) -> int:
    ends, pause = time.monotonic() + wait_seconds, FIRST_POLL_SECONDS
    while (key := _try(keys)) is None:
        left = ends - time.monotonic()
        if left <= 0:
            raise Busy
        # Random, so that waiters do not poll in step.
        time.sleep(min(left, pause * random.uniform(0.5, 1.0)))  # noqa: S311  # spreads waits, guards nothing
        pause = min(pause * 1.5, LONGEST_POLL_SECONDS)
    return key


def _try(keys: list[int]) -> int | None:
    with connection.cursor() as cursor:
        # The scan stops at the first key that was free, so no more than one is taken.
        cursor.execute("SELECT key FROM unnest(%s::bigint[]) AS key WHERE pg_try_advisory_lock(key) LIMIT 1", [keys])
        row = cursor.fetchone()
    return None if row is None else row[0]


def _key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
