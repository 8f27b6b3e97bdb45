"""Reads numbers of cards and terminals as people, spreadsheets, modems and stickers write them. Pure.

ICCID: ITU-T E.118; MSISDN: E.164; IMEI: 3GPP TS 23.003. One reader for files, pages, console and commands, so that all
accept the same forms. What surrounds a number is ignored: invisible characters, spaces, dashes, full width, quotation
and text marks, names (`ICCID:`, `卡号：`), a modem's `+CCID:`, the F that pads 19 digits on a chip, + and 00 before a
country code. What would have to be guessed (O for 0, rounded or swapped digits) is refused with a reason. The result is
the stored form: no spaces or dashes, upper case; reading it again changes nothing.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from xuliu.carrier.contract import luhn_digit
from xuliu.common import signs

LONGEST_TEXT = 120
LONGEST_SERIAL_NUMBER = 40

_ICCID = re.compile(r"[0-9A-Z]{18,20}")
_PADDED = re.compile(r"[0-9]{19}F|[0-9]{18}FF")
_ROUNDED = re.compile(r"[0-9]([.,][0-9]{1,40})?E\+?[0-9]{1,3}")
_DECIMAL = re.compile(r"([0-9]{1,40})\.0{1,9}")
_FORMULA = re.compile(r"[=@] {0,9}[A-Z$\[]|[=@] {0,9}[0-9.]{1,40} {0,9}[-+*/&(]|[-+] {0,9}[A-Z]{1,40}\(")
LOOKALIKES = {"O": "0", "I": "1", "L": "1"}
EXACT_DIGITS = 15  # the digits a spreadsheet keeps

# Labels that people and modems write before a number, longest first. A label in Latin letters must be separated from
# a serial number, which may begin the same (SN12345); before numbers of digits it need not be.
_LABELS = sorted(
    """ICCID|+ICCID|^ICCID|CCID|+CCID|+QCCID|+CICCID|ICC-ID|ICC ID|SIM|SIM NO|SIM NO.|CARD|CARD NO|CARD NO.|CARD NUMBER
    |SN|S/N|SERIAL|SERIAL NO|SERIAL NO.|SERIAL NUMBER|TERMINAL|TERMINAL SN|MSISDN|TEL|TEL.|PHONE|MOBILE|NUMBER|NO|NO.|№
    |IMEI|+CGSN|+GSN|卡号|卡號|ICCID号|ICCID卡号|ICCID码|SIM卡号|SIM卡|物联网卡号|物联卡号|流量卡号|序列号|序列號|终端序列号
    |设备序列号|机身序列号|机具序列号|SN号|SN码|机身号|机身码|终端号|设备号|机具号|接入号|接入号码|手机号|手机号码|电话|电话号码
    |号码|號碼|编号|IMEI号|设备识别码""".replace("\n    ", "").split("|"),
    key=len,
    reverse=True,
)
_ENDS = " '=,;."

# The first six digits suggest a carrier; the file or the carrier itself decides.
PREFIXES = {
    "china-mobile": ("898600", "898602", "898604", "898607", "898608", "898613"),
    "china-unicom": ("898601", "898606", "898609"),
    "china-telecom": ("898603", "898611"),
    "china-broadnet": ("898615",),
}
_PROPOSED = {prefix: code for code, prefixes in PREFIXES.items() for prefix in prefixes}


class Kind(StrEnum):
    """What a number is read as."""

    ICCID = "iccid"
    MSISDN = "msisdn"
    IMEI = "imei"
    SERIAL_NUMBER = "serial_number"


class NumberFault(StrEnum):
    """Why a text is not such a number; `interfaces.wording.numbers` has the sentences."""

    LENGTH = "length"  # count
    SIGN = "sign"  # sign, place
    LOOKALIKE = "lookalike"  # letter, digit, place
    ROUNDED = "rounded"  # a spreadsheet made it a quantity (8.98604E+19): its last digits are lost
    FORMULA = "formula"  # a spreadsheet's formula: its result is not in the file
    SWAPPED = "swapped"  # perhaps: pairs of digits swapped, as stored on a chip
    CHECK_DIGIT = "check_digit"


class NotSuchANumber(ValueError):
    """The text is not a number of that kind. Places are counted from 1 within the bare number."""

    def __init__(self, kind: Kind, fault: NumberFault, **facts: object) -> None:
        super().__init__(f"{kind}: {fault} {facts}")
        self.kind = kind
        self.fault = fault
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Readings:
    """Everything a text may be; "" if it is not of that kind. `why_none` is worth showing if nothing is found."""

    iccid: str
    msisdn: str
    serial_number: str
    why_none: NotSuchANumber | None


def iccid_of(text: str) -> str:
    """The ICCID, 18 to 20 characters [0-9A-Z]. Raises NotSuchANumber."""
    iccid = text if _ICCID.fullmatch(text) else _bare(Kind.ICCID, text)
    if _PADDED.fullmatch(iccid):
        iccid = iccid.rstrip("F")
    _expect_signs(Kind.ICCID, iccid, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    _expect_no_lookalike(Kind.ICCID, iccid)
    if not 18 <= len(iccid) <= 20:
        raise NotSuchANumber(Kind.ICCID, NumberFault.LENGTH, count=len(iccid))
    if iccid.startswith("98"):  # every ICCID begins with 89
        raise NotSuchANumber(Kind.ICCID, NumberFault.SWAPPED, perhaps=_swapped(iccid))
    return iccid


def msisdn_of(text: str) -> str:
    """The MSISDN, 7 to 15 digits without + or 00, with or without country code. Raises NotSuchANumber."""
    digits = _bare(Kind.MSISDN, text).removeprefix("+")
    if decimal := _DECIMAL.fullmatch(digits):
        digits = decimal[1]
    while digits.startswith("00"):
        digits = digits[2:]
    _expect_no_lookalike(Kind.MSISDN, digits)
    _expect_signs(Kind.MSISDN, digits, "0123456789")
    if not 7 <= len(digits) <= 15:
        raise NotSuchANumber(Kind.MSISDN, NumberFault.LENGTH, count=len(digits))
    return digits


def imei_of(text: str) -> str:
    """The IMEI, 15 digits; 14 (no check digit) or 16 (with version) are converted. Raises NotSuchANumber."""
    digits = text if text.isascii() and text.isdecimal() else _bare(Kind.IMEI, text)
    _expect_no_lookalike(Kind.IMEI, digits)
    _expect_signs(Kind.IMEI, digits, "0123456789")
    if not 14 <= len(digits) <= 16:
        raise NotSuchANumber(Kind.IMEI, NumberFault.LENGTH, count=len(digits))
    whole = digits[:14] + luhn_digit(digits[:14])
    if len(digits) == 15 and digits != whole:
        raise NotSuchANumber(Kind.IMEI, NumberFault.CHECK_DIGIT)
    return whole


def serial_number_of(text: str) -> str:
    """A terminal's serial number, at most 40 characters. Raises NotSuchANumber."""
    if text.isascii() and text.isalnum() and len(text) <= LONGEST_SERIAL_NUMBER:
        return text.upper()
    serial_number = _bare(Kind.SERIAL_NUMBER, text)
    if decimal := _DECIMAL.fullmatch(serial_number):
        serial_number = decimal[1]
    for place, sign in enumerate(serial_number, start=1):
        # Letters of other alphabets may look like ours; Han characters do not.
        if not (" " < sign <= "~" or (sign >= "\u2e80" and sign.isprintable())):
            raise NotSuchANumber(Kind.SERIAL_NUMBER, NumberFault.SIGN, sign=sign, place=place)
    if not 1 <= len(serial_number) <= LONGEST_SERIAL_NUMBER:
        raise NotSuchANumber(Kind.SERIAL_NUMBER, NumberFault.LENGTH, count=len(serial_number))
    return serial_number


