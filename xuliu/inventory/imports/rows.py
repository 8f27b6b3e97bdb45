"""Turns lines into rows: reads every cell and applies every rule that needs no database."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from xuliu.carrier.contract import MsisdnForm
from xuliu.catalog.periods import anchor_of
from xuliu.inventory import numbers, passwords
from xuliu.inventory.cards import Names, ways_to_write
from xuliu.inventory.imports.columns import READERS, BadCell
from xuliu.inventory.imports.problems import NAMED_LINES, LineFault, Problem
from xuliu.inventory.imports.table import FileLine
from xuliu.inventory.models import Sim

# If the first is given, the others must be too.
GO_TOGETHER = (
    ("terminal_sn", ("terminal_brand", "terminal_model")),
    ("terminal_brand", ("terminal_sn",)),
    ("terminal_model", ("terminal_sn",)),
    ("imei", ("terminal_sn",)),
    ("first_day", ("last_day",)),
    ("merchant_name", ("merchant_code",)),
)


@dataclass(frozen=True, slots=True)
class Account:
    """What the rules need of a carrier account."""

    id: int
    code: str
    carrier_code: str
    names_of: Names
    msisdn_form: MsisdnForm = field(default_factory=MsisdnForm)
    other_forms: Sequence[MsisdnForm] = ()


class SimRow(NamedTuple):
    """One SIM, as it will be written; "" and None mean that the file is silent. `ends_on` is exclusive.

    `names` and `ways` are PostgreSQL array literals: ICCIDs that mean this card, ways to write its number.
    """

    line: int
    iccid: str
    msisdn: str
    account_id: int
    state: str
    is_state_given: bool
    starts_on: date | None
    ends_on: date | None
    anchor_day: int | None
    serial_number: str
    brand: str
    model: str
    imei: str
    merchant_code: str
    merchant_name: str
    service_password: str
    names: str
    ways: str


UNIQUE: Mapping[str, Callable[[SimRow], str]] = {
    "iccid": attrgetter("names"),
    "terminal_sn": attrgetter("serial_number"),
    # Orders go to the carrier by this number: two SIMs sharing one would be charged for each other.
    "msisdn": lambda row: row.msisdn and row.ways,
}


def check(lines: Iterable[FileLine | Problem], accounts: Mapping[str, Account]) -> tuple[list[SimRow], list[Problem]]:
    """The rows to write, in the file's order, and all problems."""
    rows: list[SimRow] = []
    problems: list[Problem] = []
    for line in lines:
        found = [line] if isinstance(line, Problem) else _read(line, accounts, rows.append)
        problems.extend(found)
    rows, doubled = _without_duplicates(rows)
    return rows, [*problems, *doubled, *_renamings(rows)]


def _read(line: FileLine, accounts: Mapping[str, Account], take: Callable[[SimRow], None]) -> list[Problem]:
    values: dict[str, str | date] = {}
    problems = []
    for name, text in line.cells.items():
        try:
            values[name] = READERS[name](text)
        except BadCell as bad:
            problems.append(Problem(line=line.number, column=name, value=text, fault=bad.fault, facts=bad.facts))
    account = accounts.get(str(values.get("carrier_account", "")))
    problems += _missing(line, values, account, accounts)
    if account is not None and "msisdn" in values:
        problems += _as_the_carrier_writes(line, values, account.msisdn_form)
    if problems or account is None:
        return problems
    row = _row(line.number, values, account)
    take(row)
    return list(_doubts(row, account))


def _missing(
    line: FileLine, values: Mapping[str, str | date], account: Account | None, accounts: Mapping[str, Account]
) -> Iterator[Problem]:
    def problem(column: str, fault: LineFault, **facts: object) -> Problem:
        return Problem(line=line.number, column=column, value=line.cells.get(column, ""), fault=fault, facts=facts)

    if "iccid" not in line.cells:
        yield problem("iccid", LineFault.MISSING)
    if account is None:
        fault = LineFault.ACCOUNT_UNKNOWN if "carrier_account" in line.cells else LineFault.MISSING
        yield problem("carrier_account", fault, known=tuple(code for code in accounts if code))
    for given, other in _alone(tuple(line.cells)):
        yield problem(given, LineFault.NEEDS_OTHER, other=other)
    first, last = values.get("first_day"), values.get("last_day")
    if isinstance(first, date) and isinstance(last, date) and last < first:
        yield problem("last_day", LineFault.ENDS_BEFORE_START)


def _as_the_carrier_writes(line: FileLine, values: dict[str, str | date], form: MsisdnForm) -> Iterator[Problem]:
    """Convert the MSISDN to the carrier's form."""
    written = form.written(str(values["msisdn"]))
    if written:
        values["msisdn"] = written
        return
    facts = {"lengths": tuple(sorted(form.lengths)), "code": form.country_code}
    fault = LineFault.NOT_THIS_CARRIERS
    yield Problem(line=line.number, column="msisdn", value=line.cells["msisdn"], fault=fault, facts=facts)


