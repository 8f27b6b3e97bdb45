"""The columns an import file may have, as data: headings, and how each cell is read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from types import MappingProxyType

from xuliu.common import signs
from xuliu.inventory import numbers, passwords
from xuliu.inventory.imports.problems import LineFault
from xuliu.inventory.models import Sim

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)

MARKS = "'`´‘’“”\""  # a spreadsheet's text mark, and quotation marks
DAY = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})|([0-9]{4})([0-9]{2})([0-9]{2})")
# Spreadsheets and databases add midnight to a day; some write its end as the last second.
WHOLE_DAY = re.compile(r"0{1,2}:00(:00([.,]0{1,9})?)?|23:59(:59([.,][0-9]{1,9})?)?")
DATE_SEPARATORS = str.maketrans({"/": "-", ".": "-", "年": "-", "月": "-", "日": None})
COUNT_OF_DAYS = re.compile(r"[3-7][0-9]{4}([.,]0{1,9})?")

STATES: Mapping[str, str] = MappingProxyType(
    {
        **{state.value.lower(): state.value for state in Sim.State},
        "库存": Sim.State.IN_STOCK.value,
        "已分配": Sim.State.ASSIGNED.value,
        "在用": Sim.State.ACTIVE.value,
        "停机": Sim.State.SUSPENDED.value,
        "销户": Sim.State.TERMINATED.value,
    }
)


class BadCell(ValueError):
    """The cell cannot be used, and why."""

    def __init__(self, fault: LineFault | numbers.NumberFault, **facts: object) -> None:
        super().__init__(fault)
        self.fault = fault
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Column:
    """A column with its two headings. `read` turns a non-empty cell into the stored value, or raises BadCell."""

    name: str
    chinese: str
    read: Callable[[str], str | date]


def _number(read: Callable[[str], str], text: str) -> str:
    try:
        return read(text)
    except numbers.NotSuchANumber as refused:
        raise BadCell(refused.fault, kind=refused.kind, **refused.facts) from None


def _name(longest: int, text: str) -> str:
    """A text for people: emoji stay, invisible characters go, a line break becomes a space."""
    if not text.isprintable():
        text = text.translate(signs.NAME).strip()
        for place, sign in enumerate(text, start=1):
            if not sign.isprintable() and ord(sign) not in signs.UNSEEN:
                raise BadCell(LineFault.CONTROL_SIGN, sign=sign, place=place)
    if len(text) > longest:
        raise BadCell(LineFault.TEXT_TOO_LONG, longest=longest)
    return text


def _code(text: str) -> str:
    """A code of ours or the merchant's, without what a spreadsheet has put around it."""
    return _name(40, text.translate(signs.PLAIN).strip(f" {MARKS}"))


def _day(text: str) -> date:
    return _day_of(text if text.isascii() else text.translate(signs.ALIKE))


@lru_cache(maxsize=4096)
def _day_of(text: str) -> date:
    day, _space, moment = text.strip(f" {MARKS}").replace("T", " ").partition(" ")
    found = DAY.fullmatch(day.translate(DATE_SEPARATORS))
    if COUNT_OF_DAYS.fullmatch(day):
        raise BadCell(LineFault.COUNT_OF_DAYS)
    if not found:
        raise BadCell(LineFault.NOT_A_DATE)
    if moment and not WHOLE_DAY.fullmatch(moment.strip()):
        raise BadCell(LineFault.NOT_A_WHOLE_DAY)
    try:
        on = date(*(int(part) for part in found.groups() if part))
    except ValueError:
        raise BadCell(LineFault.NOT_A_DATE) from None
    if not EARLIEST <= on < LATEST:
        raise BadCell(LineFault.NOT_A_DATE)
    return on


def _state(text: str) -> str:
    try:
        return STATES[text.translate(signs.PLAIN).strip(f" {MARKS}").casefold()]
    except KeyError:
        raise BadCell(LineFault.NOT_A_STATE, known=tuple(STATES)) from None


def _password(text: str) -> str:
    password = passwords.given(text)
    if not passwords.SHAPE.fullmatch(password):
        raise BadCell(LineFault.NOT_A_PASSWORD)
    return password


COLUMNS = (
    Column("iccid", "卡号", partial(_number, numbers.iccid_of)),
    Column("msisdn", "接入号", partial(_number, numbers.msisdn_of)),
    Column("carrier_account", "运营商账户", _code),
    Column("state", "状态", _state),
    Column("first_day", "开通日", _day),
    Column("last_day", "到期日", _day),
    Column("terminal_sn", "终端序列号", partial(_number, numbers.serial_number_of)),
    Column("terminal_brand", "终端品牌", partial(_name, 60)),
    Column("terminal_model", "终端型号", partial(_name, 60)),
    Column("imei", "设备识别码", partial(_number, numbers.imei_of)),
    Column("merchant_code", "商户编号", _code),
    Column("merchant_name", "商户名称", partial(_name, 200)),
    Column("service_password", "服务密码", _password),
)
READERS: Mapping[str, Callable[[str], str | date]] = {column.name: column.read for column in COLUMNS}
HEADINGS: Mapping[str, str] = {heading: column.name for column in COLUMNS for heading in (column.name, column.chinese)}
NEEDED = ("iccid",)
