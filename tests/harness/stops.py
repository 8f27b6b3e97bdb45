"""The names of all stops, read from the code: what the crash test goes through."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.lints import sources


def names() -> list[str]:
    """Every name given to a function of `common.stops`, directly or through a parameter called `stop`."""
    found = {name for path in _line_of_work() for _, name in named(path)}
    return sorted(found)


def named(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """The calls of one file that name a stop, with the name."""
    if "stop" not in sources.text(path):  # most: reading all as a tree takes a second, in each process of the tests
        return
    for node in ast.walk(sources.tree(path)):
        if isinstance(node, ast.Call):
            if is_stop(node) and node.args and isinstance(node.args[0], ast.Constant):
                yield node, str(node.args[0].value)
            for keyword in node.keywords:
                if keyword.arg == "stop" and isinstance(keyword.value, ast.Constant):
                    yield node, str(keyword.value.value)


def is_stop(call: ast.Call) -> bool:
    """Whether this is one of those."""
    return ast.unparse(call.func) in {"stops.transaction", "stops.statement", "stops.call"}


def _line_of_work() -> Iterator[Path]:
    return (path for path in sources.python(tests=False, migrations=False) if path.parts[0] == "xuliu")
