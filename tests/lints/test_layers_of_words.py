"""Codes below, words above: no page is drawn and no word of a screen is given below `interfaces`.

import-linter sees Django as one; which parts of it a package may use is looked up here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.lints import sources
from tools import messages

# Where words and pages stand; every other package of xuliu lies below.
ABOVE = {"cli", "config", "interfaces"}
PAGES = (
    "unfold",
    "django.contrib.admin",
    "django.forms",
    "django.template",
    "django.utils.html",
    "django.utils.safestring",
)
WORDS = ("django.utils.translation",)
# What a surface is made of; `wording` lies under the surfaces.
REQUESTS = ("django.http", "django.shortcuts", "django.urls", "django.views")
TAG = re.compile(
    r"</?(?:a|b|br|dd|div|dl|dt|em|form|html|i|img|input|li|ol|p|pre|span|strong|table|td|tr|ul)(?:\s[^<>]*)?/?>"
)
# Words enough to be one; labels of fewer may be alike by chance.
A_SENTENCE = 4
# The stand-ins have pages of their own, as a payer meets them elsewhere.
STAND_INS = Path("xuliu/sandbox")


def test_below_interfaces_nothing_is_translated_and_no_page_is_drawn() -> None:
    found = [
        sources.at(path, node, f"imports {module}; give a code, and interfaces/wording its words")
        for path in _below()
        for node, module in _imported(sources.tree(path), PAGES + WORDS)
    ]
    assert not found, sources.report(found)


def test_below_interfaces_no_html_is_written() -> None:
    found = [
        sources.at(path, node, repr(node.value)[:60])
        for path in _below()
        if not path.is_relative_to(STAND_INS)
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and TAG.search(node.value)
    ]
    assert not found, sources.report(found)


def test_wording_knows_no_page() -> None:
    found = [
        sources.at(path, node, f"imports {module}")
        for path in sources.python(tests=False)
        if path.is_relative_to("xuliu/interfaces/wording")
        for node, module in _imported(sources.tree(path), PAGES + REQUESTS)
    ]
    assert not found, sources.report(found)


def test_no_sentence_is_written_on_two_surfaces() -> None:
    found = []
    for message in messages.extracted():
        text = message.id if isinstance(message.id, str) else "".join(message.id[:1])
        places = {_surface(Path(where)) for where, _line in message.locations}
        if len(text.split()) >= A_SENTENCE and len(places) > 1:
            found.append(f"{text!r} stands in {', '.join(sorted(places))}; say it once, in interfaces/wording")
    assert not found, sources.report(found)


def _surface(path: Path) -> str:
    return path.parts[2] if path.parts[1] == "interfaces" else path.parts[1]


def _below() -> Iterator[Path]:
    for path in sources.python(tests=False, migrations=False):
        if path.parts[0] == "xuliu" and len(path.parts) > 2 and path.parts[1] not in ABOVE:
            yield path


def _imported(tree: ast.Module, modules: tuple[str, ...]) -> Iterator[tuple[ast.AST, str]]:
    """What of these modules is imported, whichever way an import is written."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if any(name == module or name.startswith(f"{module}.") for module in modules):
                yield node, name
