"""Whole top-ups by web, worker and sandbox as processes: quote → pay → provision → verify → receipt."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.db import connection

from bench import processes
from bench.databases import Databases, tidy, using
from bench.fleet import Fleet, furnish, make_account, make_offering, make_sims, order_for, sim_ids
from bench.report import Result, rate
from bench.sizes import Sizes
from xuliu.carrier.models import CarrierAccount
from xuliu.common.chunks import in_chunks
from xuliu.inventory.models import Sim
from xuliu.ordering.models import Order, Receipt
from xuliu.payment.models import Payment
from xuliu.sandbox.testing import Sandbox

LEAST = 30
ENDS_WITHIN_SECONDS = 300
PAYERS = 4
LOOK_SECONDS = 0.05


def top_up(databases: Databases, folder: Path, sizes: Sizes) -> list[Result]:
    """Receipts a second, half of the SIMs at either carrier, every top-up an order and a payment of its own."""
    with processes.sandbox(folder) as sandbox, using(databases.make("bench_ours")):
        warming = max(1, sizes.topups // 5)
        fleets = _furnish(folder, sandbox, (warming + sizes.rounds * sizes.topups) // 2)
        tidy()
        with processes.whole(databases.url("bench_ours"), folder):
            sims = zip(*(sim_ids(fleet.account) for fleet in fleets), strict=True)
            wanted = [(fleet, sim) for pair in sims for fleet, sim in zip(fleets, pair, strict=True)]
            _buy(wanted[:warming], sandbox)  # all threads are connected, and know the statements
            rates = [_round(part, sandbox) for part in in_chunks(wanted[warming:], sizes.topups)]
    print("top-ups/s in each round:", ", ".join(f"{one:.1f}" for one in rates))
    return [rate("whole top-ups, both carriers over HTTP", max(rates), unit="top-ups/s", least=LEAST)]


def _round(wanted: Sequence[tuple[Fleet, int]], sandbox: Sandbox) -> float:
    started = time.perf_counter()
    _buy(wanted, sandbox)
    return len(wanted) / (time.perf_counter() - started)


def _furnish(folder: Path, sandbox: Sandbox, sims: int) -> list[Fleet]:
    first = furnish(
        folder, connector="onelink", config=_config(sandbox, "onelink"), sims=0, provider_url=sandbox.urls["wechatpay"]
    )
    account = make_account("1nce", _config(sandbox, "1nce"))
    offering = make_offering(account, first.price_list, plan_code="1")
    fleets = [first, Fleet(first.price_list, first.provider, account, offering)]
    for number, fleet in enumerate(fleets):
        CarrierAccount.objects.filter(id=fleet.account.pk).update(calls_per_second=1_000, parallel=4)
        make_sims(fleet.account, sims, first=1 + number * 1_000_000)
        sandbox.control.sims(
            [_at_carrier(sim, fleet.account.code) for sim in Sim.objects.filter(account=fleet.account)]
        )
    return fleets


def _config(sandbox: Sandbox, code: str) -> dict[str, str]:
    return {"base_url": sandbox.urls[code], **sandbox.credentials[code]}


def _at_carrier(sim: Sim, carrier: str) -> dict[str, object]:
    return {
        "carrier": carrier,
        "iccid": sim.iccid,
        "msisdn": sim.msisdn,
        "state": "active",
        "starts_on": str(sim.period_start_on),
        "ends_on": str(sim.period_end_on),
        "granted_bytes": 300 * 1024 * 1024,
        "used_bytes": 0,
    }


def _buy(wanted: Sequence[tuple[Fleet, int]], sandbox: Sandbox) -> None:
    """Order, pay each as soon as it can be paid, and wait for the receipts: three streams side by side."""
    orders: list[int] = []
    with ThreadPoolExecutor(1) as ordering:
        placed = ordering.submit(_place, wanted, orders)
        pay_placed(orders, sandbox, count=len(wanted))
        placed.result()
    await_receipts(orders)


def _place(wanted: Sequence[tuple[Fleet, int]], orders: list[int]) -> None:
    try:
        for fleet, sim in wanted:
            orders.append(order_for(fleet, [sim], is_waited_for=True))
    finally:
        connection.close()  # this thread's own


def pay(orders: Sequence[int], sandbox: Sandbox) -> None:
    """Pay each order as soon as the worker has opened its payment."""
    pay_placed(orders, sandbox, count=len(orders))


def pay_placed(orders: Sequence[int], sandbox: Sandbox, *, count: int) -> None:
    """The same for `count` orders that are still being placed."""
    paid: set[int] = set()
    ends = time.monotonic() + ENDS_WITHIN_SECONDS
    with ThreadPoolExecutor(PAYERS) as payers:
        while len(paid) < count:
            assert time.monotonic() < ends, f"{count - len(paid)} payments were not opened"
            wanted = set(orders) - paid
            # Not by their ids: hundreds of them, written out twenty times a second, would be measured too.
            opened = Payment.objects.filter(state=Payment.State.PENDING).values_list("order_id", "reference")
            found = {order_id: reference for order_id, reference in opened if order_id in wanted}
            list(payers.map(sandbox.control.pay, found.values()))
            paid |= set(found)
            time.sleep(LOOK_SECONDS if len(paid) < count else 0)


def await_receipts(orders: Sequence[int]) -> None:
    """Wait until every order has its receipt."""
    ends, missing = time.monotonic() + ENDS_WITHIN_SECONDS, set(orders)
    while missing:
        time.sleep(LOOK_SECONDS)
        assert time.monotonic() < ends, f"{len(missing)} orders have no receipt"
        failed = Order.objects.filter(id__gte=min(missing), state=Order.State.FAILED)
        assert not missing & set(failed.values_list("id", flat=True)), "an order failed"
        receipts = Receipt.objects.filter(order_id__gte=min(missing), order_id__lte=max(missing))
        missing -= set(receipts.values_list("order_id", flat=True))
