"""Importing a fleet from a file, every cell filled: seconds by the clock."""

from __future__ import annotations

import time
from pathlib import Path

from bench.databases import Databases, using
from bench.fleet import make_account
from bench.report import Result, duration
from bench.sizes import Sizes
from xuliu.carrier.contract import luhn_digit
from xuliu.inventory.import_sims import import_sims
from xuliu.inventory.models import Binding

MOST_SECONDS = 20.0
ACCOUNT = {"base_url": "http://127.0.0.1:1", "appid": "bench", "password": "nobody is asked"}
HEADING = (
    "iccid,msisdn,state,first_day,last_day,terminal_sn,terminal_brand,terminal_model,imei,"
    "merchant_code,merchant_name,service_password\n"
)


def import_fleet(databases: Databases, folder: Path, sizes: Sizes) -> list[Result]:
    """SIMs in terminals of 12 models, of 9,000 merchants."""
    path = folder / "sims.csv"
    path.write_text(HEADING + "".join(map(_line, range(sizes.lines))), encoding="utf-8")
    took = min(_imported(databases, path, sizes) for _ in range(sizes.rounds))
    return [duration(f"importing {sizes.lines:,} SIMs in terminals", took, most=MOST_SECONDS, bar="< 20 s")]


def _imported(databases: Databases, path: Path, sizes: Sizes) -> float:
    with using(databases.make("bench_ours")):
        make_account("onelink", ACCOUNT)
        started = time.perf_counter()
        report = import_sims(path=path, account_code="onelink")
        took = time.perf_counter() - started
        assert not report.refused_lines()
        assert Binding.objects.count() == sizes.lines
    return took


def _line(number: int) -> str:
    body = f"8986044{number:012d}"
    return (
        f"{body}{luhn_digit(body)},1440{number:09d},active,2026-01-31,2027-01-30,NL{number:08d},Newland,"
        f"N{910 + number % 12},490154203237518,M{number % 9000:05d},林记商店 {number % 9000},{number:06d}\n"
    )
