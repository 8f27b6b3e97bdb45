"""Lines of an import file, and what became of them."""

from collections.abc import Mapping

from django.db import connection

from xuliu.carrier.contract import luhn_digit
from xuliu.inventory.import_sims import Report

Line = Mapping[str, object]
WRITTEN_TABLES = (
    "inventory_sim",
    "inventory_terminal",
    "inventory_terminalmodel",
    "inventory_binding",
    "party_merchant",
)


def a_line(number: int, **cells: object) -> Line:
    """A good line about one SIM in one terminal."""
    body = f"8986044{number:012d}"
    return {
        "iccid": body + luhn_digit(body),
        "msisdn": f"1440{number:09d}",
        "carrier_account": "cmcc",
        "first_day": "2026-01-31",
        "last_day": "2027-01-30",
        "terminal_sn": f"NL{number:08d}",
        "terminal_brand": "Newland",
        "terminal_model": "N910",
        "imei": "490154203237518",
        "merchant_code": f"M{number % 50:04d}",
        "merchant_name": f"林记商店 {number % 50}",
        **cells,
    }


def faults(report: Report) -> list[tuple[int, str, str]]:
    """Line, column and fault of every problem."""
    return [(problem.line, problem.column, problem.fault) for problem in report.problems]


def refusals(report: Report) -> list[tuple[int, str]]:
    """Line and column of what was refused."""
    return sorted((problem.line, problem.column) for problem in report.problems if problem.is_refusal)


def versions() -> dict[str, list[tuple[object, ...]]]:
    """Every row's version in every table an import writes: a row written anew has another."""
    with connection.cursor() as cursor:
        found = {}
        for table in WRITTEN_TABLES:
            cursor.execute(f"SELECT id, xmin::text, ctid::text FROM {table} ORDER BY id")
            found[table] = cursor.fetchall()
    return found
