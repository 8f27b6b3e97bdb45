"""What was wrong with a line, in words for people, and the file that says so."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from xuliu.common import signs

HEADINGS = ("line", "column", "value", "what", "reason")
SECRET_COLUMNS = frozenset({"service_password"})
# What a spreadsheet would take for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

# A warning that nine lines of ten get is none about a line: it is about the file, and told once.
COMMON = gettext_lazy("%(count)s of %(lines)s lines (%(which)s): %(what)s")
FEWEST_COMMON = 10
NAMED_LINES = 5


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

    def __str__(self) -> str:
        return str(self.reason) % self.facts

    def text(self) -> str:
        """The reason in the language that is active; of a refused value also the sign in it that cannot be seen."""
        text = str(self)
        unseen = signs.unseen_in(self.value) if self.is_refusal else None
        if unseen is None or signs.named(unseen[0]) in text:
            return text
        facts = {"why": text, "sign": signs.named(unseen[0]), "place": unseen[1]}
        return _("%(why)s; in the cell %(sign)s stands at place %(place)s") % facts


def by_kind(problems: Iterable[Problem]) -> dict[tuple[str, str | Promise, bool], list[Problem]]:
    """Problems of one column with one reason together, the most frequent first."""
    kinds: dict[tuple[str, str | Promise, bool], list[Problem]] = {}
    for problem in problems:
        kinds.setdefault((problem.column, problem.reason, problem.is_refusal), []).append(problem)
    return dict(sorted(kinds.items(), key=lambda kind: -len(kind[1])))


def first_lines(problems: Sequence[Problem]) -> str:
    """The numbers of the first few of their lines."""
    named = ", ".join(str(problem.line) for problem in problems[:NAMED_LINES])
    return f"{named} …" if len(problems) > NAMED_LINES else named


def gathered(problems: Sequence[Problem], *, lines: int) -> list[Problem]:
    """The problems, each kind of warning that nine of ten lines got told once, with the first of its lines."""
    told: list[Problem] = []
    for same in by_kind(problems).values():
        is_common = not same[0].is_refusal and len(same) >= FEWEST_COMMON and 10 * len(same) >= 9 * lines
        told += [_once(same, lines)] if is_common else same
    return sorted(told, key=lambda problem: problem.line)


def _once(same: Sequence[Problem], lines: int) -> Problem:
    first = same[0]
    facts = {"count": len(same), "lines": lines, "which": first_lines(same), "what": first}
    return replace(first, value="", reason=COMMON, facts=facts)


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
