"""Billing periods: civil dates, half-open, with the anchor day kept apart from the computed date."""

from calendar import monthrange
from datetime import date, timedelta

SHORTEST_MONTH = 28  # days, which every month has


def add_months(on: date, months: int, *, anchor_day: int) -> date:
    """The date `months` later on the anchor day, or on the month's last day where it is shorter.

    31 January with anchor 31: one month gives 28 February, two give 31 March. Adding month by month from the
    result, with the same anchor, gives the same dates.
    """
    month_index = on.year * 12 + on.month - 1 + months
    year, month = divmod(month_index, 12)
    day = anchor_day if anchor_day <= SHORTEST_MONTH else min(anchor_day, monthrange(year, month + 1)[1])
    return date(year, month + 1, day)


def add_term(on: date, *, months: int, days: int, anchor_day: int) -> date:
    """The exclusive end of a period of `months` and `days` that starts on `on`."""
    end = add_months(on, months, anchor_day=anchor_day) if months else on
    return end + timedelta(days=days)


def first_of_next_month(on: date) -> date:
    """The first day of the calendar month after `on`."""
    return date(on.year + on.month // 12, on.month % 12 + 1, 1)
