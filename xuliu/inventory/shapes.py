"""The numbers printed on cards and devices: what they look like, and their check digits. Pure.

ICCID: ITU-T E.118; MSISDN: E.164; IMEI: 3GPP TS 23.003. What is read is what is stored: no spaces, upper case.
"""

import re
import unicodedata

ICCID = re.compile(r"[0-9A-Z]{18,20}")
MSISDN = re.compile(r"[0-9]{7,15}")
IMEI = re.compile(r"[0-9]{14,16}")
ROUNDED = re.compile(r"[0-9]([.,][0-9]+)?E\+?[0-9]+")
PADDED = re.compile(r"[0-9]{19}F")

# The first six digits propose a carrier; the file or the carrier itself decides.
PREFIXES = {
    "china-mobile": ("898600", "898602", "898604", "898607", "898608", "898613"),
    "china-unicom": ("898601", "898606", "898609"),
    "china-telecom": ("898603", "898611"),
    "china-broadnet": ("898615",),
}
_PROPOSED = {prefix: code for code, prefixes in PREFIXES.items() for prefix in prefixes}
_DOUBLED = str.maketrans("0123456789", "0246813579")


class WrongShape(ValueError):
    """The text cannot be such a number."""


class Rounded(WrongShape):
    """A spreadsheet took the number for a quantity and rounded it (8.98604E+19): its last digits are lost."""


def compact(text: str) -> str:
    """Full-width characters made plain, spaces and dashes taken out, upper case."""
    if text.isascii() and text.isalnum():
        return text.upper()
    return "".join(unicodedata.normalize("NFKC", text).split()).replace("-", "").upper()


def iccid_of(text: str) -> str:
    """The ICCID, 18–20 characters [0-9A-Z], without the F that pads 19 digits on a chip. Raises WrongShape, Rounded."""
    iccid = compact(text)
    if PADDED.fullmatch(iccid):
        return iccid[:-1]
    return _matched(ICCID, iccid)


def msisdn_of(text: str) -> str:
    """The MSISDN, 7–15 digits without a leading +. Raises WrongShape, Rounded."""
    return _matched(MSISDN, compact(text).removeprefix("+"))


def imei_of(text: str) -> str:
    """The IMEI, 15 digits; 14 (no check digit) or 16 (with version) are brought to it. Raises WrongShape, Rounded."""
    digits = _matched(IMEI, compact(text))
    whole = digits[:14] + luhn_digit(digits[:14])
    if len(digits) == 15 and digits != whole:
        raise WrongShape(digits)
    return whole


def serial_number_of(text: str) -> str:
    """A terminal's serial number. Raises Rounded."""
    serial_number = compact(text)
    if ROUNDED.fullmatch(serial_number) and "+" in serial_number:
        raise Rounded(serial_number)
    return serial_number


def luhn_digit(digits: str) -> str:
    """The check digit that belongs behind these digits (ISO/IEC 7812-1)."""
    doubled, plain = digits[-1::-2].translate(_DOUBLED).encode("ascii"), digits[-2::-2].encode("ascii")
    return str((ord("0") * len(digits) - sum(doubled) - sum(plain)) % 10)


def fails_luhn(iccid: str) -> bool:
    """Whether an ICCID of digits alone ends in another digit than Luhn's. Many issuers use none: a hint, no more."""
    return iccid.isdecimal() and luhn_digit(iccid[:-1]) != iccid[-1]


def proposed_carrier(iccid: str) -> str | None:
    """The code of the carrier whose ICCIDs begin like this, where the beginning is known."""
    return _PROPOSED.get(iccid[:6])


def _matched(shape: re.Pattern[str], text: str) -> str:
    if shape.fullmatch(text):
        return text
    raise (Rounded if ROUNDED.fullmatch(text) else WrongShape)(text)
