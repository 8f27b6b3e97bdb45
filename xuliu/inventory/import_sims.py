"""Import SIMs and terminals from a file: all good lines in, every bad one named with its reason.

The file is read and checked whole before anything is written; then each chunk is one transaction, in which a line is
written whole or not at all. The same file again changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from xuliu.carrier.models import CarrierAccount
from xuliu.common import clock
from xuliu.common.chunks import apply_halving, in_chunks
from xuliu.inventory.cards import all_forms, msisdn_form, naming
from xuliu.inventory.imports.columns import HEADINGS, NEEDED
from xuliu.inventory.imports.problems import Problem, UnreadableFile, gathered
from xuliu.inventory.imports.rows import Account, Row, check
from xuliu.inventory.imports.table import read_lines
from xuliu.inventory.imports.writing import Finding, Written, prepare, write

ROWS_A_CHUNK = 5_000
MAX_ROWS = 500_000

# What the database may have against a line: the column it is about, and the reason.
AGAINST: Mapping[str, tuple[str, Promise]] = {
    "other_account": ("carrier_account", _("this SIM belongs to the carrier account %(other)s")),
    "terminal_taken": ("terminal_sn", _("the SIM %(other)s is in this terminal; unbind it first")),
    "bound_elsewhere": ("terminal_sn", _("this SIM is in the terminal %(other)s; unbind it first")),
    "number_taken": ("msisdn", _("the SIM %(other)s has this number")),
    "kept_state": ("state", _("the SIM is %(other)s and stays so; an import moves no states")),
    "kept_period": ("last_day", _("the SIM is served until %(other)s and stays so; an import makes no period shorter")),
}
REFUSED_BY_DATABASE = _("the database refuses this line: %(why)s")


@dataclass(slots=True)
class Report:
    """What became of a file. `lines` counts those under the heading that were not blank."""

    lines: int
    problems: list[Problem]
    written: Written = field(default_factory=Written)

    def refused_lines(self) -> int:
        """How many lines were not imported."""
        return len({problem.line for problem in self.problems if problem.is_refusal})


def import_sims(*, path: Path, account_code: str = "") -> Report:
    """Import a file (CSV; its columns are in inventory/README.md); lines that name no account are of `account_code`.

    Raises UnreadableFile, before anything is written, where the file as a whole cannot be taken.
    """
    rows, problems = check(read_lines(path, names=HEADINGS, needed=NEEDED), _accounts(account_code))
    refused = {problem.line for problem in problems if problem.is_refusal}
    report = Report(lines=len(rows) + len(refused), problems=problems)
    if report.lines > MAX_ROWS:
        raise UnreadableFile(_("The file has more than %(most)s lines; split it."), {"most": MAX_ROWS})
    at, merchants = clock.now(), dict[str, str]()

    def apply(chunk: Sequence[Row]) -> None:
        written, findings = write(chunk, at=at, merchants=merchants)
        report.written += written
        report.problems += _problems(chunk, findings)

    def set_aside(row: Row, error: Exception) -> None:
        why = str(error).partition("\n")[0]
        report.problems.append(
            Problem(line=row.line, column="", value=row.iccid, reason=REFUSED_BY_DATABASE, facts={"why": why})
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
        known = ", ".join(accounts) or "–"
        raise UnreadableFile(
            _("There is no carrier account “%(code)s”; there are: %(known)s."), {"code": default_code, "known": known}
        )
    return {**accounts, "": accounts[default_code]}


def _problems(chunk: Sequence[Row], findings: Sequence[Finding]) -> list[Problem]:
    rows = {row.line: row for row in chunk}
    problems = []
    for finding in findings:
        column, reason = AGAINST[finding.kind]
        problems.append(
            Problem(
                line=finding.line,
                column=column,
                value=_value(rows[finding.line], column),
                reason=reason,
                facts={"other": finding.other},
                is_refusal=finding.is_refusal(),
            )
        )
    return problems


def _value(row: Row, column: str) -> str:
    values = {"terminal_sn": row.serial_number, "msisdn": row.msisdn, "state": row.state}
    return values.get(column, row.iccid)
