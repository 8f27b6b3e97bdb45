"""What is public is documented, and what is documented is there."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.lints import sources
from xuliu.cli.entry import commands

LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+(?:\([^()]*\))?)(?:\s+\"[^\"]*\")?\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
VARIABLE = re.compile(r"\b(?:XULIU_[A-Z_]+[A-Z]|DATABASE_URL)\b")
REQUIREMENT = re.compile(r"^([a-z0-9][a-z0-9-]*)", re.MULTILINE)


def test_every_link_in_the_documents_leads_somewhere() -> None:
    found = []
    for path in sources.files(".md"):
        text = CODE.sub("", sources.text(path))
        found += [f"{path}: {target}" for target in LINK.findall(text) if not _resolves(path, target)]
    assert not found, sources.report(found)


def test_every_environment_variable_is_documented() -> None:
    documented = set(VARIABLE.findall(sources.text(Path("docs/environment.md"))))
    used = {
        name
        for path in [*sources.python(tests=False), Path("Makefile"), Path(".ci/run")]
        for name in re.findall(rf"[\"'( ]({VARIABLE.pattern})", sources.text(path))
    }
    assert used - documented == set(), "used and not in docs/environment.md"
    read_by_tests = {name for path in sources.python() for name in VARIABLE.findall(sources.text(path))}
    assert documented - used - read_by_tests == set(), "in docs/environment.md and used nowhere"


@pytest.mark.parametrize("name", commands())
def test_every_command_is_documented(name: str) -> None:
    assert f"xuliu {name}" in _headings(Path("docs/commands.md"))


def test_every_documented_command_exists() -> None:
    documented = {heading.removeprefix("xuliu ") for heading in _headings(Path("docs/commands.md")) if " " in heading}
    assert documented == set(commands())


@pytest.mark.parametrize("part", ["base", "test"])
def test_every_dependency_has_its_reason(part: str) -> None:
    required = set(REQUIREMENT.findall(sources.text(Path(f"requirements/{part}.in"))))
    listed = set(re.findall(r"^\| ([a-z0-9-]+) \|", sources.text(Path("docs/dependencies.md")), re.MULTILINE))
    assert required - listed == set()


def test_no_dependency_is_listed_that_is_not_there() -> None:
    required = {
        name for part in ("base", "test") for name in REQUIREMENT.findall(sources.text(Path(f"requirements/{part}.in")))
    }
    listed = set(re.findall(r"^\| ([a-z0-9-]+) \|", sources.text(Path("docs/dependencies.md")), re.MULTILINE))
    assert listed - required - {"package", "file"} == set()


def test_the_locks_carry_hashes_and_no_addresses() -> None:
    for part in ("base", "test"):
        lock = sources.text(Path(f"requirements/{part}.txt"))
        assert "://" not in lock
        assert lock.count("==") <= lock.count("--hash=sha256:")


def _resolves(path: Path, target: str) -> bool:
    if re.match(r"[a-z]+:", target):
        return True
    name, _, anchor = unquote(target).partition("#")
    there = (sources.ROOT / path.parent / name).resolve() if name else sources.ROOT / path
    if not there.exists():
        return False
    return not anchor or there.suffix != ".md" or anchor in _anchors(there)


@cache
def _anchors(path: Path) -> set[str]:
    headings = HEADING.findall(path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _headings(path: Path) -> list[str]:
    return HEADING.findall(sources.text(path))
