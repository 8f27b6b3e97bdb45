"""What a delivered line does to the SIM's period."""

from datetime import date
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.make import make_account, make_sim
from xuliu.catalog.periods import Terms, period_for
from xuliu.inventory.models import Sim
from xuliu.inventory.operations import extend_periods

pytestmark = pytest.mark.django_db


def extended(sim: Sim, starts_on: date, ends_on: date) -> tuple[date | None, date | None, int | None]:
    """The SIM's period after one delivery."""
    extend_periods(sim_ids=[sim.id], starts_on=[starts_on], ends_on=[ends_on])
    sim.refresh_from_db()
    return sim.period_start_on, sim.period_end_on, sim.anchor_day


def test_a_period_behind_the_running_one_moves_its_end_and_keeps_the_anchor() -> None:
    sim = make_sim(period_start_on=date(2025, 1, 31), period_end_on=date(2026, 2, 28), anchor_day=31)

    assert extended(sim, date(2026, 2, 28), date(2026, 3, 31)) == (date(2025, 1, 31), date(2026, 3, 31), 31)


def test_a_period_after_a_gap_starts_over() -> None:
    sim = make_sim(period_start_on=date(2025, 1, 31), period_end_on=date(2026, 1, 31), anchor_day=31)

    assert extended(sim, date(2026, 2, 28), date(2026, 3, 28)) == (date(2026, 2, 28), date(2026, 3, 28), 28)


def test_a_sim_without_a_period_gets_one() -> None:
    sim = make_sim(period_start_on=None, period_end_on=None)

    assert extended(sim, date(2026, 1, 31), date(2026, 2, 28)) == (date(2026, 1, 31), date(2026, 2, 28), 31)


def test_data_within_the_period_and_a_late_older_line_leave_it_as_it_is() -> None:
    sim = make_sim(period_start_on=date(2025, 2, 28), period_end_on=date(2026, 2, 28), anchor_day=31)
    before = (date(2025, 2, 28), date(2026, 2, 28), 31)

    assert extended(sim, date(2026, 2, 10), date(2026, 2, 28)) == before
    assert extended(sim, date(2025, 12, 1), date(2026, 1, 1)) == before


def test_two_lines_of_one_sim_delivered_together_count_both() -> None:
    sim = make_sim(period_start_on=date(2025, 6, 1), period_end_on=date(2026, 6, 1), anchor_day=1)

    extend_periods(
        sim_ids=[sim.id, sim.id],
        starts_on=[date(2026, 7, 1), date(2026, 6, 1)],
        ends_on=[date(2026, 8, 1), date(2026, 7, 1)],
    )

    sim.refresh_from_db()
    assert (sim.period_start_on, sim.period_end_on) == (date(2025, 6, 1), date(2026, 8, 1))


@pytest.mark.parametrize("count", [1, 1000])
def test_it_takes_one_statement_for_one_sim_and_for_a_thousand(count: int, django_assert_num_queries: Any) -> None:
    account = make_account()
    ids = [make_sim(account, period_end_on=date(2026, 6, 1)).id for _ in range(count)]

    with django_assert_num_queries(1):
        extend_periods(sim_ids=ids, starts_on=[date(2026, 6, 1)] * count, ends_on=[date(2027, 6, 1)] * count)

    assert Sim.objects.filter(period_end_on=date(2027, 6, 1)).count() == count


@settings(max_examples=60, deadline=None)
@example(end=date(2024, 1, 30), today=date(2024, 1, 1), anchor=None, months=[1])
@given(
    end=st.none() | st.dates(date(2024, 1, 1), date(2028, 12, 31)),
    today=st.dates(date(2024, 1, 1), date(2028, 12, 31)),
    anchor=st.none() | st.integers(1, 31),
    months=st.lists(st.sampled_from([1, 3, 6, 12]), min_size=1, max_size=4),
)
def test_the_database_counts_as_the_catalog_does(
    end: date | None, today: date, anchor: int | None, months: list[int]
) -> None:
    sim = make_sim(period_start_on=None, period_end_on=end, anchor_day=anchor)
    for count in months:
        bought = period_for(
            Terms(kind="renewal", months=count), period_end_on=sim.period_end_on, today=today, anchor_day=sim.anchor_day
        )
        extended(sim, bought.starts_on, bought.ends_on)
        assert (sim.period_end_on, sim.anchor_day) == (bought.ends_on, bought.anchor_day)
