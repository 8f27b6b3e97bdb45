"""What the style forbids outright."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

from tests.lints import sources

FORBIDDEN_IMPORTS = {
    "django.db.models.signals": "no signals: if B follows A, A calls B",
    "django.dispatch": "no signals: if B follows A, A calls B",
    "django.core.cache": "a full cache forgets whatever it likes: what guards something is counted by common.guard",
    "unittest.mock": "no mocks: fakes are shipped code (sandbox)",
    "pytest_mock": "no mocks: fakes are shipped code (sandbox)",
}
READS_AS_A_SENTENCE = {"open_case": "open_case(kind, subject, facts)"}
# What stands around a shop; there is one builder of it.
OF_A_SHOP = re.compile(
    r"\b(Seller|Carrier|PriceList|Price|Offering|Merchant|Terminal|Binding)\.objects\.(get_or_)?create\("
)
BUILDER = Path("tests/make.py")
FLUSHING_FIXTURES = {"transactional_db", "live_server", "django_db_reset_sequences"}


def test_nothing_forbidden_is_imported() -> None:
    found = [
        sources.at(path, node, f"{name}: {FORBIDDEN_IMPORTS[name]}")
        for path in sources.python()
        for node, name in _imports(path)
        if name in FORBIDDEN_IMPORTS
    ]
    assert not found, sources.report(found)


def test_no_model_decides_anything_in_save() -> None:
    found = [
        sources.at(path, node, "def save: what happens stands in an operation")
        for path in sources.python(tests=False)
        if path.name.startswith("models")
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.FunctionDef) and node.name in {"save", "delete"}
    ]
    assert not found, sources.report(found)


def test_no_test_asks_for_a_flush() -> None:
    found = []
    for path in sources.files(".py"):
        if path.name.startswith("test_"):
            found += _flushes(path)
    assert not found, sources.report(found)


def test_operations_take_named_arguments() -> None:
    found = [
        sources.at(path, node, f"{node.name} takes more than one positional argument")
        for path in sources.python(tests=False)
        if path.name == "operations.py"
        for node in sources.tree(path).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        if (len(node.args.args) > 1 and node.name not in READS_AS_A_SENTENCE) or node.args.kwarg
    ]
    assert not found, sources.report(found)


def _imports(path: Path) -> list[tuple[ast.AST, str]]:
    found: list[tuple[ast.AST, str]] = []
    for node in ast.walk(sources.tree(path)):
        if isinstance(node, ast.Import):
            found += [(node, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [(node, node.module), *((node, f"{node.module}.{alias.name}") for alias in node.names)]
    return found


def _flushes(path: Path) -> list[str]:
    found = []
    for node in ast.walk(sources.tree(path)):
        if isinstance(node, ast.arg) and node.arg in FLUSHING_FIXTURES:
            found.append(sources.at(path, node, f"{node.arg} flushes, which the ledger refuses; use fresh_database"))
        if isinstance(node, ast.keyword) and node.arg == "transaction" and getattr(node.value, "value", None) is True:
            found.append(sources.at(path, node.value, "transaction=True flushes; use fresh_database"))
    return found


def test_no_two_cookies_share_a_name() -> None:
    """Two parts that keep something under one name would each throw away what the other kept."""
    assigned = re.compile(r'^[A-Z_, ]{1,80}(?:: str)? = ("xuliu_[a-z_]{1,40}"(?:, .{0,200})?)$', re.MULTILINE)
    files = [path for path in sources.python(tests=False, migrations=False) if path.parts[0] == "xuliu"]
    found = [line for path in files for line in assigned.findall(sources.text(path))]
    names = Counter(name for line in found for name in re.findall(r'"(xuliu_[a-z_]{1,40})"', line))
    assert {"xuliu_browser", "xuliu_let_in", "xuliu_orders"} <= set(names)
    assert not [name for name, count in names.items() if count > 1], names


def test_a_shop_is_built_in_one_place() -> None:
    found = [
        f"{path}:{number}: {line.strip()[:80]} (tests/make.py makes it)"
        for path in sources.files(".py")
        if path != BUILDER and (path.parts[0] in {"tests", "bench"} or "tests" in path.parts)
        for number, line in enumerate(sources.text(path).splitlines(), start=1)
        if OF_A_SHOP.search(line)
    ]
    assert not found, sources.report(found)
