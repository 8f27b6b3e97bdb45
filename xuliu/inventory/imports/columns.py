"""The columns an import file may have, as data: headings, and how each cell is read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from xuliu.common import signs
from xuliu.inventory import numbers, passwords, wording
from xuliu.inventory.models import Sim

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)

NOT_A_DATE = _("this is no date such as 2026-12-31 between the years 2000 and 2099")
A_MOMENT = _("a time stands behind this date; a whole day is wanted, such as 2026-12-31")
A_COUNT_OF_DAYS = _("this is a spreadsheet's count of days; export it again with the column formatted as a date")
NOT_A_STATE = _("this is no state; there are: %(known)s")
TOO_LONG = _("this is longer than %(longest)s characters")
CONTROL = _("at place %(place)s stands %(sign)s, which cannot be kept")
NOT_A_PASSWORD = _("a service password has 4 to 32 letters, digits or signs without spaces")

MARKS = "'`´‘’“”\""  # a spreadsheet's sign that a text follows, and quotation marks
DAY = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})|([0-9]{4})([0-9]{2})([0-9]{2})")
# Midnight is what spreadsheets and databases put behind a day; the day's last second is how some say its end.
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
    """The cell cannot be taken; carries the reason for people."""

    def __init__(self, reason: Promise, **facts: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its two headings. `read` makes the stored value of a cell that is not empty, or raises BadCell."""

    name: str
    chinese: str
    read: Callable[[str], str | date]
    what: str


def _number(read: Callable[[str], str], text: str) -> str:
    try:
        return read(text)
    except numbers.NotSuchANumber as refused:
        raise BadCell(wording.template(refused), **refused.facts) from None


def _name(longest: int, text: str) -> str:
    """A text for people: pictures stay, invisible signs go, a line break is a space."""
    if not text.isprintable():
        text = text.translate(signs.NAME).strip()
        for place, sign in enumerate(text, start=1):
            if not sign.isprintable() and ord(sign) not in signs.UNSEEN:
                raise BadCell(CONTROL, sign=signs.named(sign), place=place)
    if len(text) > longest:
        raise BadCell(TOO_LONG, longest=longest)
    return text


def _code(text: str) -> str:
    """A code of ours or of the merchant's: the same whatever a spreadsheet has put around it."""
    return _name(40, text.translate(signs.PLAIN).strip(f" {MARKS}"))


def _day(text: str) -> date:
    return _day_of(text if text.isascii() else text.translate(signs.ALIKE))


@lru_cache(maxsize=4096)
def _day_of(text: str) -> date:
    day, _space, moment = text.strip(f" {MARKS}").replace("T", " ").partition(" ")
    found = DAY.fullmatch(day.translate(DATE_SEPARATORS))
    if COUNT_OF_DAYS.fullmatch(day):
        raise BadCell(A_COUNT_OF_DAYS)
    if not found:
        raise BadCell(NOT_A_DATE)
    if moment and not WHOLE_DAY.fullmatch(moment.strip()):
        raise BadCell(A_MOMENT)
    try:
        on = date(*(int(part) for part in found.groups() if part))
    except ValueError:
        raise BadCell(NOT_A_DATE) from None
    if not EARLIEST <= on < LATEST:
        raise BadCell(NOT_A_DATE)
    return on


def _state(text: str) -> str:
    try:
        return STATES[text.translate(signs.PLAIN).strip(f" {MARKS}").casefold()]
    except KeyError:
        raise BadCell(NOT_A_STATE, known=", ".join(STATES)) from None


def _password(text: str) -> str:
    password = passwords.given(text)
    if not passwords.SHAPE.fullmatch(password):
        raise BadCell(NOT_A_PASSWORD)
    return password


COLUMNS = (
    Column("iccid", "卡号", partial(_number, numbers.iccid_of), "the SIM's number; needed"),
    Column("msisdn", "接入号", partial(_number, numbers.msisdn_of), "its number in the network"),
    Column("carrier_account", "运营商账户", _code, "our account at the carrier, by its code (or --account)"),
    Column("state", "状态", _state, "a state; left out: active in a terminal, else in_stock"),
    Column("first_day", "开通日", _day, "first day of the service period, such as 2026-01-31"),
    Column("last_day", "到期日", _day, "last day served, such as 2027-01-30"),
    Column(
        "terminal_sn",
        "终端序列号",
        partial(_number, numbers.serial_number_of),
        "serial number of the terminal that the SIM is in",
    ),
    Column("terminal_brand", "终端品牌", partial(_name, 60), "the terminal's maker; needed with terminal_sn"),
    Column("terminal_model", "终端型号", partial(_name, 60), "the terminal's model; needed with terminal_sn"),
    Column("imei", "设备识别码", partial(_number, numbers.imei_of), "the terminal's IMEI, 14 to 16 digits"),
    Column("merchant_code", "商户编号", _code, "the merchant, by our code"),
    Column("merchant_name", "商户名称", partial(_name, 200), "the merchant's name"),
    Column("service_password", "服务密码", _password, "the SIM's service password; kept so that nobody can read it"),
)
READERS: Mapping[str, Callable[[str], str | date]] = {column.name: column.read for column in COLUMNS}
HEADINGS: Mapping[str, str] = {heading: column.name for column in COLUMNS for heading in (column.name, column.chinese)}
NEEDED = ("iccid",)
