"""Limits on values from outside. No Django, no models.

A number or date out of range counts as missing (None) and is not moved to the nearest bound. A text is cut. A name is
useless unless whole, so it counts as missing if it is too long or has invalid characters. A wait is an hour at most.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal, DecimalException
from json import JSONDecoder
from math import isfinite
from typing import Any

from xuliu.common.clock import civil_date

MOST_BYTES = 10**15  # a petabyte: no SIM has as much
MOST_DIGITS = 30  # digits of a number in JSON; longer ones are none of ours
DEEPEST = 60  # objects and lists within each other; what honest peers say is six deep
LONGEST_WAIT_SECONDS = 3600.0
NO_WAIT_SECONDS = 86_400.0  # from here on it is an instant or nonsense, not a wait
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)


def read_json(body: bytes) -> Any:
    """The body as JSON; a number that is none or too long to be one is None. Raises ValueError, also where it is nested
    deeper than anybody could mean."""
    try:
        said = _JSON.decode(body.decode("utf-8-sig"))
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not _is_shallow(said):
        raise ValueError("nested too deep")
    return said


def whole(value: Any, *, most: int, least: int = 0) -> int | None:
    """A whole number between the two, both included; None for another, a float, a text and a bool."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and least <= value <= most else None


def amount(value: Any, *, unit: int, most: int) -> int | None:
    """A number, or one in a text, times `unit`, as a whole number from 0 to `most`; None for whatever else it is."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or not _is_short(value):
        return None
    text = str(value).strip()
    if not text.isascii() or "_" in text:  # Decimal reads digits of any script, and "1_0"
        return None
    try:
        found = Decimal(text)
    except DecimalException:
        return None
    if not found.is_finite() or not 0 <= found <= most:
        return None
    scaled = int(found * unit)
    return scaled if scaled <= most else None


def day(value: Any) -> date | None:
    """A civil date of this and the next century; None for another and for what is no date (an instant is none)."""
    is_date = isinstance(value, date) and not isinstance(value, datetime)
    return value if is_date and FIRST_DAY <= value <= LAST_DAY else None


def moment(value: Any) -> datetime | None:
    """An aware instant of this and the next century, in UTC; None for another, for one without a zone and for none."""
    if not isinstance(value, datetime) or value.tzinfo is None or not FIRST_DAY.year < value.year < LAST_DAY.year:
        return None
    return value.astimezone(UTC)


def moment_in(text: Any, *, zone: tzinfo | None) -> datetime | None:
    """The instant in an ISO 8601 text, in UTC; `zone` is meant where it names none. None where there is no such one."""
    if not isinstance(text, str) or len(text) > 40:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment(found.replace(tzinfo=zone) if found.tzinfo is None else found)


def words(value: Any, *, most: int) -> str:
    """A text for people and tables: at most so many signs, each of which can be seen or is a space."""
    if not isinstance(value, str) or not value:
        return ""
    text = value[:most]
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else " " for sign in text)
    return text.strip()


def name(value: Any, *, most: int) -> str:
    """A number, code or token that must come whole; "" where it is too long or holds what cannot be seen."""
    if not isinstance(value, str) or not value:
        return ""
    text = value.strip(" ")
    return text if len(text) <= most and text.isprintable() else ""


def wait_seconds(value: Any) -> float | None:
    """How long somebody asks us to wait: seconds, as a number or in ASCII digits, an hour at the most; None where they
    say none (a date, an instant in seconds since 1970, less than nothing)."""
    if isinstance(value, str):
        text = value.strip()
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < NO_WAIT_SECONDS:
        return None
    return min(float(value), LONGEST_WAIT_SECONDS)


def first_day_not_served(end: datetime, zone: str) -> date | None:
    """The exclusive end, where `end` is the last second served (23:59:59) or the first that is not (00:00:00)."""
    if moment(end) is None:
        return None
    return day(civil_date(end - timedelta(seconds=1), zone) + timedelta(days=1))


def _is_short(value: int | float | str) -> bool:
    if isinstance(value, str):
        return len(value.strip()) <= MOST_DIGITS
    return isinstance(value, float) or abs(value) < 10**MOST_DIGITS


def _is_shallow(said: Any) -> bool:
    level = [said]
    for _ in range(DEEPEST):
        inner = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = [each for values in inner for each in values if isinstance(each, dict | list)]
        if not level:
            return True
    return False


def _whole_number(text: str) -> int | None:
    return int(text) if len(text) <= MOST_DIGITS else None


def _number(text: str) -> float | None:
    found = float(text) if len(text) <= MOST_DIGITS else None
    return found if found is not None and isfinite(found) else None


_JSON = JSONDecoder(parse_int=_whole_number, parse_float=_number, parse_constant=lambda _: None)
