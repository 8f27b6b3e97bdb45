"""What was wrong with a file or a line of it: codes and facts. `interfaces.wording.imports` has the sentences."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from xuliu.inventory import numbers

# A warning on nine lines of ten is about the file, and reported once.
FEWEST_COMMON = 10
NAMED_LINES = 5


class FileFault(StrEnum):
    """Why a whole file cannot be read. Each member's facts are beside it."""

    UNREADABLE = "unreadable"  # path, why: the operating system's word
    SPREADSHEET = "spreadsheet"  # program
    ENCODING = "encoding"  # encoding: what it probably is
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_MANY_LINES = "too_many_lines"  # most
    HEADING_TOO_LONG = "heading_too_long"
    HIDDEN_SIGN = "hidden_sign"  # sign
    COLUMN_UNKNOWN = "column_unknown"  # column, known
    COLUMN_TWICE = "column_twice"  # column
    COLUMN_MISSING = "column_missing"  # column
    ACCOUNT_UNKNOWN = "account_unknown"  # code, known


class LineFault(StrEnum):
    """What is wrong or doubtful about a line. An unreadable number has a `numbers.NumberFault` instead."""

    # The line as a whole.
    LINE_TOO_LONG = "line_too_long"
    NOT_A_TABLE = "not_a_table"
    TOO_MANY_CELLS = "too_many_cells"
    DATABASE = "database"  # why
    # One cell.
    NOT_A_DATE = "not_a_date"
    NOT_A_WHOLE_DAY = "not_a_whole_day"
    COUNT_OF_DAYS = "count_of_days"
    NOT_A_STATE = "not_a_state"  # known
    TEXT_TOO_LONG = "text_too_long"  # longest
    CONTROL_SIGN = "control_sign"  # sign, place
    NOT_A_PASSWORD = "not_a_password"  # noqa: S105  # a code
    MISSING = "missing"
    # One cell beside others, and one line beside others.
    NEEDS_OTHER = "needs_other"  # other
    ACCOUNT_UNKNOWN = "account_unknown"  # known
    ENDS_BEFORE_START = "ends_before_start"
    NOT_THIS_CARRIERS = "not_this_carriers"  # lengths, code
    CONTRADICTED = "contradicted"  # lines
    REPEATED = "repeated"  # lines
    # Doubts: the line is imported.
    MAYBE_ROUNDED = "maybe_rounded"
    CHECK_DIGIT_DIFFERS = "check_digit_differs"
    OTHER_CARRIERS = "other_carriers"  # proposed, carrier
    OTHER_NAME = "other_name"  # line
    COMMON = "common"  # count, lines, which, what: the first such problem
    # What the database finds against it (`statements.AGAINST`); `other` conflicts with it, or is kept.
    OTHER_ACCOUNT = "other_account"
    TERMINAL_TAKEN = "terminal_taken"
    BOUND_ELSEWHERE = "bound_elsewhere"
    NUMBER_TAKEN = "number_taken"
    KEPT_STATE = "kept_state"
    KEPT_PERIOD = "kept_period"


class UnreadableFile(Exception):
    """The whole file cannot be read; nothing was written."""

    def __init__(self, fault: FileFault, **facts: object) -> None:
        super().__init__(f"{fault} {facts}")
        self.fault = fault
        self.facts = facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem of one line. A refused line is not imported; one with a warning is. `line` is counted from 1.

    The facts of a number's fault include its `kind`.
    """

    line: int
    column: str
    value: str
    fault: LineFault | numbers.NumberFault
    facts: Mapping[str, object] = field(default_factory=dict)
    is_refusal: bool = True


def by_kind(problems: Iterable[Problem]) -> dict[tuple[str, str, bool], list[Problem]]:
    """Problems grouped by column and fault, the most frequent first."""
    kinds: dict[tuple[str, str, bool], list[Problem]] = {}
    for problem in problems:
        kinds.setdefault((problem.column, problem.fault, problem.is_refusal), []).append(problem)
    return dict(sorted(kinds.items(), key=lambda kind: -len(kind[1])))


def gathered(problems: Sequence[Problem], *, lines: int) -> list[Problem]:
    """The problems; a warning that nine of ten lines got is reported once, with its first line."""
    told: list[Problem] = []
    for same in by_kind(problems).values():
        is_common = not same[0].is_refusal and len(same) >= FEWEST_COMMON and 10 * len(same) >= 9 * lines
        told += [_once(same, lines)] if is_common else same
    return sorted(told, key=lambda problem: problem.line)


def _once(same: Sequence[Problem], lines: int) -> Problem:
    first = same[0]
    facts = {"count": len(same), "lines": lines, "which": tuple(problem.line for problem in same), "what": first}
    return replace(first, value="", fault=LineFault.COMMON, facts=facts)
