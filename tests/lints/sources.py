"""The project's own sources, read once for all lints."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def files(*suffixes: str) -> tuple[Path, ...]:
    """Files that are or could be committed, relative to the root, by the ends of their names."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return tuple(Path(name) for name in sorted(listed) if name.endswith(suffixes) and (ROOT / name).is_file())


@cache
def text(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(text(path), filename=str(path))


def python(*, tests: bool = True, migrations: bool = True) -> Iterator[Path]:
    """Python files, with or without tests and migrations."""
    for path in files(".py"):
        is_test = "tests" in path.parts or path.name == "conftest.py"
        if (tests or not is_test) and (migrations or "migrations" not in path.parts):
            yield path


def at(path: Path, node: ast.AST, what: str) -> str:
    """One finding, as an editor understands it."""
    return f"{path}:{getattr(node, 'lineno', 1)}: {what}"


def report(findings: list[str]) -> str:
    return "\n" + "\n".join(findings)