@lru_cache(maxsize=256)
def _alone(columns: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Columns given without others that they need. Cached: a file's lines have few sets of columns."""
    return tuple(
        (given, other) for given, others in GO_TOGETHER for other in others if given in columns and other not in columns
    )


def _row(number: int, values: Mapping[str, str | date], account: Account) -> SimRow:
    def text(name: str) -> str:
        return str(values.get(name, ""))

    iccid, msisdn, password = text("iccid"), text("msisdn"), text("service_password")
    names = account.names_of(iccid)
    ways = ways_to_write(account.msisdn_form.whole(msisdn), account.other_forms) if msisdn else ()
    first, last = values.get("first_day"), values.get("last_day")
    starts_on = first if isinstance(first, date) else None
    ends_on = last + timedelta(days=1) if isinstance(last, date) else None
    default = Sim.State.ACTIVE if text("terminal_sn") else Sim.State.IN_STOCK
    return SimRow(
        line=number,
        iccid=iccid,
        msisdn=msisdn,
        account_id=account.id,
        state=text("state") or default.value,
        is_state_given="state" in values,
        starts_on=starts_on,
        ends_on=ends_on,
        anchor_day=anchor_of(ends_on, starts_on.day if starts_on else None) if ends_on else None,
        serial_number=text("terminal_sn"),
        brand=text("terminal_brand"),
        model=text("terminal_model"),
        imei=text("imei"),
        merchant_code=text("merchant_code"),
        merchant_name=text("merchant_name"),
        service_password=passwords.kept(names[0], password) if password else "",
        names=_array(names),
        ways=_array(ways),
    )


def _array(texts: Sequence[str]) -> str:
    return f"{{{','.join(texts)}}}"


def _doubts(row: SimRow, account: Account) -> Iterator[Problem]:
    def doubt(column: str, value: str, fault: LineFault, **facts: object) -> Problem:
        return Problem(line=row.line, column=column, value=value, fault=fault, facts=facts, is_refusal=False)

    if numbers.is_round(row.iccid):
        yield doubt("iccid", row.iccid, LineFault.MAYBE_ROUNDED)
    if numbers.is_round(row.serial_number):
        yield doubt("terminal_sn", row.serial_number, LineFault.MAYBE_ROUNDED)
    # If the carrier knows the card with and without a check digit, the number given has none or the right one.
    if "," not in row.names and numbers.fails_luhn(row.iccid):
        yield doubt("iccid", row.iccid, LineFault.CHECK_DIGIT_DIFFERS)
    proposed = numbers.proposed_carrier(row.iccid)
    # A platform sells many networks' SIMs: only a network's own account can contradict the number.
    if proposed and proposed != account.carrier_code and account.carrier_code in numbers.PREFIXES:
        yield doubt("iccid", row.iccid, LineFault.OTHER_CARRIERS, proposed=proposed, carrier=account.carrier_code)


def _without_duplicates(rows: list[SimRow]) -> tuple[list[SimRow], list[Problem]]:
    """Of identical lines the first is kept; of contradictory ones none."""
    problems: dict[int, Problem] = {}
    for column, key in UNIQUE.items():
        for same in _groups(rows, key):
            first = same[0]
            are_equal = all(row[2:] == first[2:] for row in same)  # but for the line number and the card's name
            for row in same[1:] if are_equal else same:
                others = [other.line for other in same[: NAMED_LINES + 1] if other is not row]
                facts = {"lines": tuple(others[:NAMED_LINES])}
                fault = LineFault.REPEATED if are_equal else LineFault.CONTRADICTED
                value = {"iccid": row.iccid, "msisdn": row.msisdn}.get(column, row.serial_number)
                problems[row.line] = Problem(line=row.line, column=column, value=value, fault=fault, facts=facts)
        rows = [row for row in rows if row.line not in problems]
    return rows, list(problems.values())


def _groups(rows: Sequence[SimRow], key: Callable[[SimRow], str]) -> list[list[SimRow]]:
    """Groups of rows that share a value that must be unique."""
    given = [value for row in rows if (value := key(row))]
    if len(set(given)) == len(given):  # true of most files
        return []
    groups: dict[str, list[SimRow]] = {}
    for row in rows:
        if value := key(row):
            groups.setdefault(value, []).append(row)
    return [same for same in groups.values() if len(same) > 1]


def _renamings(rows: Sequence[SimRow]) -> Iterator[Problem]:
    named: dict[str, SimRow] = {}
    for row in rows:
        if row.merchant_code and row.merchant_name:
            first = named.setdefault(row.merchant_code, row)
            if first.merchant_name != row.merchant_name:
                yield Problem(
                    line=row.line,
                    column="merchant_name",
                    value=row.merchant_name,
                    fault=LineFault.OTHER_NAME,
                    facts={"line": first.line},
                    is_refusal=False,
                )
