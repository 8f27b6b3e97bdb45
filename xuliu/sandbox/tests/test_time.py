"""The sandbox's clock, and terms that keep to their anchor day."""

import calendar
from datetime import date
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from xuliu.sandbox.engine.clock import Clock
from xuliu.sandbox.engine.sims import later

DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2090, 12, 31))


@given(start=DAYS, months=st.integers(1, 48), anchor_day=st.integers(1, 31))
def test_a_term_of_months_ends_on_the_anchor_day_or_the_months_last(start: date, months: int, anchor_day: int) -> None:
    end = later(start, months=months, anchor_day=anchor_day)
    assert (end.year - start.year) * 12 + end.month - start.month == months
    assert end.day == min(anchor_day, calendar.monthrange(end.year, end.month)[1])


@given(start=DAYS, first=st.integers(1, 24), second=st.integers(1, 24))
def test_two_terms_in_a_row_end_where_one_of_both_lengths_does(start: date, first: int, second: int) -> None:
    middle = later(start, months=first, anchor_day=start.day)
    assert later(middle, months=second, anchor_day=start.day) == later(
        start, months=first + second, anchor_day=start.day
    )


def test_the_clock_follows_its_file_and_is_not_turned_back_by_a_half_written_one(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    clock = Clock(path)
    standing = Clock(None)
    assert abs(clock.timestamp() - standing.timestamp()) < 60
    path.write_text("3600.5")
    assert 3540 < clock.timestamp() - standing.timestamp() < 3660
    path.write_text("")
    assert 3540 < clock.timestamp() - standing.timestamp() < 3660
    path.unlink()
    assert abs(clock.timestamp() - standing.timestamp()) < 60