def readings(text: str) -> Readings:
    """What a text of unknown kind may be."""
    iccid, refused = _tried(iccid_of, text)
    is_worth_saying = refused and (
        refused.fault in (NumberFault.LOOKALIKE, NumberFault.ROUNDED, NumberFault.FORMULA, NumberFault.SWAPPED)
        or (refused.fault is NumberFault.SIGN and not "!" <= str(refused.facts["sign"]) <= "~")
    )
    return Readings(
        iccid=iccid,
        msisdn=_tried(msisdn_of, text)[0],
        serial_number=_tried(serial_number_of, text)[0],
        why_none=refused if is_worth_saying else None,
    )


def beginning_of(text: str) -> str:
    """The beginning of a number, in stored form; unchanged if it cannot be read."""
    try:
        return _bare(Kind.SERIAL_NUMBER, text).removeprefix("+")
    except NotSuchANumber:
        return text


def fails_luhn(iccid: str) -> bool:
    """Whether an all-digit ICCID fails Luhn's check. Many issuers use none, so it is only a hint."""
    return iccid.isdecimal() and luhn_digit(iccid[:-1]) != iccid[-1]


def is_round(number: str) -> bool:
    """Whether a spreadsheet may have rounded it to 15 digits: all later ones are 0."""
    return len(number) >= 18 and not number[EXACT_DIGITS:].strip("0") and number.isdecimal()


