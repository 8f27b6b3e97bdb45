"""Ledger postings in chunks, against INSERT … SELECT of the same ones."""

from __future__ import annotations

import time
from pathlib import Path

from django.db import transaction

from bench.ceiling import Ceiling
from bench.databases import Databases, tidy, using
from bench.report import Result, rate, same_rows
from bench.sizes import Sizes
from xuliu.common import clock
from xuliu.common.chunks import CHUNK
from xuliu.ledger import addresses
from xuliu.ledger.operations import Entry, post

SHARE = 0.6


def post_entries(databases: Databases, folder: Path, sizes: Sizes) -> list[Result]:
    """Postings a second; making the entries counts as ours."""
    chunks = [(first, min(CHUNK, sizes.postings - first + 1)) for first in range(1, sizes.postings + 1, CHUNK)]
    with using(databases.make("bench_ours")):
        tidy()
        started = time.perf_counter()
        for first, count in chunks:
            with transaction.atomic():
                post([_entry(number) for number in range(first, first + count)], at=clock.now())
        ours = time.perf_counter() - started
    databases.make("bench_ceiling")
    with databases.connected("bench_ceiling") as database:
        database.execute("VACUUM ANALYZE")
        plain = Ceiling("postings", database)
        started = time.perf_counter()
        for first, count in chunks:
            plain.run({"first": first, "count": count, "at": clock.now()})
        ceiling = time.perf_counter() - started
    same_rows("postings", databases.written("bench_ours"), databases.written("bench_ceiling"))
    name = f"ledger postings, {CHUNK:,} at a time"
    return [rate(name, sizes.postings / ours, ceiling=sizes.postings / ceiling, unit="postings/s", share=SHARE)]


def _entry(number: int) -> Entry:
    return Entry(
        reference=f"line:{number}:release",
        source=addresses.held(number // 10),
        destination=addresses.REVENUE_DATA,
        amount_minor=3_600,
        currency="CNY",
        order_id=number // 10,
        line_id=number,
    )
