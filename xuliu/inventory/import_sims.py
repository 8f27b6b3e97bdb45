"""Import SIMs and terminals from a file: all good lines in, every bad one named with its reason.

The whole file is read and checked before anything is written; then each chunk is one transaction, in which a line is
written completely or not at all. The same file again changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xuliu.carrier.models import CarrierAccount
from xuliu.common import clock
from xuliu.common.chunks import apply_halving, in_chunks
from xuliu.inventory.cards import all_forms, msisdn_form, naming
from xuliu.inventory.imports.columns import HEADINGS, NEEDED
from xuliu.inventory.imports.problems import FileFault, LineFault, Problem, UnreadableFile, gathered
from xuliu.inventory.imports.rows import Account, SimRow, check
from xuliu.inventory.imports.table import read_lines
from xuliu.inventory.imports.writing import Conflict, Written, prepare, write

ROWS_A_CHUNK = 5_000
MAX_ROWS = 500_000

# The column to which each of the database's findings belongs.
AGAINST: Mapping[LineFault, str] = {
    LineFault.OTHER_ACCOUNT: "carrier_account",
    LineFault.TERMINAL_TAKEN: "terminal_sn",
    LineFault.BOUND_ELSEWHERE: "terminal_sn",
    LineFault.NUMBER_TAKEN: "msisdn",
    LineFault.KEPT_STATE: "state",
    LineFault.KEPT_PERIOD: "last_day",
}


@dataclass(slots=True)
class Report:
    """The result of an import. `lines` counts the non-blank lines below the heading."""

    lines: int
    problems: list[Problem]
    written: Written = field(default_factory=Written)

    def refused_lines(self) -> int:
        """How many lines were not imported."""
        return len({problem.line for problem in self.problems if problem.is_refusal})


def import_sims(*, path: Path, account_code: str = "") -> Report:
    """Import a CSV file (columns: inventory/README.md); `account_code` is the account of lines that name none.

    Raises UnreadableFile, before anything is written, if the file as a whole cannot be read.
    """
    rows, problems = check(read_lines(path, names=HEADINGS, needed=NEEDED), _accounts(account_code))
    refused = {problem.line for problem in problems if problem.is_refusal}
    report = Report(lines=len(rows) + len(refused), problems=problems)
    if report.lines > MAX_ROWS:
        raise UnreadableFile(FileFault.TOO_MANY_LINES, most=MAX_ROWS)
    at, merchants = clock.now(), dict[str, str]()

    def apply(chunk: Sequence[SimRow]) -> None:
        written, findings = write(chunk, at=at, merchants=merchants)
        report.written += written
        report.problems += _problems(chunk, findings)

    def set_aside(row: SimRow, error: Exception) -> None:
        why = str(error).partition("\n")[0]
        report.problems.append(
            Problem(line=row.line, column="", value=row.iccid, fault=LineFault.DATABASE, facts={"why": why})
        )

    prepare()
    for chunk in in_chunks(rows, ROWS_A_CHUNK):
        apply_halving(chunk, apply, set_aside=set_aside)
    report.problems = gathered(report.problems, lines=report.lines)
    return report


def _accounts(default_code: str) -> dict[str, Account]:
    forms = all_forms()
    accounts = {
        code: Account(pk, code, carrier, naming(connector), msisdn_form(connector), forms)
        for pk, code, carrier, connector in CarrierAccount.objects.order_by("code").values_list(
            "id", "code", "carrier__code", "connector"
        )
    }
    if not default_code:
        return accounts
    if default_code not in accounts:
        raise UnreadableFile(FileFault.ACCOUNT_UNKNOWN, code=default_code, known=tuple(accounts))
    return {**accounts, "": accounts[default_code]}


def _problems(chunk: Sequence[SimRow], findings: Sequence[Conflict]) -> list[Problem]:
    rows = {row.line: row for row in chunk}
    problems = []
    for finding in findings:
        column = AGAINST[finding.fault]
        problems.append(
            Problem(
                line=finding.line,
                column=column,
                value=_value(rows[finding.line], column),
                fault=finding.fault,
                facts={"other": finding.other},
                is_refusal=finding.is_refusal(),
            )
        )
    return problems


def _value(row: SimRow, column: str) -> str:
    values = {"terminal_sn": row.serial_number, "msisdn": row.msisdn, "state": row.state}
    return values.get(column, row.iccid)
