"""From when to when a purchase runs: chosen days, and properties over any days."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuliu.catalog.periods import NoRunningPeriod, Period, Terms, anchor_of, period_for
from xuliu.common.dates import add_term

TODAY = date(2026, 3, 10)
dates = st.dates(date(2020, 1, 1), date(2060, 12, 31))
anchors = st.none() | st.integers(1, 31)
starts = st.sampled_from(["end_of_current", "now", "next_month"])
after = st.sampled_from(["today", "old_end"])


def renewal(months: int = 0, days: int = 0, starts: str = "end_of_current", after_expiry: str = "today") -> Terms:
    """Terms of a renewal."""
    return Terms(kind="renewal", months=months, days=days, starts=starts, after_expiry=after_expiry)


def test_a_renewal_begins_where_the_running_period_ends() -> None:
    bought = period_for(renewal(months=3), period_end_on=date(2026, 5, 15), today=TODAY, anchor_day=15)

    assert bought == Period(date(2026, 5, 15), date(2026, 8, 15), 15)


def test_monthly_renewals_from_31_january_go_back_to_the_31st() -> None:
    end: date = date(2026, 1, 31)
    anchor: int | None = 31
    ends = []
    for _ in range(4):
        bought = period_for(renewal(months=1), period_end_on=end, today=date(2026, 1, 2), anchor_day=anchor)
        end, anchor = bought.ends_on, bought.anchor_day
        ends.append(end)

    assert ends == [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]


def test_an_expired_sim_is_renewed_from_today_or_from_its_old_end_as_the_offering_says() -> None:
    old_end = date(2026, 2, 28)

    from_today = period_for(renewal(months=1), period_end_on=old_end, today=TODAY, anchor_day=31)
    from_old_end = period_for(
        renewal(months=1, after_expiry="old_end"), period_end_on=old_end, today=TODAY, anchor_day=31
    )

    assert from_today == Period(TODAY, date(2026, 4, 10), 10)
    assert from_old_end == Period(old_end, date(2026, 3, 31), 31)


def test_the_last_day_served_is_still_served() -> None:
    ends_tomorrow = period_for(renewal(months=1), period_end_on=date(2026, 3, 11), today=TODAY, anchor_day=None)
    ended_today = period_for(renewal(months=1), period_end_on=TODAY, today=TODAY, anchor_day=None)

    assert ends_tomorrow.starts_on == date(2026, 3, 11)
    assert ended_today == Period(TODAY, date(2026, 4, 10), 10)


def test_a_sim_without_a_period_begins_today() -> None:
    assert period_for(renewal(months=12), period_end_on=None, today=TODAY, anchor_day=None) == Period(
        TODAY, date(2027, 3, 10), 10
    )


def test_a_renewal_by_calendar_month_begins_on_a_first_of_the_month() -> None:
    terms = renewal(months=1, starts="next_month")

    expired = period_for(terms, period_end_on=date(2026, 1, 1), today=TODAY, anchor_day=1)
    running = period_for(terms, period_end_on=date(2026, 6, 1), today=TODAY, anchor_day=1)
    ends_within_a_month = period_for(terms, period_end_on=date(2026, 6, 12), today=TODAY, anchor_day=12)

    assert expired == Period(date(2026, 4, 1), date(2026, 5, 1), 1)
    assert running == Period(date(2026, 6, 1), date(2026, 7, 1), 1)
    assert ends_within_a_month == Period(date(2026, 7, 1), date(2026, 8, 1), 1)


def test_a_renewal_from_now_does_not_take_away_what_is_paid_for() -> None:
    bought = period_for(renewal(months=1, starts="now"), period_end_on=date(2026, 9, 1), today=TODAY, anchor_day=1)

    assert bought == Period(TODAY, date(2026, 9, 1), 1)


def test_an_add_on_lasts_as_long_as_the_period_it_is_in() -> None:
    bought = period_for(Terms(kind="add_on"), period_end_on=date(2026, 5, 31), today=TODAY, anchor_day=31)

    assert bought == Period(TODAY, date(2026, 5, 31), 31)


@pytest.mark.parametrize("ended", [None, TODAY, date(2026, 3, 1)])
def test_an_add_on_needs_a_period_that_runs(ended: date | None) -> None:
    with pytest.raises(NoRunningPeriod):
        period_for(Terms(kind="add_on"), period_end_on=ended, today=TODAY, anchor_day=None)


@given(end=dates, anchor=anchors, first=st.integers(1, 36), second=st.integers(1, 36), ahead=st.integers(1, 800))
def test_two_renewals_in_a_row_are_one_of_their_whole_term(
    end: date, anchor: int | None, first: int, second: int, ahead: int
) -> None:
    today = end - timedelta(days=ahead)
    one = period_for(renewal(months=first), period_end_on=end, today=today, anchor_day=anchor)
    two = period_for(renewal(months=second), period_end_on=one.ends_on, today=today, anchor_day=one.anchor_day)
    whole = period_for(renewal(months=first + second), period_end_on=end, today=today, anchor_day=anchor)

    assert one.ends_on == two.starts_on
    assert two.ends_on == whole.ends_on


@given(
    end=st.none() | dates,
    today=dates,
    anchor=anchors,
    months=st.integers(0, 36),
    days=st.integers(1, 400),
    starts=starts,
    after=after,
)
def test_no_renewal_makes_a_period_shorter_or_runs_backward(
    end: date | None, today: date, anchor: int | None, months: int, days: int, starts: str, after: str
) -> None:
    bought = period_for(renewal(months, days, starts, after), period_end_on=end, today=today, anchor_day=anchor)

    assert bought.starts_on < bought.ends_on
    assert end is None or bought.ends_on >= end
    assert anchor_of(bought.ends_on, bought.anchor_day) == bought.anchor_day
    if after == "today":
        assert bought.ends_on > today


@given(
    end=st.none() | dates,
    today=dates,
    anchor=anchors,
    months=st.integers(0, 36),
    days=st.integers(0, 400),
    starts=starts,
    after=after,
)
def test_no_period_is_shorter_than_its_term(
    end: date | None, today: date, anchor: int | None, months: int, days: int, starts: str, after: str
) -> None:
    bought = period_for(renewal(months, days, starts, after), period_end_on=end, today=today, anchor_day=anchor)

    term = add_term(bought.starts_on, months=months, days=days, anchor_day=bought.starts_on.day)
    assert bought.ends_on >= term


@given(end=dates, today=dates, anchor=anchors, months=st.integers(1, 36))
def test_a_renewal_behind_the_running_period_leaves_no_day_unserved(
    end: date, today: date, anchor: int | None, months: int
) -> None:
    bought = period_for(renewal(months), period_end_on=end, today=today, anchor_day=anchor)

    assert bought.starts_on == max(end, today)
    assert 28 * months <= (bought.ends_on - bought.starts_on).days <= 31 * months


@given(on=dates, known=anchors)
def test_an_anchor_day_always_leads_to_the_day_it_is_of(on: date, known: int | None) -> None:
    anchor = anchor_of(on, known)

    assert anchor == on.day or (anchor == known and anchor > on.day)
