"""Small files, small functions, words of the field."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.lints import sources

FILE_LINES = 400
FUNCTION_LINES = 40
PACKAGE_README_LINES = 150

BANNED = {
    "util",
    "utils",
    "helper",
    "helpers",
    "manager",
    "service",
    "services",
    "handler",
    "info",
    "process",
    "do",
    "misc",
}
# Words of the glossary, and names that a base class outside Xuliu decides.
ALLOWED = {
    "service_password": "the glossary's word for the SIM's own password",
    "_process_id": "the operating system's word",
    "BareHandler": "Django's word for what answers a request",
    "PersonManager": "Django's word for where rows are made",
}
DECIDED_ELSEWHERE = re.compile(
    r"get_extra_info|do_(GET|POST|PUT|PATCH|DELETE|HEAD)|process_(request|request_thread|view|response)|handle_?\w*"
)
NUMBERED = re.compile(
    r"(?:^|_)(order|line|sim|payment|refund|row|value|item|result|data|user|thing|name|obj|tmp|test|list|file)s?_?\d+$"
)
VENDORED = ("htmx", "uplot")


def test_no_file_is_longer_than_a_reader_keeps_in_mind() -> None:
    kinds = (".py", ".html", ".css", ".js", ".sql", ".sh")
    found = [
        f"{path}: {count} lines, at most {FILE_LINES}"
        for path in sources.files(*kinds)
        if (count := len(sources.text(path).splitlines())) > FILE_LINES
        and "migrations" not in path.parts
        and not path.name.lower().startswith(VENDORED)
    ]
    assert not found, sources.report(found)


def test_no_function_is_longer_than_a_screen() -> None:
    found = [
        sources.at(path, node, f"{node.name} has {count} lines, at most {FUNCTION_LINES}")
        for path in sources.python(migrations=False)
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (count := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    ]
    assert not found, sources.report(found)


def test_names_say_what_a_thing_is() -> None:
    found = []
    for path in sources.python(migrations=False):
        found += [f"{path}: the name {part!r} says nothing" for part in _path_words(path) if part in BANNED]
        found += [
            sources.at(path, node, f"the name {name!r} says nothing")
            for node, name in _defined(path)
            if _is_empty_word(name)
        ]
    assert not found, sources.report(found)


def test_every_package_explains_itself_in_a_page() -> None:
    packages = sorted(
        path.parent for path in sources.files("__init__.py") if len(path.parts) == 3 and path.parts[0] == "xuliu"
    )
    readmes = {package: sources.ROOT / package / "README.md" for package in packages}
    missing = [f"{package}/README.md is missing" for package, readme in readmes.items() if not readme.exists()]
    long = [
        f"{package}/README.md is longer than {PACKAGE_README_LINES} lines"
        for package, readme in readmes.items()
        if readme.exists() and len(readme.read_text().splitlines()) > PACKAGE_README_LINES
    ]
    assert not missing + long, sources.report(missing + long)


def test_a_test_is_named_by_a_sentence() -> None:
    found = [
        sources.at(path, node, f"{node.name} is not a sentence")
        for path in sources.files(".py")
        if path.name.startswith("test_")
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and node.name.count("_") < 3
    ]
    assert not found, sources.report(found)


def test_an_ignored_finding_has_its_reason_beside_it() -> None:
    unexplained = re.compile(r"#\s*(type:\s*ignore(\[[^\]]*\])?|noqa(:\s*[A-Z0-9, ]+)?)\s*$")
    found = [
        f"{path}:{number}: {line.strip()[-60:]}"
        for path in sources.python()
        for number, line in enumerate(sources.text(path).splitlines(), 1)
        if unexplained.search(line)
    ]
    assert not found, sources.report(found)


def _path_words(path: Path) -> set[str]:
    return {word for part in path.with_suffix("").parts for word in part.split("_")}


def _is_empty_word(name: str) -> bool:
    if name in ALLOWED or DECIDED_ELSEWHERE.fullmatch(name):
        return False
    bare = name.replace("service_password", "").replace("ServicePassword", "").replace("in_service", "")
    words = {word.lower() for part in bare.split("_") for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", part)}
    return bool(words & BANNED) or bool(NUMBERED.search(name.lower()))


def _defined(path: Path) -> list[tuple[ast.AST, str]]:
    found: list[tuple[ast.AST, str]] = []
    for node in _own_nodes(sources.tree(path)):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                if not (path.name.startswith("test_") and name.startswith("test_")):
                    found.append((node, name))
            # A variable may hold an operating system's process: that is what it is.
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) if name not in {"process", "processes"}:
                found.append((node, name))
    return found


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but what is inside a function whose signature a base class elsewhere decides."""
    yield node
    if not (isinstance(node, ast.FunctionDef) and DECIDED_ELSEWHERE.fullmatch(node.name)):
        for child in ast.iter_child_nodes(node):
            yield from _own_nodes(child)
