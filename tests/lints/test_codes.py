"""Codes below, words above: why something moved, what is asked of a person and the surface of an order are members of
an enum, never a text at the place that gives them. mypy sees what is typed; this sees the rest."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.lints import sources

GIVEN = ("why", "channel")
TAKE_A_KIND = {"NewCase", "open_case", "close_cases", "keep_cases"}
WRITES_EVENTS = re.compile(r"INSERT INTO common_event\b")
SWITCHES = re.compile(r"\bpaused_why\s*=\s*'")
# Whoever moves a state or turns a switch writes the event with it; nobody else does.
WRITERS = {Path("xuliu/common/state.py"), Path("xuliu/common/switch.py")}
# What was tried of an account is said in the words of whoever it is an account at, in two languages.
IN_WORDS_OF_THEIR_OWN = {"Finding"}


def test_no_text_is_given_where_a_code_belongs() -> None:
    found = [
        sources.at(path, node, f"{ast.unparse(node)[:60]}: name a code in an enum, and its words in interfaces/wording")
        for path in _own()
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.Call) and _gives_a_text(node)
    ]
    assert not found, sources.report(found)


def test_the_lint_sees_a_text() -> None:
    texts = ("move(Line, ids, why='late')", "quote(channel=f'{x}')", "open_case('odd', s, {})", "NewCase(kind='odd')")
    codes = (
        "move(Line, ids, why=[Why(Late.SO, f'{x}')])",
        "pause(ids, why=why or '')",
        "open_case(Kind.ODD, s, {'why': 'x'})",
        "Budget(kind='address')",
    )
    seen = [[_gives_a_text(node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)] for text in texts]
    assert seen == [[True]] * len(texts)
    assert not any(_gives_a_text(ast.parse(text, mode="eval").body) for text in codes)


def test_events_are_written_where_states_and_switches_are_turned() -> None:
    found = [
        sources.at(path, node, "writes an event, or a pause, past common.state, common.switch and common.events")
        for path in _own()
        if path not in WRITERS
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if WRITES_EVENTS.search(node.value) or SWITCHES.search(node.value)
    ]
    assert not found, sources.report(found)


def _own() -> Iterator[Path]:
    for path in sources.python(tests=False, migrations=False):
        if path.parts[0] == "xuliu" and not path.is_relative_to("xuliu/sandbox"):
            yield path


def _gives_a_text(call: ast.AST) -> bool:
    if not isinstance(call, ast.Call) or _name(call.func) in IN_WORDS_OF_THEIR_OWN:
        return False
    named = [*GIVEN, "kind"] if _name(call.func) in TAKE_A_KIND else [*GIVEN]
    given = [keyword.value for keyword in call.keywords if keyword.arg in named]
    given += call.args[:1] if _name(call.func) == "open_case" else []
    return any(_has_text(one) for one in given)


def _has_text(node: ast.AST) -> bool:
    """Of `Why(code, detail)` the detail may be anything."""
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return not isinstance(node, ast.Constant) or node.value != ""
    within = node.args[:1] if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
    return any(_has_text(one) for one in within)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
