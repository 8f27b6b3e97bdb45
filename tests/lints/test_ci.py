"""The public CI runs what a contributor runs, and the documents name targets that are there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from tests.lints import sources

CI = Path(".github/workflows/ci.yml")
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40}")


def _steps() -> list[dict[str, Any]]:
    jobs = yaml.safe_load(sources.text(CI))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def test_the_public_ci_calls_what_ours_calls_and_leaves_nothing_out() -> None:
    (run,) = [step for step in _steps() if step.get("run") == ".ci/run"]
    assert run["env"]["CI"] == "true", "else make test may leave the browser out"
    others = [step["run"] for step in _steps() if "run" in step and step != run]
    assert not [line for line in others if re.search(r"make (test|check)|pytest|ruff|mypy", line)]


def test_the_public_ci_may_only_read_and_its_actions_are_pinned() -> None:
    assert yaml.safe_load(sources.text(CI))["permissions"] == {"contents": "read"}
    assert all(PINNED.fullmatch(step["uses"]) for step in _steps() if "uses" in step)


def test_every_target_that_a_document_names_is_one_of_make() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", sources.text(Path("Makefile")), re.MULTILINE))
    found = [
        f"{path}: make {name}"
        for path in sources.files(".md", ".yml")
        for line in sources.text(path).splitlines()
        for name in re.findall(r"`make ([a-z][a-z-]*)", line) + re.findall(r"^make ([a-z][a-z-]*)", line)
        if name not in targets
    ]
    assert not found, sources.report(found)
