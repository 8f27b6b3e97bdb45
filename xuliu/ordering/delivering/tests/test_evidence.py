"""What two readings prove, by the days of the account's zone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from json import loads

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xuliu.carrier.contract import ListedPlan, Proof
from xuliu.ordering.delivering.evidence import Promise, from_json, is_proven, on_top, shows_more, to_json
from xuliu.ordering.delivering.tests.readings import JANUARY, MARCH, SHANGHAI, YEAR, promise, reading

HALF_PAST_MIDNIGHT = datetime(2026, 3, 9, 16, 30, tzinfo=UTC)  # on 10 March in Shanghai, on the 9th in UTC
RENEWAL, ADD_ON, PLAN = promise(Proof.PERIOD_END), promise(Proof.GRANTED_TOTAL), promise(Proof.PLAN_LISTED)


@pytest.mark.parametrize("end", [None, date(2026, 2, 1), date(2026, 3, 9)], ids=["none", "over long ago", "just over"])
def test_an_expired_sim_renewed_after_midnight_is_not_proven_by_yesterdays_date(end: date | None) -> None:
    before = reading(as_of=HALF_PAST_MIDNIGHT, period_end_on=end)

    assert not is_proven(RENEWAL, before, reading(period_end_on=date(2027, 3, 9)))
    assert is_proven(RENEWAL, before, reading(period_end_on=date(2027, 3, 10)))


def test_the_same_instant_is_another_day_in_another_zone() -> None:
    before = reading(as_of=HALF_PAST_MIDNIGHT)

    assert is_proven(replace(RENEWAL, zone="UTC"), before, reading(period_end_on=date(2027, 3, 9)))


def test_a_sim_that_ended_yesterday_by_utc_still_runs_where_it_is_yesterday() -> None:
    before = reading(as_of=datetime(2026, 3, 10, 1, tzinfo=UTC), period_end_on=date(2026, 3, 9))
    in_new_york = replace(RENEWAL, zone="America/New_York", anchor_day=9)

    assert is_proven(in_new_york, before, reading(period_end_on=date(2027, 3, 9)))
    assert not is_proven(replace(in_new_york, zone=SHANGHAI), before, reading(period_end_on=date(2027, 3, 9)))


@pytest.mark.parametrize(
    ("end", "is_so"), [(date(2027, 6, 9), False), (date(2027, 6, 10), True), (date(2028, 1, 1), True), (None, False)]
)
def test_a_period_is_proven_where_its_end_moved_by_the_term(end: date | None, is_so: bool) -> None:
    assert is_proven(RENEWAL, reading(period_end_on=date(2026, 6, 10)), reading(period_end_on=end)) is is_so


@pytest.mark.parametrize(
    ("granted", "counted_from", "is_so"),
    [(599, MARCH, False), (600, MARCH, True), (None, MARCH, False), (600, JANUARY, False), (600, None, False)],
)
def test_bytes_are_proven_within_one_count(granted: int | None, counted_from: date | None, is_so: bool) -> None:
    before = reading(granted_bytes=500, counted_from=MARCH)

    assert is_proven(ADD_ON, before, reading(granted_bytes=granted, counted_from=counted_from)) is is_so
    assert not is_proven(ADD_ON, reading(counted_from=MARCH), reading(granted_bytes=600, counted_from=MARCH))


def test_a_plan_is_proven_where_it_is_newly_listed_with_its_start() -> None:
    again = replace(YEAR, starts_on=date(2027, 1, 1))

    assert is_proven(PLAN, reading(plans=(YEAR,)), reading(plans=(YEAR, again)))
    assert not is_proven(PLAN, reading(plans=(YEAR,)), reading(plans=(YEAR, replace(again, starts_on=None))))
    assert not is_proven(PLAN, reading(plans=(YEAR,)), reading(plans=(YEAR, replace(again, code="other"))))


def test_what_another_line_brought_is_no_proof_of_this_one() -> None:
    ends = [date(2026, 6, 10), date(2027, 6, 10), date(2028, 6, 10)]
    before, one, two = (reading(period_end_on=end) for end in ends)
    assert not is_proven(on_top(RENEWAL, [RENEWAL], before), before, one)
    assert is_proven(on_top(RENEWAL, [RENEWAL], before), before, two)

    listed = [replace(YEAR, starts_on=date(2026 + year, 1, 1)) for year in range(3)]
    before, one, two = (reading(plans=tuple(listed[: count + 1])) for count in range(3))
    assert not is_proven(on_top(PLAN, [PLAN], before), before, one)
    assert is_proven(on_top(PLAN, [PLAN], before), before, two)


def test_what_the_carriers_order_query_has_to_say_no_reading_says() -> None:
    asked = promise(Proof.ORDER_QUERY)

    assert not is_proven(asked, reading(period_end_on=date(2026, 6, 10)), reading(period_end_on=date(2099, 1, 1)))


def test_a_refusal_to_speak_of_the_sim_proves_nothing() -> None:
    after = reading(period_end_on=date(2030, 1, 1), refused="unknown")

    assert not is_proven(RENEWAL, reading(period_end_on=date(2026, 6, 10)), after)


@pytest.mark.parametrize(
    ("own", "before", "enough", "too_much"),
    [
        (
            RENEWAL,
            reading(period_end_on=date(2026, 6, 10)),
            reading(period_end_on=date(2028, 6, 9)),
            reading(period_end_on=date(2028, 6, 10)),
        ),
        (ADD_ON, reading(granted_bytes=500), reading(granted_bytes=699), reading(granted_bytes=700)),
        (
            PLAN,
            reading(),
            reading(plans=(YEAR,)),
            reading(plans=(YEAR, ListedPlan(code="year", starts_on=date(2027, 1, 1)))),
        ),
    ],
    ids=["period", "bytes", "plans"],
)
def test_once_more_of_what_was_sold_is_more_than_was_sold(own, before, enough, too_much) -> None:  # type: ignore[no-untyped-def]  # named above
    assert is_proven(own, before, enough)
    assert not shows_more(own, [], before, enough)
    assert shows_more(own, [], before, too_much)
    assert not shows_more(own, [own], before, too_much), "another line explains it"


def test_a_month_between_two_periods_is_not_more_than_was_sold() -> None:
    monthly = promise(Proof.PERIOD_END, months=1, starts_next_month=True, anchor_day=1)
    before = reading(as_of=datetime(2026, 3, 1, 4, tzinfo=UTC))

    assert not shows_more(monthly, [], before, reading(period_end_on=date(2026, 5, 1)))
    assert shows_more(monthly, [], before, reading(period_end_on=date(2026, 6, 1)))


def test_bytes_that_began_anew_with_a_month_are_not_more_than_was_sold() -> None:
    before, after = reading(granted_bytes=0, counted_from=JANUARY), reading(granted_bytes=900, counted_from=MARCH)

    assert not shows_more(ADD_ON, [], before, after)


def test_a_reading_is_kept_as_it_was_said() -> None:
    said = reading(
        as_of=HALF_PAST_MIDNIGHT + timedelta(seconds=1),
        period_end_on=date(2027, 1, 1),
        granted_bytes=0,
        counted_from=MARCH,
        plans=(YEAR,),
        blocked_why='owes "much"\\and ‹more›',
    )

    assert from_json(to_json(said)) == said
    assert from_json(loads(to_json(said))) == said, "as a driver gives it that reads JSON itself"
    assert from_json("null") is None


DAYS = st.dates(date(2026, 1, 1), date(2030, 1, 1))
TERMS = st.builds(partial(promise, Proof.PERIOD_END), months=st.integers(0, 24), days=st.integers(0, 40))


@given(own=TERMS, others=st.lists(TERMS, max_size=2), before=st.none() | DAYS, after=st.none() | DAYS)
def test_more_than_was_sold_is_as_much_as_the_line_and_the_others_and_once_more(
    own: Promise, others: list[Promise], before: date | None, after: date | None
) -> None:
    assume(own.months or own.days)
    read = reading(period_end_on=before), reading(period_end_on=after)

    assert shows_more(own, others, *read) is is_proven(on_top(own, [*others, own], read[0]), *read)
