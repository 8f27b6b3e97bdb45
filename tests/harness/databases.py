"""Databases for tests: a template migrated once per state of the migrations, and copies of it.

Ledger rows refuse UPDATE, DELETE and TRUNCATE, so nothing is ever flushed: a test that commits takes a fresh
copy (about 0.02 s) and drops it.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
from django.core.management import call_command
from django.db import connections
from psycopg import sql

from tests.harness.plugin import HOME, ROOT
from xuliu.config import embedded

TEMPLATE_PREFIX = "template_"


def template() -> str:
    """The name of the migrated template; made by whoever asks first, awaited by the others."""
    name = TEMPLATE_PREFIX + _migrations_state()
    with (HOME / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = {str(row[0]) for row in _administrator().execute("SELECT datname FROM pg_database")}
        if name not in known:
            for old in known:
                if old.startswith(("template_", "building_")) and old not in {"template0", "template1"}:
                    drop(old)
            _build(name)
    return name


def create(name: str, *, like: str = "") -> str:
    """Copy the template, or another database to which nobody is connected; returns the copy's libpq address."""
    _administrator().execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
            sql.Identifier(name), sql.Identifier(like or template())
        )
    )
    return embedded.locate(HOME).url(name)


def create_empty(name: str) -> str:
    """A database without a table; returns its libpq address."""
    _administrator().execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return embedded.locate(HOME).url(name)


def drop(name: str) -> None:
    """Drop a copy, ending whatever is still connected to it."""
    _administrator().execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def pointed_at(name: str) -> Iterator[None]:
    """Send Django's default connection to another database of the test server, and back."""
    settings = connections["default"].settings_dict
    before = settings["NAME"]
    connections["default"].close()
    settings["NAME"] = name
    try:
        yield
    finally:
        connections["default"].close()
        settings["NAME"] = before


def _build(name: str) -> None:
    scratch = name.replace(TEMPLATE_PREFIX, "building_")
    create_empty(scratch)
    with pointed_at(scratch):
        call_command("migrate", verbosity=0, interactive=False)
    _administrator().execute(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(scratch), sql.Identifier(name))
    )


@cache
def _administrator() -> psycopg.Connection[tuple[object, ...]]:
    """One connection a process, for as long as it runs: each costs the server a process of its own."""
    made = psycopg.connect(embedded.locate(HOME).url("postgres"), autocommit=True)
    atexit.register(made.close)
    return made


@cache
def _migrations_state() -> str:
    digest = hashlib.sha256((ROOT / "requirements" / "base.txt").read_bytes())
    for path in sorted((ROOT / "xuliu").glob("**/migrations/*.py")):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def scratch_name(worker: str, kind: str) -> str:
    """A database name that no other worker of this or another run uses."""
    return f"{kind}_{os.getpid()}_{worker}"


def forget_abandoned() -> None:
    """Drop copies whose run is gone (it was killed)."""
    found = _administrator().execute("SELECT datname FROM pg_database WHERE datname ~ '^(test|fresh)_[0-9]+_'")
    names = [str(row[0]) for row in found]
    for name in names:
        if not Path(f"/proc/{name.split('_')[1]}").exists():
            drop(name)
