"""What is of a vendor lies in its folders: no page, step or command knows one provider, no test lists all."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from tests.lints import sources
from xuliu.carrier.registry import all_connectors
from xuliu.interfaces.ways.registry import parts_of
from xuliu.payment.registry import all_providers
from xuliu.sandbox.engine.discovery import stand_ins

WITHOUT_VENDORS = tuple(Path("xuliu") / package for package in ("interfaces", "cli", "ordering", "payment"))
KINDS = (".py", ".html", ".js", ".css", ".svg", ".txt", ".typ", ".md", ".sql")
FOLDERS = ("xuliu/payment/providers", "xuliu/interfaces/ways/providers")
# Where a provider has to be named, with the reason.
NAMED = {
    "xuliu/cli/demo_fleet.py": "the demonstration opens its account at one stand-in, with that one's credentials",
}
SYNONYMS = ("WeChat", "微信", "weixin", "jsapi", "openid")


def test_a_payment_provider_is_named_in_its_own_folders_alone() -> None:
    found = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path in sources.files(*KINDS)
        if any(path.is_relative_to(place) for place in WITHOUT_VENDORS) and not _is_of_a_provider(path)
        for number, line in enumerate(sources.text(path).splitlines(), start=1)
        if _names().search(line) and str(path) not in NAMED
    ]
    assert not found, sources.report(found)


def test_what_may_name_a_provider_does() -> None:
    unneeded = [path for path in NAMED if not _names().search(sources.text(Path(path)))]
    assert not unneeded, sources.report(unneeded)


def test_no_test_holds_a_list_of_all_vendors() -> None:
    """A new vendor's folder would have to be written into it: such a list is asked of the registry."""
    found = [
        f"{path}:{node.lineno}"
        for path in sources.python()
        if "tests" in path.parts
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq)
        if any(_is_all_of_a_kind(side) for side in (node.left, *node.comparators))
    ]
    assert not found, sources.report(found)


def _is_all_of_a_kind(node: ast.expr) -> bool:
    """A list, tuple or set that is written out and names every connector, provider or stand-in."""
    if not isinstance(node, ast.List | ast.Tuple | ast.Set):
        return False
    named = {one.value for one in node.elts if isinstance(one, ast.Constant)}
    return any(set(kind) <= named for kind in (all_connectors(), stand_ins()) if kind)


def _is_of_a_provider(path: Path) -> bool:
    return "tests" in path.parts or "migrations" in path.parts or any(path.is_relative_to(one) for one in FOLDERS)


@cache
def _names() -> re.Pattern[str]:
    words = set(SYNONYMS)
    for code, provider in all_providers().items():
        words |= {code, *provider.name.values(), *parts_of(code).called.values()}
    return re.compile("|".join(re.escape(word) for word in sorted(words)), re.IGNORECASE)
