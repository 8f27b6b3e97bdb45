"""Placing an order: quote and place, against one connection that inserts the same rows."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from bench.ceiling import Ceiling
from bench.databases import Databases, tidy, using
from bench.fleet import Fleet, furnish, order_for, sim_ids
from bench.report import Result, rate, same_rows
from bench.sizes import Sizes
from xuliu.common import clock

PREPARED = "bench_unplaced"
FEW = 20  # an order of few lines is placed so many times


def place_orders(databases: Databases, folder: Path, sizes: Sizes) -> list[Result]:
    """Lines a second for each size of an order."""
    with using(databases.make(PREPARED)):
        fleet = furnish(folder, sims=max(sizes.orders))
        sims = sim_ids(fleet.account)
        tidy()
    return [_place(databases, fleet, sims[:lines]) for lines in sizes.orders]


def _place(databases: Databases, fleet: Fleet, sims: list[int]) -> Result:
    times = FEW if len(sims) <= FEW else 1
    with using(databases.make("bench_ours", PREPARED)):
        order_for(fleet, sims[:1])  # the first of a process imports and connects
        started = time.perf_counter()
        for _ in range(times):
            order_for(fleet, sims)
        ours = (time.perf_counter() - started) / times
    databases.make("bench_ceiling", PREPARED)
    with databases.connected("bench_ceiling") as database:
        plain = Ceiling("placing", database)
        plain.run(_values(fleet, sims[:1]))
        started = time.perf_counter()
        for _ in range(times):
            plain.run(_values(fleet, sims))
        ceiling = (time.perf_counter() - started) / times
    name = f"placing {len(sims):,} line{'s' if len(sims) > 1 else ''}"
    same_rows(name, databases.written("bench_ours"), databases.written("bench_ceiling"))
    return rate(name, len(sims) / ours, ceiling=len(sims) / ceiling, unit="lines/s")


def _values(fleet: Fleet, sims: list[int]) -> dict[str, object]:
    at = clock.now()
    return {
        "first": sims[0],
        "last": sims[-1],
        "lines": len(sims),
        "offering": fleet.offering.pk,
        "list": fleet.price_list.pk,
        "seller": fleet.price_list.seller_id,
        "provider": fleet.provider.pk,
        "at": at,
        "until": at + timedelta(minutes=15),
    }
