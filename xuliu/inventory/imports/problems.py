"""What was wrong with a line, in words for people, and the file that says so."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import override

HEADINGS = ("line", "column", "value", "what", "reason")
SECRET_COLUMNS = frozenset({"service_password"})
# What a spreadsheet would take for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class UnreadableFile(Exception):
    """The file as a whole cannot be taken; nothing was written. The message is one sentence for people."""

    def __init__(self, reason: str | Promise, facts: Mapping[str, object] | None = None) -> None:
        super().__init__(str(reason) % facts if facts else str(reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing about one line. A refused line is not imported; one with a warning is. `line` is counted from 1."""

    line: int
    column: str
    value: str
    reason: str | Promise
    facts: Mapping[str, object] = field(default_factory=dict)
    is_refusal: bool = True

    def text(self) -> str:
        """The reason in the language that is active."""
        return str(self.reason) % self.facts


def write_result(problems: Iterable[Problem], path: Path, *, language: str) -> None:
    """One row a problem, refusals first, as CSV that a spreadsheet opens (UTF-8 with BOM). Passwords are left out."""
    ordered = sorted(problems, key=lambda problem: (not problem.is_refusal, problem.line, problem.column))
    with override(language), path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        for problem in ordered:
            value = "" if problem.column in SECRET_COLUMNS else problem.value
            what = _("refused") if problem.is_refusal else _("imported, please check")
            writer.writerow((problem.line, problem.column, _inert(value), what, problem.text()))


def _inert(value: str) -> str:
    return f"'{value}" if value.startswith(FORMULA_STARTS) else value
