"""Turns a file into lines of named cells. Raises UnreadableFile if it cannot be read at all."""

import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xuliu.common import signs
from xuliu.inventory.imports.problems import FileFault, LineFault, Problem, UnreadableFile

MAX_BYTES = 128 * 1024 * 1024
MAX_LINE_BYTES = 64 * 1024
BYTES_A_SIGN = 4  # at most, in UTF-8
SEPARATORS = ",;\t"
SPREADSHEETS = {b"PK\x03\x04": "Excel (.xlsx)", b"\xd0\xcf\x11\xe0": "Excel (.xls)"}
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
LOOKED_AT, PAIRED_IN = 4096, 8  # first bytes to check, and one in how many must be 0
# A first line that tells Excel the separator.
HINT = re.compile(r'"?sep=([^\w\s]|\t)"?', re.IGNORECASE)
LINES_A_CELL = 20

# What spreadsheets, databases and people write for "nothing".
NOTHING = frozenset(
    r"""#n/a|#n/a!|n/a|na|n.a.|<na>|null|(null)|<null>|[null]|#null!|\n|nan|-nan|#nan|none|nil|undefined|#ref!|#value!
    |#name?|#div/0!|#num!|#spill!|#calc!|#field!|#error!|#getting_data|/|\|无|無|空|暂无|没有|(空)|（空）|（空白）|(空白)
    |(blank)""".replace("\n    ", "").split("|")
)
LONGEST_NOTHING = max(map(len, NOTHING))
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d"


@dataclass(frozen=True, slots=True)
class FileLine:
    """The cells of one line by column name, trimmed, without empty ones. `number` counts from 1."""

    number: int
    cells: Mapping[str, str]


def read_lines(path: Path, *, names: Mapping[str, str], needed: Sequence[str]) -> Iterator[FileLine | Problem]:
    """The lines below the heading, and a problem for each unreadable one; blank lines are skipped.

    `names` maps the known headings, in lower case, to their columns. Raises UnreadableFile.
    """
    lines = enumerate(io.StringIO(_text(path), newline=None), start=1)
    heading, separator = _heading(lines)
    columns = _columns(_cells(heading, separator) or [], names, needed)
    for number, cells in _rows(lines, separator, len(columns)):
        if not isinstance(cells, list):
            yield Problem(line=number, column="", value="", fault=cells)
        elif len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
            yield Problem(line=number, column="", value=cells[len(columns)], fault=LineFault.TOO_MANY_CELLS)
        elif given := {name: cell for name, raw in zip(columns, cells, strict=False) if (cell := _said(raw))}:
            yield FileLine(number, given)


def _heading(lines: Iterator[tuple[int, str]]) -> tuple[str, str]:
    """The first line that is neither blank nor a hint, and the separator: the hint's, else the most frequent."""
    hinted = ""
    for _number, line in lines:
        if hint := HINT.fullmatch(line.translate(signs.UNSEEN).strip()):
            hinted = hint[1]
        elif _is_too_long(line):
            raise UnreadableFile(FileFault.HEADING_TOO_LONG)
        elif line.strip():
            return line, hinted or max(SEPARATORS, key=line.count)
    raise UnreadableFile(FileFault.EMPTY)


def _rows(lines: Iterator[tuple[int, str]], separator: str, width: int) -> Iterator[tuple[int, list[str] | LineFault]]:
    """Each line's number and cells, or why it cannot be read."""
    ahead: deque[tuple[int, str]] = deque()
    while numbered := ahead.popleft() if ahead else next(lines, None):
        number, line = numbered
        if _is_too_long(line):
            yield number, LineFault.LINE_TOO_LONG
            continue
        cells = _cells(line, separator)
        if cells is None:
            cells = _of_several(line, lines, ahead, separator, width)
        yield number, LineFault.NOT_A_TABLE if cells is None else cells


