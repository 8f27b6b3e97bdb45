"""Writes sims.csv, merchants.csv and carriers.csv: the same bytes whoever runs it. `python examples/generate.py`

A fleet as a POS service provider has one: 1,000 terminals of twelve models in 160 shops, most of them fine, some about
to go dark, some dark already. Every number is invented; shapes and check digits are right.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

FOLDER = Path(__file__).parent
DAY_ZERO = date(2026, 12, 1)  # the day these files describe; `xuliu demo` moves them to today
ONELINK, ONCE = 600, 400
SHOPS = 160
MIB, MB = 1024 * 1024, 1_000_000

# Brand, model, how a serial number begins, type allocation code (of a reserved kind).
MODELS = (
    ("Newland", "N910", "NP3", "86100001"),
    ("Newland", "N950", "NP5", "86100002"),
    ("PAX", "A920", "182", "86100003"),
    ("PAX", "A910", "176", "86100004"),
    ("Verifone", "X990", "V99", "86100005"),
    ("Ingenico", "APOS A8", "A8X", "86100006"),
    ("LANDI", "M20SE", "LM2", "86100007"),
    ("Centerm", "K9", "CK9", "86100008"),
    ("SUNMI", "P2", "PB2", "86100009"),
    ("NEXGO", "N86", "N86", "86100010"),
    ("Castles", "Saturn1000", "S1K", "86100011"),
    ("Vanstone", "A90", "VA9", "86100012"),
)
FAMILIES = "林陈黄李王张吴刘杨周徐孙马朱胡郭何高罗郑梁谢宋唐许邓冯韩曹曾"
TRADES = (
    "便利店",
    "水果店",
    "面馆",
    "药房",
    "五金",
    "茶行",
    "花店",
    "烘焙",
    "文具",
    "母婴",
    "海鲜酒楼",
    "眼镜店",
    "小吃",
    "超市",
)
CITIES = ("福州", "厦门", "泉州", "广州", "深圳", "杭州", "宁波", "成都", "武汉", "长沙")

SIM_COLUMNS = (
    "iccid", "msisdn", "carrier_account", "state", "first_day", "last_day", "terminal_sn", "terminal_brand",
    "terminal_model", "imei", "merchant_code", "merchant_name", "service_password",
)  # fmt: skip
CARRIER_COLUMNS = ("iccid", "imsi", "plan", "granted_bytes", "used_bytes")
MERCHANT_COLUMNS = ("merchant_code", "merchant_name", "city")


def main() -> None:
    """Write all three."""
    chance = random.Random(20261201)  # noqa: S311  # the same fleet every time is the point
    shops = list(_shops(chance))
    sims, at_carrier = [], []
    for number in range(ONELINK + ONCE):
        shop = shops[0] if number < 3 else shops[1 + int((SHOPS - 1) * chance.random() ** 1.7)]
        row, known = _sim(number, shop, chance)
        sims.append(row)
        at_carrier.append(known)
    _write("merchants.csv", MERCHANT_COLUMNS, shops)
    _write("sims.csv", SIM_COLUMNS, sims)
    _write("carriers.csv", CARRIER_COLUMNS, at_carrier)


def _shops(chance: random.Random) -> Iterator[tuple[str, str, str]]:
    yield "M0001", "林记便利店", "福州"
    names = [f"{family}记{trade}" for family in FAMILIES for trade in TRADES if f"{family}记{trade}" != "林记便利店"]
    for number, name in enumerate(chance.sample(names, SHOPS - 1), start=2):
        yield f"M{number:04d}", name, chance.choice(CITIES)


def _sim(number: int, shop: Sequence[str], chance: random.Random) -> tuple[Sequence[object], Sequence[object]]:
    is_onelink = number < ONELINK
    brand, model, begins, tac = MODELS[0] if number == 0 else chance.choice(MODELS)
    iccid = _onelink_iccid(number) if is_onelink else _with_luhn(f"8988228{number:012d}")
    last_day = DAY_ZERO + timedelta(days=_days_left(number, chance))
    first_day = last_day - timedelta(days=364)
    row = (
        iccid,
        f"14405{number:08d}" if is_onelink else f"882285{number:09d}",
        "cmcc-demo" if is_onelink else "1nce-demo",
        "suspended" if number % 97 == 96 else "active",
        first_day,
        last_day,
        f"{begins}{number:08d}",
        brand,
        model,
        _with_luhn(f"{tac}{number:06d}"),
        shop[0],
        shop[1],
        f"{chance.randrange(10**6):06d}",
    )
    granted = 300 * MIB if is_onelink else 500 * MB
    imsi = f"46004{number:010d}" if is_onelink else f"90128{number:010d}"
    return row, (iccid, imsi, "300M-12M" if is_onelink else "1", granted, _used(number, granted, chance))


def _onelink_iccid(number: int) -> str:
    """Every third with a letter in the 7th place, as newer IoT cards have; those end in no check digit."""
    return f"898604B2{number:012d}" if number % 3 == 2 else _with_luhn(f"8986044{number:012d}")


def _days_left(number: int, chance: random.Random) -> int:
    """Days the SIM is still served after day zero; below 0 it is dark."""
    if number < 3:
        return (12, 2, -4)[number]
    share = chance.random()
    if share < 0.02:
        return -chance.randint(1, 20)
    if share < 0.06:
        return chance.randint(0, 3)
    return chance.randint(4, 30) if share < 0.16 else chance.randint(31, 360)


def _used(number: int, granted: int, chance: random.Random) -> int:
    """Most shops use little; every fortieth SIM has used all it had."""
    if number == 0:
        return 102 * MIB
    return granted if number % 40 == 7 else int(granted * chance.betavariate(2, 4))


def _with_luhn(digits: str) -> str:
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-1::-2])
    return f"{digits}{-(doubled + sum(int(digit) for digit in digits[-2::-2])) % 10}"


def _write(name: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with (FOLDER / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
