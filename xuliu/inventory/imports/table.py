"""From a file to lines of named cells. What cannot be read at all is said in one sentence."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from xuliu.inventory.imports.problems import Problem, UnreadableFile

MAX_BYTES = 128 * 1024 * 1024
SEPARATORS = ",;\t"
SPREADSHEETS = {b"PK\x03\x04": "Excel (.xlsx)", b"\xd0\xcf\x11\xe0": "Excel (.xls)"}
UTF_16 = (b"\xff\xfe", b"\xfe\xff")

NOT_A_TABLE = _("this line cannot be read as CSV; is a quotation mark left open, or a line break in a cell?")
TOO_MANY_CELLS = _(
    "this line has more cells than the heading has columns; is a text with a comma not in quotation marks?"
)


@dataclass(frozen=True, slots=True)
class Line:
    """The cells of one line by column name, trimmed; empty ones are left out. `number` counts from 1, the heading's."""

    number: int
    cells: Mapping[str, str]


def read_lines(path: Path, *, names: Mapping[str, str], needed: Sequence[str]) -> Iterator[Line | Problem]:
    """The lines under the heading, and a problem for each that is none; blank lines are passed over.

    `names` are the headings that are known, in lower case, and the column each stands for. Raises UnreadableFile.
    """
    text = _text(path)
    separator = max(SEPARATORS, key=text.partition("\n")[0].count)
    lines = enumerate(io.StringIO(text, newline=None), start=1)
    columns = _columns(_cells(next(lines)[1], separator) or [], names, needed)
    for number, line in lines:
        cells = _cells(line, separator)
        if cells is None:
            yield Problem(line=number, column="", value="", reason=NOT_A_TABLE)
        elif len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
            yield Problem(line=number, column="", value=cells[len(columns)], reason=TOO_MANY_CELLS)
        elif given := {name: cell for name, raw in zip(columns, cells, strict=False) if (cell := raw.strip())}:
            yield Line(number, given if '="' not in line else _unwrapped(given))


def _cells(line: str, separator: str) -> list[str] | None:
    """Read alone, so that a quotation mark left open spoils its own line and not all that follow. None: unreadable."""
    if '"' not in line:  # most lines by far, and a reader for each takes its time
        return line.rstrip("\n").split(separator)
    try:
        return next(csv.reader((line,), delimiter=separator, strict=True), [])
    except csv.Error:
        return None


def _unwrapped(cells: Mapping[str, str]) -> dict[str, str]:
    """Without the ="…" by which programs keep a spreadsheet from taking a number for a quantity."""
    plain = {name: _without_formula(cell) for name, cell in cells.items()}
    return {name: cell for name, cell in plain.items() if cell}


def _without_formula(cell: str) -> str:
    return cell[2:-1].strip() if cell.startswith('="') and cell.endswith('"') else cell


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UnreadableFile(_("The file is larger than 128 MB; split it."))
        raw = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(_("%(path)s cannot be read (%(why)s)."), {"path": path, "why": error.strerror}) from error
    for start, name in SPREADSHEETS.items():
        if raw.startswith(start):
            raise UnreadableFile(
                _("This is a file of %(program)s; save it as “CSV UTF-8” and import that."), {"program": name}
            )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            _("The file is not in UTF-8 but probably in %(encoding)s; save it as “CSV UTF-8” and import that."),
            {"encoding": _likely_encoding(raw)},
        ) from error
    if not text.strip():
        raise UnreadableFile(_("The file is empty."))
    return text


def _likely_encoding(raw: bytes) -> str:
    if raw.startswith(UTF_16):
        return "UTF-16"
    try:
        raw.decode("gb18030")
    except UnicodeDecodeError:
        return "Latin-1"
    return "GBK"


def _columns(heading: Sequence[str], names: Mapping[str, str], needed: Sequence[str]) -> list[str]:
    given = [cell.strip() for cell in heading]
    while given and not given[-1]:
        given.pop()
    unknown = [cell for cell in given if cell.casefold() not in names]
    if unknown:
        raise UnreadableFile(
            _("The column “%(column)s” is not known; the first line must name columns among these: %(known)s."),
            {"column": unknown[0], "known": ", ".join(dict.fromkeys(names.values()))},
        )
    columns = [names[cell.casefold()] for cell in given]
    for column in columns:
        if columns.count(column) > 1:
            raise UnreadableFile(_("The column “%(column)s” stands twice in the first line."), {"column": column})
    for column in needed:
        if column not in columns:
            raise UnreadableFile(_("The column “%(column)s” is missing."), {"column": column})
    return columns