def _of_several(
    line: str, lines: Iterator[tuple[int, str]], ahead: deque[tuple[int, str]], separator: str, width: int
) -> list[str] | None:
    """The cells of a line that continues in the next ones because a cell has a line break; consumes those.

    An unclosed quotation mark must spoil only its own line: a cell may not swallow anything that looks like a line of
    the table, and gives up after 20 lines.
    """
    for count in range(1, LINES_A_CELL):
        if len(ahead) < count:
            following = next(lines, None)
            if following is None:
                return None
            ahead.append(following)
        line += ahead[count - 1][1]
        if _is_too_long(line):
            return None
        cells = _cells(line, separator)
        if cells is not None:
            parts = (part for cell in cells for part in cell.split("\n")[1:])
            if len(cells) > width or any(part.count(separator) >= max(1, width - 1) for part in parts):
                return None
            for _used in range(count):
                ahead.popleft()
            return cells
    return None


def _is_too_long(line: str) -> bool:
    return len(line) * BYTES_A_SIGN > MAX_LINE_BYTES and len(line.encode()) > MAX_LINE_BYTES


def _cells(line: str, separator: str) -> list[str] | None:
    """The cells of a single line; None if it cannot be read alone."""
    if '"' not in line:  # most lines by far; a CSV reader for each would be slow
        return line.rstrip("\n").split(separator)
    try:
        rows = list(csv.reader(io.StringIO(line, newline=""), delimiter=separator, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _said(raw: str) -> str:
    """A cell's text, without the ="…" with which programs protect a number from a spreadsheet; "" for nothing."""
    cell = raw.strip()
    if cell.startswith('="') and cell.endswith('"'):
        cell = cell[2:-1].strip()
    if len(cell) > LONGEST_NOTHING:
        return cell
    plain = cell if cell.isascii() else cell.translate(signs.UNSEEN).strip()
    return "" if plain.casefold() in NOTHING or not plain.strip(_DASHES) else cell


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UnreadableFile(FileFault.TOO_LARGE)
        raw = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(FileFault.UNREADABLE, path=path, why=error.strerror) from error
    for start, name in SPREADSHEETS.items():
        if raw.startswith(start):
            raise UnreadableFile(FileFault.SPREADSHEET, program=name)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(FileFault.ENCODING, encoding=_likely_encoding(raw)) from error
    if _is_utf_16(raw):
        raise UnreadableFile(FileFault.ENCODING, encoding="UTF-16")
    if not text.strip():
        raise UnreadableFile(FileFault.EMPTY)
    return text


def _likely_encoding(raw: bytes) -> str:
    if _is_utf_16(raw):
        return "UTF-16"
    try:
        raw.decode("gb18030")
    except UnicodeDecodeError:
        return "Latin-1"
    return "GBK"


def _is_utf_16(raw: bytes) -> bool:
    """By its byte order mark; without one by every second byte being 0, as of digits and separators."""
    start = raw[:LOOKED_AT]
    high, low = start[::2].count(0), start[1::2].count(0)
    is_paired = min(high, low) == 0 and max(high, low) * PAIRED_IN >= len(start) > 0
    return raw.startswith(UTF_16) or is_paired


def _columns(heading: Sequence[str], names: Mapping[str, str], needed: Sequence[str]) -> list[str]:
    given = [cell.translate(signs.PLAIN).strip(" '\"") for cell in heading]
    while given and not given[-1]:
        given.pop()
    unknown = [cell for cell in given if cell.casefold() not in names]
    if hidden := next(filter(None, map(signs.unseen_in, unknown)), None):
        raise UnreadableFile(FileFault.HIDDEN_SIGN, sign=hidden[0])
    if unknown:
        known = tuple(dict.fromkeys(names.values()))
        raise UnreadableFile(FileFault.COLUMN_UNKNOWN, column=unknown[0], known=known)
    columns = [names[cell.casefold()] for cell in given]
    for column in columns:
        if columns.count(column) > 1:
            raise UnreadableFile(FileFault.COLUMN_TWICE, column=column)
    for column in needed:
        if column not in columns:
            raise UnreadableFile(FileFault.COLUMN_MISSING, column=column)
    return columns
