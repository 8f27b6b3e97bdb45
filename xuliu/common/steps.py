"""Steps: what a worker runs. Each claims rows that stand in its state and moves them on.

A package lists its own in `<package>/steps.py` as STEPS. A step says what makes it due by one question to the database:
the tests ask that, so that they run no step for nothing, and what it says is no narrower than what the step looks for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps

from xuliu.common import guard

EVER = "timestamptz '1000-01-01'"  # for what waits for no instant: it is due since ever


class Lane(StrEnum):
    """A thread of a worker runs the steps of a lane in turn; of an account's lanes, each account has its own threads.

    In the order of a top-up. What may take long or hang stands in a lane of its own, so that it holds up nobody else.
    """

    OPEN = "open"
    ASK = "ask"
    PAY = "pay"
    RELEASE = "release"  # a bulk order's fifty chunks, one after the other, would hold up everybody's notices
    FULFIL = "fulfil"
    AFTER = "after"
    DRIFT = "drift"  # nobody waits for it, and at a slow carrier it takes minutes
    READINGS = "readings"
    END = "end"
    ACCOUNTS = "accounts"  # whoever is tried may hang, and a person waits for what is found
    LATE = "late"  # waited for by nobody: looked at once a second, and not at every order that ends


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
    """The steps of all packages, in the order of a top-up."""
    modules = [f"{app.name}.steps" for app in apps.get_app_configs() if app.name.startswith("xuliu.")]
    steps = [step for name in modules if find_spec(name) for step in import_module(name).STEPS]
    order = list(Lane)
    return tuple(sorted(steps, key=lambda step: order.index(step.lane)))


STEPS = (
    Step("guard.forget", Lane.LATE, guard.forget_ended, due_rows("common_counter", "true", "ends_at"), every_seconds=5),
)
