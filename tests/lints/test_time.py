"""What a customer could see uses common.clock; leases, budgets and locks use the database's clock; nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.lints import sources

READS_THE_CLOCK = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "timezone.now", "timezone.localtime",
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today", "functions.Now", "Now", "time.time",
}  # fmt: skip
CLOCKED_FIELDS = {"auto_now", "auto_now_add"}
SQL_CLOCK = re.compile(
    r"\b(now\s*\(\s*\)|current_timestamp|current_date|localtimestamp|clock_timestamp\s*\(|statement_timestamp\s*\()",
    re.IGNORECASE,
)

# Where the machine's or the database's clock is right, and why.
ALLOWED: dict[str, str] = {
    "xuliu/common/clock.py": "is the business clock",
    "xuliu/config/logs.py": "a log line is stamped by the machine",
    "xuliu/sandbox/engine/clock.py": "the other side's own clock",
    "xuliu/sandbox/providers/wechatpay/keys.py": "certificates are valid by the machine's clock",
    "xuliu/cli/doctor.py": "compares the database's clock with ours",
    "xuliu/carrier/budget.py": "a budget of calls a second is kept by the database's clock",
}
MAKES_DAYS = {
    "xuliu/common/clock.py": "asks for the zone",
    "xuliu/sandbox/engine/clock.py": "the other side's own, asks for the zone too",
}
MAKES_A_DAY = {"localdate", "TruncDate"}
# The database's clock is for leases, budgets and locks: the line of SQL must say so.
FOR_THE_DATABASE = re.compile(r"lease|budget|refill|lock_until", re.IGNORECASE)


def test_business_time_comes_from_the_clock() -> None:
    found = [
        sources.at(path, node, f"{ast.unparse(node)[:60]}: use common.clock.now()")
        for path in _guarded()
        for node in ast.walk(sources.tree(path))
        if (isinstance(node, ast.Call) and ast.unparse(node.func) in READS_THE_CLOCK)
        or (isinstance(node, ast.keyword) and node.arg in CLOCKED_FIELDS)
    ]
    assert not found, sources.report(found)


def test_sql_is_given_the_time_as_a_parameter() -> None:
    found = [
        sources.at(path, node, f"{line.strip()[:80]}: the database's clock, outside leases, budgets and locks")
        for path in _guarded()
        for node in _texts(sources.tree(path))
        for line in node.value.splitlines()
        if SQL_CLOCK.search(line) and not FOR_THE_DATABASE.search(line)
    ]
    assert not found, sources.report(found)


def test_an_instant_becomes_a_day_in_the_clock_alone() -> None:
    """`at.date()` is a day of whatever zone the instant carries, mostly UTC: half past midnight is yesterday."""
    found = [
        sources.at(path, node, f"{ast.unparse(node)[:60]}: use common.clock.civil_date, which asks for the zone")
        for path in sources.python(tests=False, migrations=False)
        if path.parts[0] == "xuliu" and str(path) not in MAKES_DAYS
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.Call)
        and (_is_bare_date(node) or ast.unparse(node.func).rpartition(".")[2] in MAKES_A_DAY)
    ]
    assert not found, sources.report(found)


def _is_bare_date(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "date" and not call.args and not call.keywords


def test_every_exception_still_exists() -> None:
    assert [name for name in (*ALLOWED, *MAKES_DAYS) if not (sources.ROOT / name).exists()] == []


def _guarded() -> list[Path]:
    return [
        path
        for path in sources.python(tests=False, migrations=False)
        if path.parts[0] == "xuliu" and str(path) not in ALLOWED
    ]


def _texts(tree: ast.Module) -> Iterator[ast.Constant]:
    """Every text in a file but those that stand for themselves, as docstrings do."""
    nodes = list(ast.walk(tree))
    alone = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node
