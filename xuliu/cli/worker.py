"""Work: run the steps of the line until told to stop.

A thread per lane, and one per lane and carrier account, runs the packages' steps (`common.steps`). All wait for
wake-ups from one LISTEN loop, or for a tick of a second: a lost wake-up delays work and loses none.
"""

import argparse
import gc
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

import psycopg
from django.db import connection

from xuliu.carrier.reads import tally
from xuliu.cli.guard import refuse_unfit
from xuliu.common import parallel, wake
from xuliu.common.steps import AccountStep, Step, gathered
from xuliu.inventory.queries import accounts_with_sims

TICK_SECONDS = 1.0
LONGEST_REST_SECONDS = 30.0
# A round costs about the same for one row as for ten: after a small one a lane lets more gather.
SMALL_ROUND, GATHER_SECONDS = 10, 0.05
LOOK_FOR_ACCOUNTS_SECONDS = 5.0
# Lanes mostly wait for answers; with the default they would wait another 5 ms for a lane that computes.
SWITCH_SECONDS = 0.0005
# New objects between garbage collections: with the default of 700 they took a tenth of a busy worker's time.
NEW_OBJECTS = 20_000

log = logging.getLogger("xuliu.worker")

NamedRun = tuple[str, Callable[[], int]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--demo", action="store_true", help="allow the demo secret and sandbox accounts")


def run(args: argparse.Namespace) -> int:
    """Work until told to stop (SIGTERM, SIGINT); calls under way are ended first."""
    refuse_unfit(is_demo=args.demo)
    prepare_interpreter()
    worker = Worker()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    worker.run()
    return 0


def prepare_interpreter() -> None:
    """Tune Python for lanes that wait and for sets of thousands of short-lived rows."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()  # nothing loaded so far is garbage
    gc.set_threshold(NEW_OBJECTS)


class Worker:
    """All lanes of one process."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._wakes: dict[str, list[threading.Event]] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._steps = gathered()

    def stop(self) -> None:
        """Ask every lane to end after its current round."""
        self._stopping.set()
        for events in list(self._wakes.values()):
            for event in events:
                event.set()

    def run(self) -> None:
        """Start the lanes, listen, and wait until they have ended."""
        lanes: dict[str, list[NamedRun]] = {}
        for step in self._steps:
            if isinstance(step, Step):
                lanes.setdefault(step.lane, []).append((step.name, at_most_every(step.every_seconds, step.run)))
        for lane, runs in lanes.items():
            self._start(lane, runs)
        log.info("worker ready")
        try:
            self._listen()
        finally:
            self.stop()
            for thread in list(self._threads.values()):
                thread.join()

    def _start(self, name: str, steps: Sequence[NamedRun]) -> None:
        woken = threading.Event()
        for step, _ in steps:
            self._wakes.setdefault(step, []).append(woken)
        thread = threading.Thread(target=self._lane, args=(name, steps, woken), name=name)
        self._threads[name] = thread
        thread.start()

    def _start_new_accounts(self) -> None:
        for account_id in accounts_with_sims():
            lanes: dict[str, list[NamedRun]] = {}
            for step in self._steps:
                if isinstance(step, AccountStep):
                    runs = lanes.setdefault(f"{step.lane}:{account_id}", [])
                    runs.append((step.name, partial(step.run, account_id)))
            for lane, runs in lanes.items():
                if lane not in self._threads:
                    self._start(lane, runs)

    def _listen(self) -> None:
        """Listen for wake-ups, reconnecting if need be; meanwhile the tick keeps the lanes going."""
        next_look = 0.0
        database: psycopg.Connection | None = None
        while not self._stopping.is_set():
            try:
                if time.monotonic() >= next_look:
                    connection.close_if_unusable_or_obsolete()
                    self._start_new_accounts()
                    next_look = time.monotonic() + LOOK_FOR_ACCOUNTS_SECONDS
                database = database or wake.listening(connection.get_connection_params())
                tally.flush_if_due()
                for heard in database.notifies(timeout=TICK_SECONDS / 2):
                    for event in self._wakes.get(heard.payload, ()):
                        event.set()
            except Exception as error:  # noqa: BLE001  # whatever it is, the tick goes on and it is tried again
                log.warning("listening failed: %s", error)
                database = None
                connection.close()
                self._stopping.wait(TICK_SECONDS)
        if database is not None:
            database.close()
        tally.flush()
        connection.close()

    def _lane(self, name: str, steps: Sequence[NamedRun], woken: threading.Event) -> None:
        with parallel.kept_threads():
            self._work(name, steps, woken)
        connection.close()

    def _work(self, name: str, steps: Sequence[NamedRun], woken: threading.Event) -> None:
        rest = TICK_SECONDS
        while not self._stopping.is_set():
            woken.clear()
            try:
                parallel.mend_connection()
                found = sum(step() for _, step in steps if not self._stopping.is_set())
                rest = TICK_SECONDS
            except Exception:
                log.exception("lane %s failed and goes on after %.0f s", name, rest)
                connection.close()
                self._stopping.wait(rest)
                rest, found = min(LONGEST_REST_SECONDS, rest * 2), 0
            if not found:
                woken.wait(TICK_SECONDS)
            elif found < SMALL_ROUND:
                self._stopping.wait(GATHER_SECONDS)


def at_most_every(seconds: float, run: Callable[[], int]) -> Callable[[], int]:
    """The step, doing nothing if it ran less than that long ago."""
    ran_at = float("-inf")

    def run_if_due() -> int:
        nonlocal ran_at
        if time.monotonic() < ran_at + seconds:
            return 0
        ran_at = time.monotonic()
        return run()

    return run_if_due if seconds else run
