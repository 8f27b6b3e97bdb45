"""Steps: what a worker runs. Each claims rows in its state and moves them on.

A package lists its own in `<package>/steps.py` as STEPS. A step's `due` query tells when it has work: the tests use
it to run no step for nothing, so it must cover everything the step looks for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps

from xuliu.common import guard

EVER = "timestamptz '1000-01-01'"  # always due


class Lane(StrEnum):
    """A worker's thread runs the steps of a lane in turn; for account lanes, each account has its own threads.

    In the order of a top-up. Slow or hanging work has its own lane, so that it holds up nobody else.
    """

    OPEN = "open"
    ASK = "ask"
    PAY = "pay"
    RELEASE = "release"  # a bulk order's fifty chunks in a row would hold up everybody's notices
    FULFIL = "fulfil"
    AFTER = "after"
    DRIFT = "drift"  # nobody waits for it, and at a slow carrier it takes minutes
    READINGS = "readings"
    END = "end"
    ACCOUNTS = "accounts"  # the other side may hang, and a person waits for the result
    LATE = "late"  # nobody waits for it: checked once a second, not at every order's end


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `run` returns how much it found to do; a step that found something is run again at once, but a worker
    runs it no more often than `every_seconds`.

    `due` is SQL that tells the earliest instant at which it may find something: one row of NULL and the instant, which
    is NULL where it never will.
    """

    name: str
    lane: Lane
    run: Callable[[], int]
    due: str
    every_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class AccountStep:
    """One step of one carrier account: accounts run side by side, so that a carrier that hangs holds up nobody else.

    `due` is as a step's, with a row for each account: its id and the instant.
    """

    name: str
    lane: Lane
    run: Callable[[int], int]
    due: str


def due_rows(table: str, condition: str, at: str = EVER) -> str:
    """The question of a step that looks at the rows of a table of which `condition` is so, each from `at` on."""
    return f"SELECT NULL::bigint, min({at}) FROM {table} WHERE {condition}"


def gathered() -> tuple[Step | AccountStep, ...]:
    """All packages' steps, in the order of a top-up."""
    modules = [f"{app.name}.steps" for app in apps.get_app_configs() if app.name.startswith("xuliu.")]
    steps = [step for name in modules if find_spec(name) for step in import_module(name).STEPS]
    order = list(Lane)
    return tuple(sorted(steps, key=lambda step: order.index(step.lane)))


STEPS = (
    Step("guard.forget", Lane.LATE, guard.forget_ended, due_rows("common_counter", "true", "ends_at"), every_seconds=5),
)
