"""A document that names a test as proof names one that is there."""

from __future__ import annotations

import ast
import re
from functools import cache

from tests.lints import sources

NAMED = re.compile(r"`(test_\w+)`")


def test_every_test_that_a_document_names_is_there() -> None:
    found = [
        f"{path}: {name}"
        for path in sources.files(".md")
        for name in NAMED.findall(sources.text(path))
        if name not in _tests()
    ]
    assert not found, sources.report(found)


@cache
def _tests() -> frozenset[str]:
    return frozenset(
        node.name
        for path in sources.files(".py")
        if path.name.startswith("test_")
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )
