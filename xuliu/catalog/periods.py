"""When a purchase starts and ends. Pure: half-open civil dates in the carrier account's zone."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Protocol, Self

from xuliu.common.dates import add_term, first_of_next_month


class NoRunningPeriod(ValueError):
    """Add-on data needs a running period: the SIM must be renewed first."""


class Timed(Protocol):
    """Something with terms: an Offering."""

    kind: str
    months: int
    days: int
    starts: str
    after_expiry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an offering says about time, in the words of `catalog.models.Offering`; an add-on has no term of its own."""

    kind: str
    months: int = 0
    days: int = 0
    starts: str = "end_of_current"
    after_expiry: str = "today"

    @classmethod
    def of(cls, offering: Timed) -> Self:
        """The terms of an offering."""
        return cls(
            kind=offering.kind,
            months=offering.months,
            days=offering.days,
            starts=offering.starts,
            after_expiry=offering.after_expiry,
        )


@dataclass(frozen=True, slots=True)
class Period:
    """`ends_on` is exclusive. `anchor_day` is the day of the month (1–31) that the next renewal goes back to."""

    starts_on: date
    ends_on: date
    anchor_day: int


def period_for(terms: Terms, *, period_end_on: date | None, today: date, anchor_day: int | None) -> Period:
    """The period bought with these terms today, if the present one ends on `period_end_on` (exclusive; None: none).

    A renewal never shortens service already paid for: it ends no earlier than the period before it. A renewal counted
    from an old end may be over before today; see `ends_on`. Raises NoRunningPeriod for an add-on without a period.
    """
    if terms.kind == "add_on":
        if period_end_on is None or period_end_on <= today:
            raise NoRunningPeriod("the SIM has no running period to add data to")
        return Period(today, period_end_on, anchor_of(period_end_on, anchor_day))
    starts_on = _start(terms, period_end_on, today)
    stacks = starts_on == period_end_on
    anchor = anchor_of(starts_on, anchor_day if stacks else None)
    ends_on = add_term(starts_on, months=terms.months, days=terms.days, anchor_day=anchor)
    if period_end_on is not None and period_end_on > ends_on:
        return Period(starts_on, period_end_on, anchor_of(period_end_on, anchor_day))
    return Period(starts_on, ends_on, anchor_of(ends_on, anchor))


def anchor_of(on: date, known: int | None) -> int:
    """The anchor day of a period that ends on `on`: the known one if it can lead there, else the day itself.

    28 February goes with 28, 29, 30 and 31; 15 March with 15 alone.
    """
    if known is not None and min(known, monthrange(on.year, on.month)[1]) == on.day:
        return known
    return on.day


def _start(terms: Terms, period_end_on: date | None, today: date) -> date:
    runs = period_end_on is not None and period_end_on > today
    if terms.starts == "next_month":
        return _first_on_or_after(period_end_on) if runs and period_end_on else first_of_next_month(today)
    if period_end_on is None or terms.starts == "now":
        return today
    if runs or terms.after_expiry == "old_end":
        return period_end_on
    return today


def _first_on_or_after(on: date) -> date:
    return on if on.day == 1 else first_of_next_month(on)
