"""All that is measured, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from bench import calls, completing, fairness, importing, notices, placing, postings, snapshot, strangers, topups
from bench.databases import Databases, migrated
from bench.machine import processors, stolen
from bench.report import Result
from bench.sizes import Sizes
from xuliu.config.embedded import Cluster

Measure = Callable[[Databases, Path, Sizes], list[Result]]


def _lines(databases: Databases, folder: Path, sizes: Sizes) -> list[Result]:
    prepared = completing.prepare(databases, folder, sizes)
    return completing.complete_lines(databases, prepared) + snapshot.fulfil_beside_snapshot(databases, prepared)


MEASURES: dict[str, Measure] = {
    "import": importing.import_fleet,
    "place": placing.place_orders,
    "lines": _lines,
    "post": postings.post_entries,
    "notices": notices.hear_notices,
    "strangers": strangers.hold_bodies,
    "outward": calls.call_out,
    "topups": topups.top_up,
    "beside": fairness.stand_behind_bulk,
}


def measure(cluster: Cluster, folder: Path, sizes: Sizes, *, only: Sequence[str]) -> list[Result]:
    """Measure all, or those named; each result is printed as it comes."""
    databases = migrated(cluster)
    results = []
    for name, run in MEASURES.items():
        if not only or name in only:
            before = processors()
            for result in run(databases, folder, sizes):
                print(f"{result.name}: {result.ours:,.4g} {result.unit}", flush=True)
                results.append(result)
            print(
                f"{name}: {stolen(before, processors()):.0%} of the processors' time was stolen meanwhile", flush=True
            )
    return results
