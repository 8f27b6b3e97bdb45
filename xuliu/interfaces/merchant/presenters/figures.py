"""Figures as a shopkeeper reads them: money, data, dates and spans of time."""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import get_language, gettext, ngettext

from xuliu.common.clock import civil_date
from xuliu.common.money import decimal_text
from xuliu.party.models import Seller

SIGNS = {"CNY": "¥", "EUR": "€", "USD": "$", "GBP": "£"}
MINUTE, HOUR = 60, 3600
NO_BREAK = "\u00a0"
FIGURE_AND_UNIT = re.compile(r"(?<=\d) (?=\S)")
A_LONG_TIME_AGO = timedelta(days=2)


def money(amount_minor: int, currency: str) -> str:
    """`¥36.00`; a currency without a sign of its own keeps its letters: `CHF 36.00`."""
    text = decimal_text(abs(amount_minor))
    minus = "−" if amount_minor < 0 else ""
    return f"{minus}{SIGNS[currency]}{text}" if currency in SIGNS else f"{minus}{currency} {text}"


def size(size_bytes: int, *, like: int | None = None) -> str:
    """`198 MB`, `1.5 GB`. Counted in thousands where `like` (what was granted) is a round number of them.

    Carriers sell either 300 × 1024² bytes or 500 × 1000² and call both MB; a customer wants to read what they bought.
    """
    base = 1000 if _is_decimal(size_bytes if like is None else like) else 1024
    for power, unit in ((3, "GB"), (2, "MB")):
        if abs(size_bytes) >= base**power:
            return f"{_short(size_bytes / base**power)}{NO_BREAK}{unit}"
    return f"{_short(size_bytes / base**2)}{NO_BREAK}MB"


def _is_decimal(size_bytes: int) -> bool:
    return size_bytes > 0 and size_bytes % 1000**2 == 0 and size_bytes % 1024**2 != 0


def _short(value: float) -> str:
    """One decimal below 10, none above, and no `.0`."""
    text = f"{value:.1f}" if value < 10 else f"{value:.0f}"
    return text.removesuffix(".0")


def last_day(ends_on: date) -> str:
    """The last day served of a period whose end is exclusive, as YYYY-MM-DD."""
    return (ends_on - timedelta(days=1)).isoformat()


def named(name: dict[str, str]) -> str:
    """A name in the reader's language; in Chinese where it has none of that. A figure never parts from its unit."""
    return FIGURE_AND_UNIT.sub(NO_BREAK, name.get(get_language() or "zh-hans") or name["zh-hans"])


def contact(seller: Seller) -> str:
    """Whom to call, in the reader's language where it is given in that."""
    texts = seller.contact_text
    return str(texts.get(get_language() or "zh-hans") or texts.get("zh-hans", ""))


def moment(at: datetime, *, zone: str, now: datetime) -> str:
    """`today 10:24`, `yesterday 10:24` or `2026-11-20 10:24`, in the given zone."""
    there, on, today = at.astimezone(ZoneInfo(zone)), civil_date(at, zone), civil_date(now, zone)
    if on == today:
        return gettext("today %(time)s") % {"time": f"{there:%H:%M}"}
    if on == today - timedelta(days=1):
        return gettext("yesterday %(time)s") % {"time": f"{there:%H:%M}"}
    return f"{there:%Y-%m-%d %H:%M}"


def clock_time(at: datetime, *, zone: str) -> str:
    """`10:24:05` in the given zone."""
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M:%S}"


def minute_time(at: datetime, *, zone: str) -> str:
    """`10:24` in the given zone."""
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M}"


def day_and_time(at: datetime, *, zone: str) -> str:
    """`2026-11-20 10:24:05` in the given zone."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"


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


def span(seconds: float) -> str:
    """`40 seconds`, `3 minutes`, `2 hours`; rounded up to what one would say, and never 0."""
    if seconds <= 90:
        count = max(5, -(-int(seconds) // 5) * 5)
        return ngettext("%(count)s second", "%(count)s seconds", count) % {"count": count}
    if seconds <= 90 * MINUTE:
        count = -(-int(seconds) // MINUTE)
        return ngettext("%(count)s minute", "%(count)s minutes", count) % {"count": count}
    count = -(-int(seconds) // HOUR)
    return ngettext("%(count)s hour", "%(count)s hours", count) % {"count": count}
