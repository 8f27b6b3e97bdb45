"""Who acts. Stands on every event, posting and call."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """`kind` is person, visitor, worker, provider, carrier or command; `label` carries no personal data."""

    kind: str
    id: int | None = None
    label: str = ""


WORKER = Actor("worker")
VISITOR = Actor("visitor")

_acting: ContextVar[Actor] = ContextVar("actor", default=WORKER)


def current() -> Actor:
    """The actor of this thread or request; the worker where nobody else was named."""
    return _acting.get()


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Name the actor for what happens inside."""
    token = _acting.set(actor)
    try:
        yield
    finally:
        _acting.reset(token)
