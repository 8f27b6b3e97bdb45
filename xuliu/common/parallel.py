"""Runs several jobs at once, each thread with its own database connection.

A new thread has to connect, which takes longer than most jobs; so a worker's lane keeps its threads (`kept_threads`).
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

Job = Callable[[], object]
LOOK_EVERY_SECONDS = 1.0

_of_this_thread = threading.local()


class _Crew:
    """Threads that are kept, with their connections."""

    def __init__(self) -> None:
        self._pools: dict[int, ThreadPoolExecutor] = {}
        self._connections: list[BaseDatabaseWrapper] = []

    def run(self, jobs: Sequence[Job], at_once: int) -> None:
        pool = self._pools.get(at_once)
        if pool is None:
            pool = self._pools[at_once] = ThreadPoolExecutor(at_once, initializer=self._join)
        list(pool.map(_on_a_sound_connection, jobs))

    def end(self) -> None:
        for pool in self._pools.values():
            pool.shutdown()
        for database in self._connections:  # their threads are gone: nobody else uses them
            database.inc_thread_sharing()
            database.close()

    def _join(self) -> None:
        _of_this_thread.is_helper = True
        self._connections.append(connections[DEFAULT_DB_ALIAS])


@contextmanager
def kept_threads() -> Iterator[None]:
    """Keep the threads of parallel runs in this block until its end."""
    crew = _of_this_thread.crew = _Crew()
    try:
        yield
    finally:
        _of_this_thread.crew = None
        crew.end()


def run(jobs: Sequence[Job], *, at_once: int) -> None:
    """Run the jobs, at most `at_once` in parallel, and wait for all. Raises the first failure.

    A job's own jobs are run by its thread: those beside it are at work already.
    """
    crew: _Crew | None = getattr(_of_this_thread, "crew", None)
    if at_once == 1 or len(jobs) < 2 or getattr(_of_this_thread, "is_helper", False):
        for job in jobs:
            job()
    elif crew is not None:
        crew.run(jobs, at_once)
    else:
        with ThreadPoolExecutor(min(at_once, len(jobs))) as pool:
            list(pool.map(_on_a_connection_of_its_own, jobs))


def mend_connection() -> None:
    """Have this thread's connection looked at before its next statement, where something went wrong with it or it was
    not looked at in the last second: looking is a statement too, and a lane under load would ask at every turn."""
    looked_at = getattr(_of_this_thread, "looked_at", -LOOK_EVERY_SECONDS)
    if connection.errors_occurred or time.monotonic() >= looked_at + LOOK_EVERY_SECONDS:
        connection.close_if_unusable_or_obsolete()
        _of_this_thread.looked_at = time.monotonic()


def _on_a_sound_connection(job: Job) -> None:
    mend_connection()
    job()


def _on_a_connection_of_its_own(job: Job) -> None:
    _of_this_thread.is_helper = True
    try:
        job()
    finally:
        connection.close()
