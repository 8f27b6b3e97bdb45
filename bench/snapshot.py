"""Fulfilling beside an old snapshot: somebody's forgotten transaction keeps every dead row of the queue alive."""

from __future__ import annotations

import time

from bench.completing import Prepared
from bench.databases import Databases, using
from bench.report import Result, duration
from bench.worker import interpreter_of_worker
from xuliu.ordering.delivering import fulfil

MOST_TIMES = 3.0


def fulfil_beside_snapshot(databases: Databases, prepared: Prepared) -> list[Result]:
    """Seconds with the snapshot held; the ceiling is the time without."""
    alone = _fulfil(databases, prepared)
    with databases.connected(databases.make("bench_ours", prepared.name)) as somebody, somebody.transaction():
        somebody.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        somebody.execute("SELECT count(*) FROM ordering_orderline")
        beside = _fulfil_all(prepared)
    name = f"sending {prepared.lines:,} lines, an old snapshot held"
    bar = f"≤ {MOST_TIMES:g} × without"
    return [duration(name, beside, ceiling=alone, most=alone * MOST_TIMES, bar=bar)]


def _fulfil(databases: Databases, prepared: Prepared) -> float:
    databases.make("bench_ours", prepared.name)
    return _fulfil_all(prepared)


def _fulfil_all(prepared: Prepared) -> float:
    with using("bench_ours"), interpreter_of_worker():
        started = time.perf_counter()
        while fulfil.fulfil(prepared.fleet.account.pk):
            pass
        return time.perf_counter() - started
