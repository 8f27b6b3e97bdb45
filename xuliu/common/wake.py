"""Wake-ups: a NOTIFY after commit, at most one per step and process in 100 ms, carrying no data.

A lost one delays a step by the worker's tick and loses nothing, so every failure here is silent by design.
"""

import os
import threading
import time
from typing import ClassVar

import psycopg
from django.db import connection
from django.db import transaction as django_transaction

CHANNEL = "xuliu_wake"
SPACING_SECONDS = 0.1
# What Django adds to libpq's parameters for the driver.
NOT_LIBPQ = frozenset({"cursor_factory", "context", "prepare_threshold"})


def after_commit(step: str) -> None:
    """Wake the workers' step once what this transaction wrote can be seen."""
    django_transaction.on_commit(lambda: _Sender.wake(step))


def listening(parameters: dict[str, object]) -> psycopg.Connection:
    """A connection that hears every wake-up, made with Django's parameters; the payload is the step's name."""
    database = _connected(parameters)
    database.execute(f"LISTEN {CHANNEL}")
    return database


class _Sender:
    """One thread and connection a process: a NOTIFY in the writing transaction takes a database-wide lock."""

    _lock: ClassVar[threading.Lock] = threading.Lock()
    _pending: ClassVar[set[str]] = set()
    _there: ClassVar[threading.Event] = threading.Event()
    _thread: ClassVar[threading.Thread | None] = None
    _parameters: ClassVar[dict[str, object]] = {}

    @classmethod
    def wake(cls, step: str) -> None:
        with cls._lock:
            if step in cls._pending and cls._thread is not None and cls._thread.is_alive():
                return
            cls._pending.add(step)
            cls._parameters = connection.get_connection_params()
            if cls._thread is None or not cls._thread.is_alive():
                cls._thread = threading.Thread(target=cls._run, name="wake", daemon=True)
                cls._thread.start()
        cls._there.set()

    @classmethod
    def begin_anew(cls) -> None:
        """A forked process has no thread of its own yet, and may have been forked while a lock was held."""
        cls._lock, cls._there = threading.Lock(), threading.Event()
        cls._pending, cls._thread = set(), None

    @classmethod
    def _run(cls) -> None:
        database: psycopg.Connection | None = None
        connected_with: dict[str, object] = {}
        while cls._there.wait():
            with cls._lock:
                cls._there.clear()
                steps, parameters = sorted(cls._pending), cls._parameters
                cls._pending = set()
            try:
                if database is None or database.closed or parameters != connected_with:
                    if database:
                        database.close()
                    database, connected_with = _connected(parameters), parameters
                database.execute("SELECT pg_notify(%s, step) FROM unnest(%s::text[]) AS step", (CHANNEL, steps))
            except psycopg.Error:
                database = None
            time.sleep(SPACING_SECONDS)


def _connected(parameters: dict[str, object]) -> psycopg.Connection:
    known = {name: value for name, value in parameters.items() if name not in NOT_LIBPQ and value}
    return psycopg.connect(**known, autocommit=True)  # type: ignore[arg-type]  # libpq's own keywords


os.register_at_fork(after_in_child=_Sender.begin_anew)
