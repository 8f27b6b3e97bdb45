"""A wake-up is heard only by a step that exists."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.due import STEPS
from tests.lints import sources


def test_a_step_has_a_name_of_its_own() -> None:
    names = [step.name for step in STEPS]
    assert len(names) == len(set(names)) >= 20


def test_every_wake_up_names_a_step_that_exists() -> None:
    known = {step.name for step in STEPS}
    found = [
        sources.at(path, call, f"{name!r} is no step")
        for path in sources.python(tests=False, migrations=False)
        for call, name in _woken(path)
        if name not in known
    ]
    assert not found, sources.report(found)


def _woken(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """Each wake-up with the name that it is given: by a literal, or by a loop over literals."""
    tree = sources.tree(path)
    loops = {
        loop.target.id: [str(each.value) for each in loop.iter.elts if isinstance(each, ast.Constant)]
        for loop in ast.walk(tree)
        if isinstance(loop, ast.For) and isinstance(loop.target, ast.Name) and isinstance(loop.iter, ast.Tuple)
    }
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "wake.after_commit":
            for name in _names(call.args[0], loops):
                yield call, name


def _names(given: ast.expr, loops: dict[str, list[str]]) -> list[str]:
    match given:
        case ast.Constant(value=str(name)):
            return [name]
        case ast.IfExp(body=body, orelse=orelse):
            return _names(body, loops) + _names(orelse, loops)
        case ast.Name(id=name) if name in loops:
            return loops[name]
        case _:
            return [f"<{ast.unparse(given)}>: name the step by a literal"]