def proposed_carrier(iccid: str) -> str | None:
    """The code of the carrier whose ICCIDs begin like this, if known."""
    return _PROPOSED.get(iccid[:6])


def _tried(read: Callable[[str], str], text: str) -> tuple[str, NotSuchANumber | None]:
    try:
        return read(text), None
    except NotSuchANumber as refused:
        return "", refused


def _bare(kind: Kind, text: str) -> str:
    """The bare number. Removing something may uncover more, so this repeats until nothing changes."""
    if len(text) > LONGEST_TEXT:
        raise NotSuchANumber(kind, NumberFault.LENGTH, count=len(text))
    is_serial = kind is Kind.SERIAL_NUMBER
    text = text.upper().translate(signs.ALIKE)
    if _FORMULA.match(text.strip(" '")):
        raise NotSuchANumber(kind, NumberFault.FORMULA)
    while True:
        bare = _without_label(_without_ends(text), is_apart=is_serial)
        if not is_serial:
            bare = bare.removesuffix(" OK").replace("(", "").replace(")", "")  # a modem's trailing OK; +86 (1440) …
        if bare == text:
            bare = text.replace(" ", "").replace("-", "")
        if bare == text:
            break
        text = bare
    decimal = _DECIMAL.fullmatch(text)
    is_lost = decimal is not None and (len(decimal[1]) > EXACT_DIGITS or kind is Kind.ICCID)
    if is_lost or (_ROUNDED.fullmatch(text) and ("+" in text or not is_serial)):
        raise NotSuchANumber(kind, NumberFault.ROUNDED)
    return text


def _without_ends(text: str) -> str:
    text = text.strip(_ENDS).lstrip("#")
    is_bracketed = text[:1] + text[-1:] in ("()", "[]", "<>", "{}")
    return text[1:-1] if is_bracketed else text


def _without_label(text: str, *, is_apart: bool) -> str:
    for label in _LABELS:
        if text.startswith(label):
            after = text[len(label) : len(label) + 1]
            if (after and after in ":= #.") or not label[-1].isascii() or (after.isdecimal() and not is_apart):
                return text[len(label) :].lstrip(" :=#.")
    return text


def _expect_signs(kind: Kind, number: str, known: str) -> None:
    for place, sign in enumerate(number, start=1):
        if sign not in known:
            raise NotSuchANumber(kind, NumberFault.SIGN, sign=sign, place=place)


def _expect_no_lookalike(kind: Kind, number: str) -> None:
    for place, letter in enumerate(number, start=1):
        if letter in LOOKALIKES:
            raise NotSuchANumber(kind, NumberFault.LOOKALIKE, letter=letter, digit=LOOKALIKES[letter], place=place)


def _swapped(number: str) -> str:
    pairs = (number[place : place + 2] for place in range(0, len(number), 2))
    return "".join(pair[::-1] for pair in pairs).rstrip("F")
