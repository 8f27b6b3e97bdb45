"""Ledger postings in chunks, against INSERT … SELECT of the same ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from math import ceil
from pathlib import Path

from django.db import transaction

from bench.ceiling import Ceiling
from bench.databases import Databases, tidy, using
from bench.report import Result, rate, same_rows
from bench.sizes import Sizes
from xuliu.common import clock
from xuliu.common.chunks import CHUNK, in_chunks
from xuliu.ledger import addresses
from xuliu.ledger.operations import Entry, post

SHARE = 0.6


def post_entries(databases: Databases, folder: Path, sizes: Sizes) -> list[Result]:
    """Postings a second; making the entries counts as ours."""
    chunks = [range(first, min(first + CHUNK, sizes.postings + 1)) for first in range(1, sizes.postings + 1, CHUNK)]
    databases.make("bench_ceiling")
    with using(databases.make("bench_ours")), databases.connected("bench_ceiling") as database:
        tidy()
        database.execute("VACUUM ANALYZE")
        plain = Ceiling("postings", database)
        ours, ceiling = [], []
        for part in in_chunks(chunks, ceil(len(chunks) / sizes.rounds)):
            ours.append(_rate(_post, part))
            ceiling.append(_rate(partial(_run, plain), part))
    same_rows("postings", databases.written("bench_ours"), databases.written("bench_ceiling"))
    name = f"ledger postings, {CHUNK:,} at a time"
    return [rate(name, max(ours), ceiling=max(ceiling), unit="postings/s", share=SHARE)]


def _rate(write: Callable[[range], object], chunks: Sequence[range]) -> float:
    started = time.perf_counter()
    for chunk in chunks:
        write(chunk)
    return sum(map(len, chunks)) / (time.perf_counter() - started)


def _post(numbers: range) -> None:
    with transaction.atomic():
        post([_entry(number) for number in numbers], at=clock.now())


def _run(plain: Ceiling, numbers: range) -> None:
    plain.run({"first": numbers.start, "count": len(numbers), "at": clock.now()})


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
