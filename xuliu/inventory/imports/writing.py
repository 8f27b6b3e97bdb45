"""Writes rows: COPY into a temporary table, then one statement per table, whatever the number of rows.

An empty cell changes nothing. A state is set once, at insert; afterwards only `common.state.move` changes it. A period
never moves back, because it may have been paid for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction

from xuliu.common.codes import new_code
from xuliu.inventory.imports import statements
from xuliu.inventory.imports.problems import LineFault
from xuliu.inventory.imports.rows import SimRow
from xuliu.party.operations import ensure_merchants

# One import at a time: two would not see each other's rows. The lock's number has no other meaning.
IMPORT_LOCK = 0x51_4D_53
KEPT = (LineFault.KEPT_STATE, LineFault.KEPT_PERIOD)
IN_ORDER = (
    ("", statements.MODELS),
    ("", statements.RESOLVE),
    ("terminals_changed", statements.TERMINALS_CHANGED),
    ("terminals_new", statements.TERMINALS_NEW),
    ("sims_changed", statements.SIMS_CHANGED),
    ("sims_new", statements.SIMS_NEW),
    ("bindings_new", statements.BINDINGS_NEW),
)


@dataclass(slots=True)
class Written:
    """How many rows were written."""

    sims_new: int = 0
    sims_changed: int = 0
    terminals_new: int = 0
    terminals_changed: int = 0
    bindings_new: int = 0

    def __iadd__(self, other: "Written") -> "Written":
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    def total(self) -> int:
        """Rows in all."""
        return sum(astuple(self))


class Conflict(NamedTuple):
    """What the database finds against a line; `other` conflicts with it, or is kept."""

    line: int
    fault: LineFault
    other: str

    def is_refusal(self) -> bool:
        """Whether the line is refused; otherwise it is imported and the stored value kept."""
        return self.fault not in KEPT


def prepare() -> None:
    """Create this connection's temporary table."""
    with connection.cursor() as cursor:
        cursor.execute(statements.TABLE)


def write(rows: Sequence[SimRow], *, at: datetime, merchants: dict[str, str]) -> tuple[Written, list[Conflict]]:
    """Write a chunk in one transaction, without the lines that a finding refuses.

    `merchants` are the names by code that earlier chunks wrote; this chunk's are added after its commit.
    """
    written = Written()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statements.BEGIN, [IMPORT_LOCK])
        cursor.execute(statements.EMPTY)
        _copy(rows)
        cursor.execute(statements.FIND)
        cursor.execute(statements.FIND_OTHERWISE)
        cursor.execute(statements.AGAINST)
        findings = [Conflict(line, LineFault(fault), other) for line, fault, other in cursor.fetchall()]
        refused = {finding.line for finding in findings if finding.is_refusal()}
        cursor.execute(statements.LEAVE_OUT, [list(refused)])
        named = _merchants(row for row in rows if row.line not in refused)
        ensure_merchants(dict(named.items() - merchants.items()))
        for counted, statement in IN_ORDER:
            cursor.execute(statement, {"at": at})
            if counted:
                setattr(written, counted, cursor.rowcount)
    merchants |= named
    return written, findings


def _merchants(rows: Iterable[SimRow]) -> dict[str, str]:
    """Names by code; the first of several, "" if none is given."""
    names: dict[str, str] = {}
    for row in rows:
        if row.merchant_code and not names.get(row.merchant_code):
            names[row.merchant_code] = row.merchant_name
    return names


def _copy(rows: Sequence[SimRow]) -> None:
    # Django's cursor has no COPY; psycopg's has, on the same connection and in the same transaction.
    with connection.connection.cursor() as cursor, cursor.copy(statements.COPY) as copy:
        for row in rows:
            copy.write_row((*row, new_code() if row.serial_number else ""))
