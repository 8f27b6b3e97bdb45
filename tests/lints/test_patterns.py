"""Every pattern has an end: what is matched comes from outside, and a pattern that repeats without bound, or repeats
what repeats, can be made to work for hours over a page of text.

In this project a raw string is a pattern, so that a table of patterns is found wherever it is used.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from re import _parser  # type: ignore[attr-defined]  # what `re` itself reads patterns with; not in the stubs
from typing import Any

from tests.lints import sources

MATCHES = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
REPEATS = {_parser.MAX_REPEAT, _parser.MIN_REPEAT, _parser.POSSESSIVE_REPEAT}
MOST = 10_000
IN_PAGES = re.compile(r"""\spattern="([^"]{1,500})\"""")
# Whose patterns stand elsewhere: in tables of raw strings, which are looked at where they stand.
FROM_TABLES = {
    "xuliu/sandbox/engine/routes.py": {"route.pattern"},
    "xuliu/sandbox/providers/wechatpay/checks.py": {"pattern"},
    "xuliu/carrier/connectors/onelink/connector.py": {"words"},
}


def test_every_pattern_has_bounded_repeats() -> None:
    found = [
        sources.at(path, node, f"{pattern[:60]!r}: {fault}")
        for path in _ours()
        for node, pattern in _patterns(path)
        for fault in faults(pattern)
    ]
    found += [
        f"{path}: {pattern!r}: {fault}"
        for path in sources.files(".html")
        for pattern in IN_PAGES.findall(sources.text(path))
        for fault in faults(pattern)
    ]
    assert not found, sources.report(found)


def test_a_pattern_is_written_where_it_is_matched_or_in_a_raw_string() -> None:
    found = [
        sources.at(path, node, f"{ast.unparse(node)[:60]}: where does this pattern stand?")
        for path in _ours()
        for node in ast.walk(sources.tree(path))
        if _matches(node)
        and not isinstance(node.args[0], ast.Constant | ast.JoinedStr)
        and ast.unparse(node.args[0]) not in FROM_TABLES.get(path.as_posix(), set())
    ]
    assert not found, sources.report(found)


def test_the_lint_knows_what_never_ends() -> None:
    for endless in (r"a*", r"(ab)+?", r"x{3,}", r"(?>a+)", r"(a{1,5}){2,9}", r"(?:a|b{0,3}){0,9}+", r"(?=\d*)x"):
        assert list(faults(endless)), endless
    for bounded in (r"a{0,9}", r"(a{1,5})?b", r"(?:\d{4}-){3}", r"(?:[^\\]|\\.){0,99}+", r"^[a-z]$"):
        assert not list(faults(bounded)), bounded


def faults(pattern: str) -> Iterator[str]:
    """What of a pattern has no end."""
    return _faults(_parser.parse(pattern), is_inside=False)


def _faults(parsed: Any, *, is_inside: bool) -> Iterator[str]:
    for operation, given in parsed:
        if operation in REPEATS:
            least, most, inner = given
            if most > MOST:
                yield "a repeat without an upper bound"
            if is_inside and least != most:
                yield "a repeat within a repeat"
            yield from _faults(inner, is_inside=is_inside or most > 1)
        for inner in _within(operation, given):
            yield from _faults(inner, is_inside=is_inside)


def _within(operation: Any, given: Any) -> list[Any]:
    """The patterns inside a group, a choice or a look."""
    if operation is _parser.SUBPATTERN:
        return [given[-1]]
    if operation is _parser.BRANCH:
        return list(given[1])
    if operation is _parser.ATOMIC_GROUP:
        return [given]
    if operation in (_parser.ASSERT, _parser.ASSERT_NOT):
        return [given[1]]
    if operation is _parser.GROUPREF_EXISTS:
        return [one for one in given[1:] if one is not None]
    return []


def _ours() -> Iterator[Path]:
    return (path for path in sources.python(tests=False) if path.parts[0] == "xuliu")


def _matches(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in MATCHES
    )


def _patterns(path: Path) -> Iterator[tuple[ast.AST, str]]:
    """Raw strings, what is given to `re`, and what a database column is compared with."""
    lines = sources.text(path).splitlines()
    nodes = list(ast.walk(sources.tree(path)))
    parts = {part for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.Constant | ast.JoinedStr) and node not in parts and _is_raw(node, lines):
            yield node, _written(node)
        elif _matches(node) and isinstance(node.args[0], ast.Constant):
            yield node, _written(node.args[0])
        elif isinstance(node, ast.keyword) and str(node.arg).endswith("__regex"):
            yield node.value, _written(node.value)


def _is_raw(node: ast.Constant | ast.JoinedStr, lines: list[str]) -> bool:
    # Columns are counted in bytes.
    start = lines[node.lineno - 1].encode()[node.col_offset :][:3].decode(errors="ignore").lower()
    return bool(re.match(r"(?:r|rf|fr|rb|br)['\"]", start))


def _written(node: ast.AST) -> str:
    """The pattern, with a letter for what a formatted string puts in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
    value = node.value if isinstance(node, ast.Constant) else ""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
