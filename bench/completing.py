"""Completing an order: READY → COMPLETED by the worker's own steps, against one connection with the same writes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bench.ceiling import Ceiling
from bench.databases import Databases, tidy, using
from bench.fleet import Fleet, furnish, order_for, sim_ids
from bench.payments import pay_order
from bench.report import Result, rate, same_rows
from bench.sizes import Sizes
from bench.worker import interpreter_of_worker
from xuliu.common import clock
from xuliu.common.chunks import CHUNK
from xuliu.ordering.delivering import fulfil, verify
from xuliu.ordering.ending import receipts, settle
from xuliu.ordering.models import Order

PREPARED = "bench_ready"
SHARE = 0.5


@dataclass(frozen=True)
class Prepared:
    """A database with one paid order, all its lines READY."""

    name: str
    fleet: Fleet
    order_id: int
    lines: int


def prepare(databases: Databases, folder: Path, sizes: Sizes) -> Prepared:
    """Make it once; what is measured works on copies."""
    with using(databases.make(PREPARED)):
        fleet = furnish(folder, sims=sizes.lines)
        order_id = order_for(fleet, sim_ids(fleet.account))
        pay_order(folder, fleet, order_id)
        tidy()
    return Prepared(PREPARED, fleet, order_id, sizes.lines)


def complete_lines(databases: Databases, prepared: Prepared) -> list[Result]:
    """Lines a second, ours and the ceiling's, each on a copy of its own."""
    ours = _ours(databases, prepared)
    ceiling = _ceiling(databases, prepared)
    same_rows("completing", databases.written("bench_ours"), databases.written("bench_ceiling"))
    name = f"completing {prepared.lines:,} lines"
    return [rate(name, prepared.lines / ours, ceiling=prepared.lines / ceiling, unit="lines/s", share=SHARE)]


def _ours(databases: Databases, prepared: Prepared) -> float:
    with using(databases.make("bench_ours", prepared.name)), interpreter_of_worker():
        started = time.perf_counter()
        run_steps(prepared.fleet.account.pk)
        took = time.perf_counter() - started
        assert Order.objects.get(id=prepared.order_id).state == Order.State.COMPLETED
    return took


def run_steps(account_id: int) -> None:
    """What a worker runs between READY and the receipt, in one thread."""
    while fulfil.fulfil(account_id) + verify.verify(account_id):
        pass
    while settle.settle() + receipts.issue_receipts():
        pass


def _ceiling(databases: Databases, prepared: Prepared) -> float:
    databases.make("bench_ceiling", prepared.name)
    values = {
        "account": prepared.fleet.account.pk,
        "order": prepared.order_id,
        "chunk": CHUNK,
        "at": clock.now(),
        "lease": timedelta(seconds=40),
    }
    with databases.connected("bench_ceiling") as database:
        chunk, end = Ceiling("completing", database), Ceiling("settling", database)
        started = time.perf_counter()
        while chunk.run(values):
            pass
        end.run(values)
        return time.perf_counter() - started
