"""The sandbox's books on disk: one SQLite file, one connection, one lock."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]
VERSION = 2  # of the tables; books of another one are not read

SCHEMA = """
CREATE TABLE IF NOT EXISTS sims (
    iccid TEXT PRIMARY KEY, carrier TEXT NOT NULL, msisdn TEXT NOT NULL, imsi TEXT NOT NULL, imei TEXT NOT NULL,
    state TEXT NOT NULL, plan TEXT NOT NULL, label TEXT NOT NULL, blocked TEXT NOT NULL,
    base_starts_on TEXT NOT NULL, base_ends_on TEXT NOT NULL,  -- the period that it was loaded with
    starts_on TEXT NOT NULL,    -- of the running period
    ends_on TEXT NOT NULL,      -- of the last period paid for, exclusive
    anchor_day INTEGER NOT NULL,
    granted_bytes INTEGER NOT NULL, used_bytes INTEGER NOT NULL, changed_at REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sims_by_msisdn ON sims (msisdn);
CREATE INDEX IF NOT EXISTS sims_by_imsi ON sims (imsi);
CREATE TABLE IF NOT EXISTS plans (
    carrier TEXT NOT NULL, code TEXT NOT NULL, name TEXT NOT NULL, months INTEGER NOT NULL, days INTEGER NOT NULL,
    bytes INTEGER NOT NULL, cost_minor INTEGER NOT NULL, currency TEXT NOT NULL, is_orderable INTEGER NOT NULL,
    PRIMARY KEY (carrier, code));
CREATE TABLE IF NOT EXISTS holdings (  -- what was bought on top of the base period
    id INTEGER PRIMARY KEY, iccid TEXT NOT NULL, plan TEXT NOT NULL, name TEXT NOT NULL, bytes INTEGER NOT NULL,
    starts_on TEXT NOT NULL, ends_on TEXT NOT NULL, is_add_on INTEGER NOT NULL, number TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS holdings_by_sim ON holdings (iccid);
CREATE TABLE IF NOT EXISTS accounts (carrier TEXT PRIMARY KEY, balance_minor INTEGER);
CREATE TABLE IF NOT EXISTS orders (
    number TEXT PRIMARY KEY, carrier TEXT NOT NULL, reference TEXT NOT NULL, operation TEXT NOT NULL,
    is_batch INTEGER NOT NULL, created_at REAL NOT NULL, settles_at REAL NOT NULL, settled_at REAL);
CREATE INDEX IF NOT EXISTS orders_waiting ON orders (settles_at) WHERE settled_at IS NULL;
CREATE INDEX IF NOT EXISTS orders_by_reference ON orders (reference);
CREATE TABLE IF NOT EXISTS lines (
    id INTEGER PRIMARY KEY, number TEXT NOT NULL, iccid TEXT NOT NULL, msisdn TEXT NOT NULL, plan TEXT NOT NULL,
    months INTEGER NOT NULL, days INTEGER NOT NULL, bytes INTEGER NOT NULL, cost_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    intent TEXT NOT NULL,       -- act, nothing, fail
    reason TEXT NOT NULL,       -- with fail
    state TEXT NOT NULL,        -- waiting, done, failed
    effective_at REAL, starts_on TEXT, ends_on TEXT, period_before TEXT, period_after TEXT,
    granted_before INTEGER, granted_after INTEGER);
CREATE INDEX IF NOT EXISTS lines_by_number ON lines (number);
CREATE INDEX IF NOT EXISTS lines_by_sim ON lines (iccid);
-- Of a payment, a transaction and a refund `more` holds what one provider alone says of it, as JSON.
CREATE TABLE IF NOT EXISTS payments (
    provider TEXT NOT NULL, reference TEXT NOT NULL, token TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
    content TEXT NOT NULL,      -- the request, to tell the same opening from another one
    description TEXT NOT NULL, amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, notify_url TEXT NOT NULL,
    state TEXT NOT NULL,        -- open, paid, closed
    created_at REAL NOT NULL, expires_at REAL, closed_at REAL, is_paid_when_closed INTEGER NOT NULL DEFAULT 0,
    return_url TEXT NOT NULL DEFAULT '', more TEXT NOT NULL, PRIMARY KEY (provider, reference));
CREATE INDEX IF NOT EXISTS payments_late ON payments (expires_at) WHERE is_paid_when_closed = 1;
CREATE TABLE IF NOT EXISTS transactions (
    provider TEXT NOT NULL, number TEXT NOT NULL, reference TEXT NOT NULL, amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL, success_at REAL NOT NULL, more TEXT NOT NULL, PRIMARY KEY (provider, number));
CREATE INDEX IF NOT EXISTS transactions_by_reference ON transactions (reference);
CREATE TABLE IF NOT EXISTS refunds (
    provider TEXT NOT NULL, reference TEXT NOT NULL, number TEXT NOT NULL, payment TEXT NOT NULL,
    transaction_number TEXT NOT NULL, amount_minor INTEGER NOT NULL, total_minor INTEGER NOT NULL,
    currency TEXT NOT NULL, notify_url TEXT NOT NULL,
    status TEXT NOT NULL,       -- pending, success, closed, abnormal
    created_at REAL NOT NULL, settles_at REAL, outcome TEXT NOT NULL, success_at REAL,
    PRIMARY KEY (provider, reference));
CREATE INDEX IF NOT EXISTS refunds_by_payment ON refunds (payment);
CREATE INDEX IF NOT EXISTS refunds_waiting ON refunds (settles_at) WHERE status = 'pending';
CREATE TABLE IF NOT EXISTS notices (
    id TEXT PRIMARY KEY, provider TEXT NOT NULL, kind TEXT NOT NULL, reference TEXT NOT NULL, url TEXT NOT NULL,
    body BLOB NOT NULL,
    created_at REAL NOT NULL, due_at REAL NOT NULL, attempts INTEGER NOT NULL, state TEXT NOT NULL,
    last_answer TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS notices_due ON notices (due_at) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS notices_by_reference ON notices (reference);
CREATE TABLE IF NOT EXISTS tokens (
    value TEXT PRIMARY KEY, peer TEXT NOT NULL, subject TEXT NOT NULL, expires_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY, peer TEXT NOT NULL, kind TEXT NOT NULL, operation TEXT NOT NULL, iccid TEXT NOT NULL,
    reference TEXT NOT NULL, probability REAL NOT NULL, left INTEGER, hits INTEGER NOT NULL, more TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS down (peer TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


class OtherBooks(Exception):
    """The file was written by a sandbox whose books looked otherwise."""


class Store:
    """One connection shared by all threads under `lock`; a kill loses nothing that was committed."""

    def __init__(self, path: Path, tables: str = "") -> None:
        self.lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
        self._connection.row_factory = _as_dict
        if self._version() != VERSION and self.row("SELECT 1 AS one FROM sqlite_master"):
            raise OtherBooks(f"{path.name} was written by another version; remove it, or take another folder")
        # synchronous=OFF: what is committed is with the system, so it survives our death, though not the machine's.
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + SCHEMA + tables)
        self.write(f"PRAGMA user_version = {VERSION}")

    def _version(self) -> int:
        row = self.row("PRAGMA user_version")
        return int(row["user_version"]) if row else 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, one thread at a time. Nested ones join the outer."""
        with self.lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query."""
        with self.lock:
            return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, values: Sequence[Any] = ()) -> Row | None:
        """The first row of a query, or None."""
        with self.lock:
            found: Row | None = self._connection.execute(statement, values).fetchone()
            return found

    def write(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Change rows; returns how many."""
        with self.lock:
            return self._connection.execute(statement, values).rowcount

    def write_many(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        """The same change with many sets of values, in one transaction."""
        with self.transaction():
            self._connection.executemany(statement, values)

    def insert(self, table: str, values: Row, *, replace: bool = False) -> int:
        """One row, named columns; returns its rowid. Table and columns are ours, never a caller's text."""
        verb = "REPLACE" if replace else "INSERT"
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        with self.lock:
            statement = f"{verb} INTO {table} ({columns}) VALUES ({marks})"
            return self._connection.execute(statement, tuple(values.values())).lastrowid or 0

    def next_number(self, name: str) -> int:
        """The next number of a series, from 1; a reset does not give one twice."""
        with self.transaction():
            statement = (
                "INSERT INTO counters VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"
            )
            return int(self.rows(statement, (name,))[0]["value"])

    def empty(self) -> None:
        """Forget everything but the series of numbers."""
        with self.transaction():
            for table in self.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'counters'"):
                self._connection.execute(f"DELETE FROM {table['name']}")

    def close(self) -> None:
        """Let go of the file."""
        with self.lock:
            self._connection.close()


def _as_dict(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}
