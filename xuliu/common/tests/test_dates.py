from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from xuliu.common.dates import add_months, add_term, first_of_next_month

DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))
ANCHORS = st.integers(1, 31)


def test_the_anchor_day_outlives_a_short_month() -> None:
    january = date(2026, 1, 31)

    february = add_months(january, 1, anchor_day=31)

    assert february == date(2026, 2, 28)
    assert add_months(february, 1, anchor_day=31) == date(2026, 3, 31)


def test_a_leap_day_comes_back_only_in_leap_years() -> None:
    leap = date(2024, 2, 29)

    assert add_months(leap, 12, anchor_day=29) == date(2025, 2, 28)
    assert add_months(leap, 48, anchor_day=29) == date(2028, 2, 29)


@given(on=DAYS, anchor=ANCHORS, first=st.integers(1, 24), second=st.integers(1, 24))
def test_two_renewals_in_a_row_reach_the_date_of_one_as_long(on: date, anchor: int, first: int, second: int) -> None:
    at_once = add_months(on, first + second, anchor_day=anchor)
    one_by_one = add_months(add_months(on, first, anchor_day=anchor), second, anchor_day=anchor)

    assert at_once == one_by_one


@given(on=DAYS, anchor=ANCHORS, months=st.integers(0, 120))
def test_the_day_is_the_anchor_or_the_last_of_a_shorter_month(on: date, anchor: int, months: int) -> None:
    reached = add_months(on, months, anchor_day=anchor)

    is_last = (reached + timedelta(days=1)).month != reached.month
    assert reached.day == anchor or (is_last and reached.day < anchor)
    assert (reached.year * 12 + reached.month) - (on.year * 12 + on.month) == months


@given(on=DAYS, anchor=ANCHORS, months=st.integers(1, 60))
def test_a_longer_term_never_ends_earlier(on: date, anchor: int, months: int) -> None:
    shorter = add_term(on, months=months, days=0, anchor_day=anchor)

    assert add_term(on, months=months + 1, days=0, anchor_day=anchor) > shorter
    assert add_term(on, months=months, days=1, anchor_day=anchor) == shorter + timedelta(days=1)


def test_a_term_in_days_keeps_no_anchor() -> None:
    assert add_term(date(2026, 1, 31), months=0, days=30, anchor_day=31) == date(2026, 3, 2)


@given(on=DAYS)
def test_the_next_month_begins_on_its_first_day(on: date) -> None:
    first = first_of_next_month(on)

    assert first.day == 1
    assert (first - timedelta(days=1)).month == on.month
    assert first > on
