"""An order becomes PAID by one door, so that whatever it is paid by, the same follows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.lints import sources

DOOR = Path("xuliu/ordering/buying/paid.py")
WRITES_PAID = re.compile(r"(?i)\bupdate\s+ordering_order\b(?!line)[^;]{0,400}\bset\b[^;]{0,200}\bstate\s*=")


def test_an_order_becomes_paid_by_one_door() -> None:
    found, doors = [], []
    for path in sources.python(tests=False, migrations=False):
        for call, states in _moves_of_orders(sources.tree(path)):
            if states is None:
                found.append(sources.at(path, call, "say to which state, or one of which, an order is moved"))
            elif "PAID" in states:
                doors.append((path, call))
    assert not found, sources.report(found)
    others = [sources.at(path, call, "only paid.pay makes an order PAID") for path, call in doors if path != DOOR]
    assert not others, sources.report(others)
    assert len(doors) == 1


def test_no_statement_writes_an_orders_state_past_the_one_writer() -> None:
    found = [
        sources.at(path, node, node.value.strip()[:60])
        for path in sources.python(tests=False, migrations=False)
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and WRITES_PAID.search(node.value)
    ]
    assert not found, sources.report(found)


def _moves_of_orders(module: ast.Module) -> Iterator[tuple[ast.Call, set[str] | None]]:
    """Every `move(Order, …)` with the states that it may lead to; None where they cannot be read."""
    for function in [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]:
        loops = {ast.unparse(loop.target): loop.iter for loop in ast.walk(function) if isinstance(loop, ast.For)}
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "move" and ast.unparse(node.args[0]) == "Order":
                to = next(keyword.value for keyword in node.keywords if keyword.arg == "to")
                yield node, _states(loops.get(ast.unparse(to), to))


def _states(to: ast.expr) -> set[str] | None:
    named = to.elts if isinstance(to, ast.Tuple) else [to]
    states = [one.attr for one in named if isinstance(one, ast.Attribute)]
    return set(states) if len(states) == len(named) else None
