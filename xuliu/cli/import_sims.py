"""Import SIMs and terminals from a CSV file: good lines in, every bad one named with its reason."""

import argparse
import csv
import time
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from xuliu.cli.failure import CommandFailed
from xuliu.common import actor
from xuliu.interfaces.wording.figures import NONE
from xuliu.interfaces.wording.imports import first_lines, reason, refusal_of_file, result_rows
from xuliu.inventory.import_sims import Report, import_sims
from xuliu.inventory.imports.columns import COLUMNS, STATES
from xuliu.inventory.imports.problems import Problem, UnreadableFile, by_kind

# What stands in each column, for `--help`.
COLUMNS_EXPLAINED = {
    "iccid": "the SIM's number; needed",
    "msisdn": "its number in the network",
    "carrier_account": "our account at the carrier, by its code (or --account)",
    "state": "a state; left out: active in a terminal, else in_stock",
    "first_day": "first day of the service period, such as 2026-01-31",
    "last_day": "last day served, such as 2027-01-30",
    "terminal_sn": "serial number of the terminal that the SIM is in",
    "terminal_brand": "the terminal's maker; needed with terminal_sn",
    "terminal_model": "the terminal's model; needed with terminal_sn",
    "imei": "the terminal's IMEI, 14 to 16 digits",
    "merchant_code": "the merchant, by our code",
    "merchant_name": "the merchant's name",
    "service_password": "the SIM's service password; kept so that nobody can read it",
}
# First characters that a spreadsheet takes for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
SOME_REFUSED = 3
KINDS_SHOWN = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The file, and where to write its result."""
    width = max(len(column.name) for column in COLUMNS)
    listed = "\n".join(
        f"  {column.name:{width}}  {column.chinese}: {COLUMNS_EXPLAINED[column.name]}" for column in COLUMNS
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = f"""\
columns, by either name in the first line, in any order:
{listed}

states: {", ".join(STATES)}

CSV in UTF-8, separated by comma, semicolon or tab. An empty cell changes nothing. The same file again changes
nothing. Ends with {SOME_REFUSED} where lines were refused; the others are in."""
    parser.add_argument("file", type=Path)
    parser.add_argument("--account", default="", metavar="CODE", help="carrier account of lines that name none")
    parser.add_argument("--result", type=Path, metavar="FILE", help="where problems go (default: FILE.result.csv)")
    languages = [code for code, _name in settings.LANGUAGES]
    parser.add_argument("--language", choices=languages, default=settings.LANGUAGE_CODE, help="of the reasons")


def run(args: argparse.Namespace) -> int:
    """Import the file, write the result file, print the counts."""
    result = _result_file(args.file, args.result)
    begun = time.monotonic()
    with override(args.language), actor.acting(actor.Actor("command", label="import-sims")):
        try:
            report = import_sims(path=args.file, account_code=args.account)
        except UnreadableFile as error:
            result.unlink(missing_ok=True)
            raise CommandFailed(refusal_of_file(error)) from error
        print(_summary(report, time.monotonic() - begun))
        print("".join(f"  {kind}\n" for kind in _kinds(report)), end="")
        if report.problems:
            write_result(report.problems, result)
            print(_("What was wrong stands in %(file)s.") % {"file": result})
        else:
            result.unlink(missing_ok=True)
    return SOME_REFUSED if report.refused_lines() else 0


def write_result(problems: Iterable[Problem], path: Path) -> None:
    """One row per problem, as CSV (UTF-8 with BOM) that a spreadsheet opens without computing anything."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = result_rows(problems)
        csv.writer(file).writerows([_inert(cell) for cell in row] for row in rows)


def _inert(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def _result_file(source: Path, given: Path | None) -> Path:
    """The result file, checked to be writable before anything is imported."""
    result = given or source.with_name(f"{source.name}.result.csv")
    if result.resolve() == source.resolve():
        raise CommandFailed("The result cannot go into the file that is imported; give another name after --result.")
    try:
        result.touch()
    except OSError as error:
        raise CommandFailed(f"{result} cannot be written ({error.strerror}); name another after --result.") from error
    return result


def _kinds(report: Report) -> list[str]:
    """The problems by kind: how many, where first, and why."""
    kinds = list(by_kind(report.problems).items())
    shown = [
        f"{len(same)} × {column or NONE} ({first_lines([problem.line for problem in same])}): {reason(same[0])}"
        for (column, _fault, _is_refusal), same in kinds[:KINDS_SHOWN]
    ]
    return [*shown, "…"] if len(kinds) > KINDS_SHOWN else shown


def _summary(report: Report, seconds: float) -> str:
    warned = {problem.line for problem in report.problems if not problem.is_refusal}
    written = report.written
    return _(
        "%(lines)s lines in %(seconds)s s: %(refused)s refused, %(warned)s to be checked.\n"
        "SIMs: %(sims_new)s new, %(sims_changed)s changed. Terminals: %(terminals_new)s new, "
        "%(terminals_changed)s changed. Bindings: %(bindings)s new."
    ) % {
        "lines": report.lines,
        "seconds": f"{seconds:.1f}",
        "refused": report.refused_lines(),
        "warned": len(warned),
        "sims_new": written.sims_new,
        "sims_changed": written.sims_changed,
        "terminals_new": written.terminals_new,
        "terminals_changed": written.terminals_changed,
        "bindings": written.bindings_new,
    }
