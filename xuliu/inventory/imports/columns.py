"""The columns an import file may have, as data: headings, and how each cell is read."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from xuliu.inventory import passwords, shapes
from xuliu.inventory.models import Sim

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)

NOT_AN_ICCID = _("an ICCID has 18 to 20 digits or capital letters")
NOT_AN_MSISDN = _("an MSISDN has 7 to 15 digits")
NOT_AN_IMEI = _("an IMEI has 15 digits, of which the last must fit the others; 14 or 16 digits are taken as well")
ROUNDED = _("a spreadsheet has rounded this number; export it again with the column formatted as text")
NOT_A_DATE = _("this is no date such as 2026-12-31 between the years 2000 and 2099")
NOT_A_STATE = _("this is no state; there are: %(known)s")
TOO_LONG = _("this is longer than %(longest)s characters")
CONTROL = _("this contains a control character")
NOT_A_PASSWORD = _("a service password has 4 to 32 letters, digits or signs without spaces")

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


def _shaped(reason: Promise, shape: Callable[[str], str], text: str) -> str:
    try:
        return shape(text)
    except shapes.Rounded:
        raise BadCell(ROUNDED) from None
    except shapes.WrongShape:
        raise BadCell(reason) from None


def _plain(longest: int, text: str) -> str:
    if len(text) > longest:
        raise BadCell(TOO_LONG, longest=longest)
    if not text.isprintable() and any(unicodedata.category(sign) in ("Cc", "Cs") for sign in text):
        raise BadCell(CONTROL)
    return text


def _serial_number(text: str) -> str:
    return _plain(40, _shaped(ROUNDED, shapes.serial_number_of, text))


@lru_cache(maxsize=4096)
def _day(text: str) -> date:
    try:
        year, month, day = (int(part) for part in text.replace("/", "-").split("-"))
        on = date(year, month, day)
    except ValueError:
        raise BadCell(NOT_A_DATE) from None
    if not EARLIEST <= on < LATEST:
        raise BadCell(NOT_A_DATE)
    return on


def _state(text: str) -> str:
    try:
        return STATES[text.casefold()]
    except KeyError:
        raise BadCell(NOT_A_STATE, known=", ".join(STATES)) from None


def _password(text: str) -> str:
    if not passwords.SHAPE.fullmatch(text):
        raise BadCell(NOT_A_PASSWORD)
    return text


COLUMNS = (
    Column("iccid", "卡号", partial(_shaped, NOT_AN_ICCID, shapes.iccid_of), "the SIM's number; needed"),
    Column("msisdn", "接入号", partial(_shaped, NOT_AN_MSISDN, shapes.msisdn_of), "its number in the network"),
    Column(
        "carrier_account", "运营商账户", partial(_plain, 40), "our account at the carrier, by its code (or --account)"
    ),
    Column("state", "状态", _state, "a state; left out: active in a terminal, else in_stock"),
    Column("first_day", "开通日", _day, "first day of the service period, such as 2026-01-31"),
    Column("last_day", "到期日", _day, "last day served, such as 2027-01-30"),
    Column("terminal_sn", "终端序列号", _serial_number, "serial number of the terminal that the SIM is in"),
    Column("terminal_brand", "终端品牌", partial(_plain, 60), "the terminal's maker; needed with terminal_sn"),
    Column("terminal_model", "终端型号", partial(_plain, 60), "the terminal's model; needed with terminal_sn"),
    Column("imei", "设备识别码", partial(_shaped, NOT_AN_IMEI, shapes.imei_of), "the terminal's IMEI, 14 to 16 digits"),
    Column("merchant_code", "商户编号", partial(_plain, 40), "the merchant, by our code"),
    Column("merchant_name", "商户名称", partial(_plain, 200), "the merchant's name"),
    Column("service_password", "服务密码", _password, "the SIM's service password; kept so that nobody can read it"),
)
READERS: Mapping[str, Callable[[str], str | date]] = {column.name: column.read for column in COLUMNS}
HEADINGS: Mapping[str, str] = {heading: column.name for column in COLUMNS for heading in (column.name, column.chinese)}
NEEDED = ("iccid",)
