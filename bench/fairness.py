"""Beside a bulk order of one account at a carrier's pace: how long an order of ten takes, and a person's top-up."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

from bench import processes
from bench.databases import Databases, tidy, using
from bench.fleet import Fleet, furnish, order_for, sim_ids
from bench.report import Result, duration
from bench.sizes import Sizes
from bench.topups import LOOK_SECONDS, await_receipts, pay
from xuliu.ordering.models import OrderLine
from xuliu.sandbox.testing import Sandbox

TOPUPS = 5  # of a person, idle and beside the bulk
TEN = 10
MOST_FOR_TEN, MOST_ON_TOP = 60.0, 2.0
BEGUN_WITHIN_SECONDS = 120


def stand_behind_bulk(databases: Databases, folder: Path, sizes: Sizes) -> list[Result]:
    """Seconds from the quote to the receipt, a person's as the median of five; the ceiling is theirs idle."""
    with processes.sandbox(folder) as sandbox, using(databases.make("bench_ours")):
        others = TEN + 2 * TOPUPS + 1
        fleet = furnish(
            folder, connector="bench-paced", sims=sizes.lines + others, provider_url=sandbox.urls["wechatpay"]
        )
        sims = sim_ids(fleet.account)
        tidy()
        with processes.whole(databases.url("bench_ours"), folder):
            _person(fleet, sims.pop(), sandbox)  # all are awake
            idle = median(_person(fleet, sims.pop(), sandbox) for _ in range(TOPUPS))
            bulk = order_for(fleet, sims[: sizes.lines])
            pay([bulk], sandbox)
            _await_begun(bulk)
            behind = median(_person(fleet, sims.pop(), sandbox) for _ in range(TOPUPS))
            ten = _timed(fleet, sims[-TEN:], sandbox, is_waited_for=False)
            left = OrderLine.objects.filter(order_id=bulk, state__in=OrderLine.OPEN).count()
    print(f"bulk lines left when the others had ended: {left:,} of {sizes.lines:,}")
    bar = f"≤ idle + {MOST_ON_TOP:g} s"
    return [
        duration(
            f"a person's top-up beside {sizes.lines:,} lines", behind, ceiling=idle, most=idle + MOST_ON_TOP, bar=bar
        ),
        duration(f"an order of ten beside {sizes.lines:,} lines", ten, most=MOST_FOR_TEN, bar="< 60 s"),
    ]


def _person(fleet: Fleet, sim: int, sandbox: Sandbox) -> float:
    return _timed(fleet, [sim], sandbox, is_waited_for=True)


def _timed(fleet: Fleet, sims: list[int], sandbox: Sandbox, *, is_waited_for: bool) -> float:
    started = time.perf_counter()
    order_id = order_for(fleet, sims, is_waited_for=is_waited_for)
    pay([order_id], sandbox)
    await_receipts([order_id])
    return time.perf_counter() - started


def _await_begun(order_id: int) -> None:
    """The bulk's first lines are with the carrier."""
    ends = time.monotonic() + BEGUN_WITHIN_SECONDS
    sent = OrderLine.objects.filter(order_id=order_id, attempt__gt=0)
    while not sent.exists():
        assert time.monotonic() < ends, "the bulk order was not begun"
        time.sleep(LOOK_SECONDS)
