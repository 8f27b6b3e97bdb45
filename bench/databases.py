"""Databases of one embedded PostgreSQL with production settings: a migrated template, and copies of what was made."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from django.core.management import call_command
from django.db import connection, connections
from psycopg import sql

from xuliu.config.embedded import Cluster

Connection = psycopg.Connection[tuple[Any, ...]]
# Rows inserted, updated and deleted, by table.
Written = dict[str, tuple[int, int, int]]

GONE_WITHIN_SECONDS = 10.0


@dataclass(frozen=True)
class Databases:
    """The databases of one server. `template` has every table and no row."""

    cluster: Cluster
    template: str

    def make(self, name: str, template: str = "") -> str:
        """A copy of the template, or of another database that nobody uses; returns its name."""
        self.drop(name)
        self._part(template or self.template)
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        with self.connected("postgres") as administrator:
            administrator.execute(copy.format(sql.Identifier(name), sql.Identifier(template or self.template)))
            administrator.execute("CHECKPOINT")
        return name

    def drop(self, name: str) -> None:
        """Drop it, ending whatever is still connected to it."""
        with self.connected("postgres") as administrator:
            administrator.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def connected(self, name: str) -> Connection:
        """A connection of the driver's own, with none of Django's limits."""
        return psycopg.connect(self.cluster.url(name), autocommit=True)

    def url(self, name: str) -> str:
        """The address that processes are given."""
        return self.cluster.url(name)

    def written(self, name: str) -> Written:
        """What was written since the database was made, by PostgreSQL's own count; ends whoever is connected."""
        self._part(name)
        with self.connected(name) as database:
            rows = database.execute(
                """SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables
                   WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 ORDER BY relname"""
            ).fetchall()
        return {str(table): (inserted, updated, deleted) for table, inserted, updated, deleted in rows}

    def _part(self, name: str) -> None:
        """Nobody is connected any more: each has told what it counted, and the database can be copied."""
        connections.close_all()
        there = "FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        ends = time.monotonic() + GONE_WITHIN_SECONDS
        with self.connected("postgres") as administrator:
            administrator.execute(f"SELECT pg_terminate_backend(pid) {there}", [name])
            while administrator.execute(f"SELECT 1 {there}", [name]).fetchone():
                if time.monotonic() > ends:
                    raise TimeoutError(f"somebody stays connected to {name}")
                time.sleep(0.01)


def migrated(cluster: Cluster, name: str = "bench_template") -> Databases:
    """The databases of this server, with a template made anew."""
    databases = Databases(cluster, name)
    databases.drop(name)
    with databases.connected("postgres") as administrator:
        administrator.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    with using(name):
        call_command("migrate", verbosity=0, interactive=False)
    return databases


@contextmanager
def using(name: str) -> Iterator[None]:
    """Send Django's default connection to that database, and back."""
    settings = connections["default"].settings_dict
    before = settings["NAME"]
    connections.close_all()
    settings["NAME"] = name
    try:
        yield
    finally:
        connections.close_all()
        settings["NAME"] = before


def tidy() -> None:
    """Statistics as they would be in a database that has lived for a while."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM ANALYZE")
    connection.close()
