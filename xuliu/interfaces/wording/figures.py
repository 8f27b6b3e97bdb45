"""Figures as people read them: amounts, sizes, days, instants and spans of time. A dash stands for an unknown one."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.timezone import get_current_timezone
from django.utils.translation import get_language, gettext, ngettext

from xuliu.common.clock import civil_date
from xuliu.common.money import decimal_text

NONE = "–"
SIGNS = {"CNY": "¥", "EUR": "€", "USD": "$", "GBP": "£"}
MINUTE, HOUR, DAY = 60, 3600, 86400
NO_BREAK = "\u00a0"
FIGURE_AND_UNIT = re.compile(r"(?<=\d) (?=\S)")
UNITS = ((3, "GB"), (2, "MB"), (1, "KB"))
A_LONG_TIME_AGO = timedelta(days=2)


def amount(amount_minor: int | None, currency: str) -> str:
    """`¥36.00`; a currency without a sign of its own keeps its letters: `CHF 36.00`."""
    if amount_minor is None:
        return NONE
    minus = "−" if amount_minor < 0 else ""
    return f"{minus}{SIGNS.get(currency, f'{currency} ')}{decimal_text(abs(amount_minor))}"


def size(size_bytes: int, *, like: int | None = None) -> str:
    """`198 MB`, `1.5 GB`: for people reading what they bought. `like` is the size granted.

    Carriers sell either 300 × 1024² bytes or 500 × 1000² and call both MB; a round number of the latter is counted so.
    """
    base = _base(size_bytes if like is None else like)
    power, unit = next(((power, unit) for power, unit in UNITS[:2] if abs(size_bytes) >= base**power), UNITS[1])
    value = size_bytes / base**power
    return f"{f'{value:.1f}' if abs(value) < 10 else f'{value:.0f}'}".removesuffix(".0") + f"{NO_BREAK}{unit}"


def exact_size(size_bytes: int | None) -> str:
    """`198.4 MB`, `12 KB`, `7 B`: for people comparing two sizes. Counted as `size` counts."""
    if size_bytes is None:
        return NONE
    base = _base(size_bytes)
    for power, unit in UNITS:
        if abs(size_bytes) >= base**power:
            return f"{size_bytes / base**power:.1f}".removesuffix(".0") + f"{NO_BREAK}{unit}"
    return f"{size_bytes}{NO_BREAK}B"


def _base(size_bytes: int) -> int:
    is_decimal = size_bytes > 0 and size_bytes % 1000**2 == 0 and size_bytes % 1024**2 != 0
    return 1000 if is_decimal else 1024


def day(on: date | None) -> str:
    """`2026-11-20`."""
    return NONE if on is None else on.isoformat()


def last_day(ends_on: date | None) -> str:
    """The last day served of a period whose end is exclusive."""
    return NONE if ends_on is None else day(ends_on - timedelta(days=1))


def localised(texts: Any, *, default: str = NONE) -> str:
    """A {locale: text}, or the `name` of a carrier, seller or plan, in the reader's language; in Chinese where it has
    none of that. A figure never parts from its unit."""
    texts = texts if isinstance(texts, Mapping) else getattr(texts, "name", texts)
    if not isinstance(texts, Mapping):
        return default if texts is None else str(texts)
    return FIGURE_AND_UNIT.sub(NO_BREAK, str(texts.get(get_language() or "zh-hans") or texts.get("zh-hans", default)))


def instant(at: datetime | None, *, zone: str | tzinfo | None = None) -> str:
    """`2026-11-20 10:24:05`, in the active zone unless another is given."""
    return NONE if at is None else f"{_there(at, zone):%Y-%m-%d %H:%M:%S}"


def clock_time(at: datetime, *, zone: str | tzinfo | None = None) -> str:
    """`10:24:05`."""
    return f"{_there(at, zone):%H:%M:%S}"


def minute_time(at: datetime, *, zone: str | tzinfo | None = None) -> str:
    """`10:24`."""
    return f"{_there(at, zone):%H:%M}"


def moment(at: datetime, *, zone: str, now: datetime) -> str:
    """`today 10:24`, `yesterday 10:24` or `2026-11-20 10:24`."""
    on, today, time = civil_date(at, zone), civil_date(now, zone), minute_time(at, zone=zone)
    if on == today:
        return gettext("today %(time)s") % {"time": time}
    if on == today - timedelta(days=1):
        return gettext("yesterday %(time)s") % {"time": time}
    return f"{day(on)} {time}"


def ago(at: datetime, *, now: datetime) -> str:
    """`just now`, `18 minutes ago`, `3 hours ago`, `5 days ago`."""
    seconds = max(0, int((now - at).total_seconds()))
    if seconds < MINUTE:
        return gettext("just now")
    if seconds < HOUR:
        return ngettext("%(count)s minute ago", "%(count)s minutes ago", seconds // MINUTE) % {
            "count": seconds // MINUTE
        }
    if now - at < A_LONG_TIME_AGO:
        return ngettext("%(count)s hour ago", "%(count)s hours ago", seconds // HOUR) % {"count": seconds // HOUR}
    days = (now - at).days
    return ngettext("%(count)s day ago", "%(count)s days ago", days) % {"count": days}


def age(at: datetime | None, *, now: datetime) -> str:
    """An age in a column: `40 s`, `12 min`, `3 h`, `5 days`."""
    if at is None:
        return NONE
    seconds = max(0, int((now - at).total_seconds()))
    if seconds < MINUTE:
        return gettext("%(count)s s") % {"count": seconds}
    if seconds < HOUR:
        return gettext("%(count)s min") % {"count": seconds // MINUTE}
    if now - at < A_LONG_TIME_AGO:
        return gettext("%(count)s h") % {"count": seconds // HOUR}
    return days(seconds // DAY)


def span(seconds: float) -> str:
    """`40 seconds`, `3 minutes`, `2 hours`; rounded up to a natural unit, and never 0."""
    if seconds <= 90:
        count = max(5, -(-int(seconds) // 5) * 5)
        return ngettext("%(count)s second", "%(count)s seconds", count) % {"count": count}
    if seconds <= 90 * MINUTE:
        count = -(-int(seconds) // MINUTE)
        return ngettext("%(count)s minute", "%(count)s minutes", count) % {"count": count}
    count = -(-int(seconds) // HOUR)
    return ngettext("%(count)s hour", "%(count)s hours", count) % {"count": count}


def days(count: int) -> str:
    """`1 day`, `5 days`."""
    return ngettext("%(count)s day", "%(count)s days", count) % {"count": count}


def _there(at: datetime, zone: str | tzinfo | None) -> datetime:
    return at.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone or get_current_timezone())
