"""Every commit and every outward call of the line can be interrupted on purpose."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

from tests.harness import stops
from tests.lints import sources

LINE = (Path("xuliu/ordering"), Path("xuliu/payment"))
CONTRACTS = (Path("xuliu/carrier/contract.py"), Path("xuliu/payment/contract.py"))
# What is called, and the two places that call it: they have the same verbs, and whoever calls those stands at a stop.
OUTSIDE = (
    *(Path("xuliu/carrier/connectors"), Path("xuliu/carrier/asking.py")),
    *(Path("xuliu/payment/providers"), Path("xuliu/payment/guarded.py")),
)


def test_the_line_commits_only_at_named_stops() -> None:
    found = [
        sources.at(path, node, "a bare atomic: use stops.transaction")
        for path in _of_the_line()
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.Attribute | ast.Name)
        and ast.unparse(node).split(".")[-1] in {"atomic", "set_autocommit"}
    ]
    assert not found, sources.report(found)


def test_every_stop_has_a_name_that_the_crash_test_can_read() -> None:
    found = [
        sources.at(path, node, "name the stop by a literal, or by a parameter called `stop`")
        for path in _of_the_line()
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.Call) and stops.is_stop(node) and not _is_readable(node)
    ]
    assert not found, sources.report(found)


def test_no_two_places_share_a_stop() -> None:
    counted = Counter(name for path in _of_the_line() for _, name in stops.named(path))
    assert not [name for name, count in counted.items() if count > 1]


def test_every_outward_call_stands_at_a_stop() -> None:
    outward = _outward_methods()
    assert {"submit", "find", "read", "open", "query", "refund"} <= outward
    found = []
    for path in sources.python(tests=False, migrations=False):
        if path.parts[0] == "xuliu" and not any(path.is_relative_to(folder) for folder in OUTSIDE):
            found += [
                sources.at(path, call, ast.unparse(call)[:80]) for call in _unguarded(sources.tree(path), outward)
            ]
    assert not found, sources.report(found)


def _of_the_line() -> list[Path]:
    return [
        path
        for path in sources.python(tests=False, migrations=False)
        if any(path.is_relative_to(folder) for folder in LINE)
    ]


def _is_readable(call: ast.Call) -> bool:
    return bool(call.args) and (isinstance(call.args[0], ast.Constant) or ast.unparse(call.args[0]) == "stop")


def _outward_methods() -> set[str]:
    """The methods of the contracts that are given a session: those are the ones that call."""
    return {
        node.name
        for path in CONTRACTS
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.FunctionDef) and any(argument.arg == "session" for argument in node.args.args)
    }


def _unguarded(node: ast.AST, outward: set[str]) -> list[ast.Call]:
    if isinstance(node, ast.With) and any("stops.call(" in ast.unparse(item.context_expr) for item in node.items):
        return []
    found = [node] if isinstance(node, ast.Call) and _calls_out(node, outward) else []
    for child in ast.iter_child_nodes(node):
        found += _unguarded(child, outward)
    return found


def _calls_out(call: ast.Call, outward: set[str]) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in outward or not call.args:
        return False
    return "session" in ast.unparse(call.args[0]).lower()
