"""Named stops: every commit and every outward call of the line.

In production they cost a dictionary look-up. The crash test reads their names from the code, sets
XULIU_KILL_AT="<name>:before" or ":after", and the process dies there as by kill -9.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction as django_transaction


@contextmanager
def transaction(name: str) -> Iterator[None]:
    """One transaction of the line: dies before it begins or after it has committed."""
    _die_at(name, "before")
    with django_transaction.atomic():
        yield
    _die_at(name, "after")


@contextmanager
def statement(name: str) -> Iterator[None]:
    """One statement of the line that commits itself, without the two journeys of a BEGIN and a COMMIT."""
    _die_at(name, "before")
    yield
    _die_at(name, "after")


@contextmanager
def savepoint() -> Iterator[None]:
    """A part of a transaction that is undone alone where it raises. It commits nothing, so it is no stop."""
    if not _is_in_transaction():
        raise RuntimeError("a savepoint outside a transaction would commit")
    with django_transaction.atomic():
        yield


@contextmanager
def call(name: str) -> Iterator[None]:
    """One call to the outside world: must not stand inside a transaction."""
    if _is_in_transaction():
        raise RuntimeError(f"{name}: a call to the outside world inside a transaction")
    _die_at(name, "before")
    yield
    _die_at(name, "after")


def _die_at(name: str, side: str) -> None:
    if os.environ.get("XULIU_KILL_AT") == f"{name}:{side}":
        os.kill(os.getpid(), signal.SIGKILL)


def _is_in_transaction() -> bool:
    """Whether a block of ours is open; a test's own outermost one, marked by Django's TestCase, is not ours."""
    blocks = django_transaction.get_connection().atomic_blocks
    return any(not getattr(block, "_from_testcase", False) for block in blocks)
