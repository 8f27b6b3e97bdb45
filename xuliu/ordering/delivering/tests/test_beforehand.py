"""What is known of a SIM is held against the reading before a sending: the whole matrix, and the rule behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xuliu.carrier.contract import ListedPlan, Proof, Reading
from xuliu.common.dates import add_term
from xuliu.ordering.delivering.beforehand import Judgement, KnownSim, judge, was_done
from xuliu.ordering.delivering.evidence import Promise, filled, is_news, is_proven
from xuliu.ordering.delivering.reasons import Short
from xuliu.ordering.delivering.tests.readings import JANUARY, MARCH, NOON, YEAR, promise, reading

RENEWAL, ADD_ON, PLAN = promise(Proof.PERIOD_END), promise(Proof.GRANTED_TOTAL), promise(Proof.PLAN_LISTED)
ASKED = promise(Proof.ORDER_QUERY)
EVERY = pytest.mark.parametrize("own", [RENEWAL, ADD_ON, PLAN, ASKED], ids=lambda own: str(own.proof))
JUNE, YEAR_ON = date(2026, 6, 10), date(2027, 6, 10)
WHOLE: dict[str, Any] = {"period_end_on": YEAR_ON, "granted_bytes": 600, "counted_from": MARCH, "plans": (YEAR,)}
PROVEN = reading(as_of=NOON - timedelta(days=3), **WHOLE)
OTHER_PLAN = ListedPlan(code="other", starts_on=MARCH, ends_on=date(2026, 9, 1))


@EVERY
@pytest.mark.parametrize(
    ("less", "short"),
    [
        ({"period_end_on": JUNE}, Short.END),
        ({"granted_bytes": 599}, Short.BYTES),
        ({"plans": (OTHER_PLAN,)}, Short.PLANS),
    ],
    ids=str,
)
def test_a_reading_that_shows_less_than_was_proven_is_not_sent_on(
    own: Promise, less: dict[str, Any], short: Short
) -> None:
    assert judge(own, reading(**{**WHOLE, **less}), KnownSim(proven=PROVEN)) == Judgement(short=short)


@EVERY
@pytest.mark.parametrize(
    ("less", "short"),
    [({"period_end_on": JUNE}, Short.SHOWN_END), ({"granted_bytes": 599}, Short.SHOWN_BYTES)],
    ids=str,
)
def test_a_reading_that_shows_less_than_a_look_up_did_is_not_sent_on(
    own: Promise, less: dict[str, Any], short: Short
) -> None:
    said = reading(**{**WHOLE, **less})

    assert judge(own, said, KnownSim(looked=replace(PROVEN, plans=()))) == Judgement(short=short)
    assert judge(own, said, KnownSim(looked=PROVEN, earlier=said, is_let_through=True)) == Judgement()
    assert judge(own, reading(**WHOLE), KnownSim(looked=replace(said, plans=()))) == Judgement()


def test_what_a_look_up_showed_stands_in_for_what_is_not_said() -> None:
    looked = reading(period_end_on=YEAR_ON, granted_bytes=600, counted_from=MARCH)
    silent, known = reading(counted_from=MARCH), KnownSim(looked=looked, has_order_query=True)

    base = filled(silent, judge(ADD_ON, silent, known).stands_in)
    assert (base.period_end_on, base.granted_bytes) == (YEAR_ON, 600)
    assert judge(ADD_ON, silent, replace(known, has_order_query=False)).short is None
    of_another_count = replace(known, looked=replace(looked, counted_from=JANUARY))
    assert filled(silent, judge(ADD_ON, silent, of_another_count).stands_in).granted_bytes is None


@pytest.mark.parametrize(("seen", "is_new"), [(JUNE, False), (YEAR_ON, True), (date(2026, 5, 1), True)], ids=str)
def test_the_end_that_was_stored_is_no_news_after_a_sending(seen: date, is_new: bool) -> None:
    before = reading(period_end_on=JANUARY)
    stands_in = judge(RENEWAL, before, KnownSim(end_on=JUNE)).stands_in

    assert stands_in is not None
    assert filled(before, stands_in) == before
    assert is_news(reading(period_end_on=seen), stands_in.period_end_on) is is_new
    assert is_news(reading(period_end_on=seen), None)
    through = judge(RENEWAL, before, KnownSim(end_on=JUNE, earlier=before, is_let_through=True))
    assert through == Judgement(), "two people took the carrier's word for it"


@EVERY
@pytest.mark.parametrize("age", [timedelta(days=-30), timedelta(0), timedelta(days=30)], ids=str)
def test_what_it_says_counts_and_not_when_it_says_it_was(own: Promise, age: timedelta) -> None:
    dated = NOON + age

    assert judge(own, reading(**{**WHOLE, "as_of": dated, "period_end_on": JUNE}), KnownSim(proven=PROVEN)).short
    assert judge(own, reading(**{**WHOLE, "as_of": dated}), KnownSim(proven=PROVEN)).short is None


@EVERY
@pytest.mark.parametrize(
    "said",
    [
        {},
        {"period_end_on": date(2029, 1, 1), "granted_bytes": 900},
        {"granted_bytes": 5, "counted_from": date(2026, 4, 1)},
        {"granted_bytes": 5, "counted_from": None},
        {"plans": (YEAR, OTHER_PLAN)},
    ],
    ids=str,
)
def test_as_much_or_more_or_another_count_is_sent_on(own: Promise, said: dict[str, Any]) -> None:
    assert judge(own, reading(**{**WHOLE, **said}), KnownSim(proven=PROVEN)) == Judgement()


@EVERY
@pytest.mark.parametrize("plan", [replace(YEAR, ends_on=date(2026, 3, 10)), replace(YEAR, ends_on=None)], ids=str)
def test_a_plan_that_is_over_or_has_no_end_need_not_be_listed_for_ever(own: Promise, plan: ListedPlan) -> None:
    proven = replace(PROVEN, plans=(plan,))

    assert judge(own, reading(**{**WHOLE, "plans": (OTHER_PLAN,)}), KnownSim(proven=proven)).short is None


@EVERY
def test_an_end_that_was_imported_or_accepted_holds_up_no_sending(own: Promise) -> None:
    assert judge(own, reading(**{**WHOLE, "period_end_on": JUNE}), KnownSim(end_on=date(2099, 1, 1))).short is None


@pytest.mark.parametrize(
    ("end_on", "proven_on", "start"),
    [
        (JUNE, None, JUNE),
        (None, JUNE, JUNE),
        (YEAR_ON, JUNE, YEAR_ON),
        (JUNE, YEAR_ON, YEAR_ON),
        (JANUARY, None, date(2026, 3, 10)),  # over: from today
        (JANUARY, MARCH, date(2026, 3, 10)),
    ],
    ids=str,
)
def test_where_no_end_is_said_it_is_proven_from_the_latest_that_we_know(
    end_on: date | None, proven_on: date | None, start: date
) -> None:
    proven = reading(period_end_on=proven_on) if proven_on else None
    before = reading()

    judged = judge(RENEWAL, before, KnownSim(proven=proven, end_on=end_on))

    base, due = filled(before, judged.stands_in), add_term(start, months=12, days=0, anchor_day=10)
    assert judged.short is None
    assert is_proven(RENEWAL, base, reading(period_end_on=due))
    assert not is_proven(RENEWAL, base, reading(period_end_on=due - timedelta(days=1)))


@pytest.mark.parametrize(("own", "short"), [(RENEWAL, Short.NO_END), (PLAN, Short.NO_PLANS)], ids=["end", "plans"])
def test_where_nothing_is_said_and_nothing_known_two_readings_a_minute_apart_must_agree(
    own: Promise, short: Short
) -> None:
    silent, spoke = reading(), reading(**WHOLE)
    minute, less = timedelta(minutes=1), timedelta(seconds=59)

    def judged(earlier: Reading | None) -> Short | None:
        return judge(own, silent, KnownSim(earlier=earlier)).short

    assert judged(None) is short
    assert judged(replace(silent, as_of=NOON - less)) is short
    assert judged(replace(spoke, as_of=NOON - minute)) is short
    assert judged(replace(silent, as_of=NOON - minute)) is None


def test_bytes_that_are_not_said_are_those_that_were_proven_in_this_count() -> None:
    before, known = reading(counted_from=MARCH), KnownSim(proven=reading(granted_bytes=600, counted_from=MARCH))

    judged = judge(ADD_ON, before, known)

    base = filled(before, judged.stands_in)
    assert not is_proven(ADD_ON, base, reading(granted_bytes=699, counted_from=MARCH))
    assert is_proven(ADD_ON, base, reading(granted_bytes=700, counted_from=MARCH))


@pytest.mark.parametrize("proven", [None, reading(granted_bytes=600, counted_from=JANUARY), reading()], ids=str)
def test_bytes_that_nobody_said_are_sent_for_only_where_an_order_query_can_prove_them(proven: Reading | None) -> None:
    silent = reading(counted_from=MARCH)
    known = KnownSim(proven=proven, earlier=replace(silent, as_of=NOON - timedelta(hours=1)))

    assert judge(ADD_ON, silent, known).short is Short.NO_BYTES, "agreeing makes no bytes of none"
    assert judge(ADD_ON, silent, replace(known, has_order_query=True)).short is None
    base = filled(silent, judge(ADD_ON, silent, replace(known, has_order_query=True)).stands_in)
    assert not is_proven(ADD_ON, base, reading(granted_bytes=10**9, counted_from=MARCH))


def test_plans_that_are_not_listed_are_those_that_were_proven() -> None:
    judged = judge(PLAN, reading(), KnownSim(proven=PROVEN))

    base = filled(reading(), judged.stands_in)
    assert not is_proven(PLAN, base, reading(plans=(YEAR,)))
    assert is_proven(PLAN, base, reading(plans=(YEAR, replace(YEAR, starts_on=date(2027, 1, 1)))))


@EVERY
def test_two_people_let_a_reading_through_and_nothing_less(own: Promise) -> None:
    seen = reading(**{**WHOLE, "period_end_on": JUNE, "granted_bytes": 500})
    known = KnownSim(proven=PROVEN, earlier=seen, is_let_through=True)

    assert judge(own, seen, known) == Judgement()
    assert judge(own, replace(seen, period_end_on=date(2026, 6, 9)), known).short is Short.END
    assert judge(own, replace(seen, granted_bytes=499), known).short is Short.BYTES


def test_the_first_sending_did_it_where_the_reading_before_the_second_shows_it_whole() -> None:
    first = reading(period_end_on=JUNE)

    assert was_done(RENEWAL, [], first, reading(period_end_on=YEAR_ON))
    assert was_done(ASKED, [], first, reading(period_end_on=YEAR_ON)), "readings show what a query would prove"
    assert not was_done(RENEWAL, [], first, reading(period_end_on=YEAR_ON - timedelta(days=1)))
    assert not was_done(RENEWAL, [RENEWAL], first, reading(period_end_on=YEAR_ON)), "another line brought it"
    assert was_done(ADD_ON, [], reading(granted_bytes=500), reading(granted_bytes=600))


# The rule: no reading before can make a line COMPLETED that a fresh one would not.


@dataclass(frozen=True)
class Story:
    """What a SIM has been through: its states, of which copies may be read, the last the true one."""

    states: list[Reading]
    proven: Reading | None
    end_on: date | None

    @property
    def now(self) -> Reading:
        return self.states[-1]


def _delivered(state: Reading, own: Promise, number: int) -> Reading:
    """The SIM's state once that has been delivered."""
    if own.proof is Proof.GRANTED_TOTAL:
        return replace(state, granted_bytes=(state.granted_bytes or 0) + own.size_bytes)
    if own.proof is Proof.PLAN_LISTED:
        plan = ListedPlan(code=own.plan_code, starts_on=MARCH, ends_on=date(2030, 1, 1), number=str(number))
        return replace(state, plans=(*state.plans, plan))
    today = date(2026, 3, 10)
    start = max(state.period_end_on or today, today)
    return replace(state, period_end_on=add_term(start, months=own.months, days=0, anchor_day=own.anchor_day))


PROMISES = st.one_of(
    st.builds(lambda months: promise(Proof.PERIOD_END, months=months), st.sampled_from([1, 3, 12])),
    st.builds(lambda size: promise(Proof.GRANTED_TOTAL, size_bytes=size), st.sampled_from([1, 100, 500])),
    st.just(PLAN),
)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """A SIM that began somehow and had lines delivered, each proven by a reading that was true, and months turning."""
    end = draw(st.sampled_from([None, date(2025, 12, 1), date(2026, 3, 10), JUNE]))
    counted_from = draw(st.sampled_from([None, JANUARY]))
    states = [reading(period_end_on=end, granted_bytes=300, counted_from=counted_from)]
    proven, end_on = None, end
    for number, own in enumerate(draw(st.lists(PROMISES | st.just(None), max_size=4))):
        if own is None:  # a month turns: what was granted in the last one is gone
            is_counted = states[-1].counted_from == JANUARY
            states.append(replace(states[-1], granted_bytes=50, counted_from=MARCH) if is_counted else states[-1])
            continue
        states.append(_delivered(states[-1], own, number))
        proven, end_on = states[-1], states[-1].period_end_on
    return Story(states, proven, end_on)


@st.composite
def copies(draw: st.DrawFn, states: list[Reading]) -> Reading:
    """A state of any time, dated anyhow, of which anything may have been left out."""
    copy = draw(st.sampled_from(states))
    as_of = NOON + timedelta(minutes=draw(st.integers(-10_000, 10_000)))
    left_out = draw(st.sets(st.sampled_from(["period_end_on", "granted_bytes", "plans"])))
    nothing: dict[str, Any] = {name: () if name == "plans" else None for name in left_out}
    return replace(copy, as_of=as_of, **nothing)


@settings(max_examples=400)
@given(data=st.data(), story=stories(), own=PROMISES, done=st.sampled_from([0, 1, 2]), has_order_query=st.booleans())
def test_no_reading_before_completes_a_line_that_a_fresh_one_would_not(
    data: st.DataObject, story: Story, own: Promise, done: int, has_order_query: bool
) -> None:
    before = data.draw(copies(story.states))
    earlier = data.draw(st.none() | st.sampled_from(story.states))  # two that agree are believed: so it is no copy
    looked = data.draw(st.none() | st.sampled_from(story.states))
    known = KnownSim(
        proven=story.proven, end_on=story.end_on, looked=looked, earlier=earlier, has_order_query=has_order_query
    )
    judged = judge(own, before, known)
    if judged.short is not None:
        return
    afterwards = [*story.states]
    for number in range(done):
        afterwards.append(_delivered(afterwards[-1], own, 100 + number))
    after = data.draw(copies(afterwards))
    sent_on_it = replace(filled(before, judged.stands_in), as_of=NOON)

    if is_proven(own, sent_on_it, after):
        assert is_proven(own, replace(story.now, as_of=NOON), after)


@settings(max_examples=200)
@given(data=st.data(), story=stories(), own=PROMISES)
def test_a_fresh_reading_that_says_everything_is_always_sent_on(
    data: st.DataObject, story: Story, own: Promise
) -> None:
    looked = data.draw(st.none() | copies(story.states))
    known = KnownSim(proven=story.proven, end_on=story.end_on, looked=looked)
    fresh = story.now
    is_silent = (own.proof is Proof.PERIOD_END and fresh.period_end_on is None) or (
        own.proof is Proof.PLAN_LISTED and not fresh.plans
    )

    assert (judge(own, fresh, known).short is None) or is_silent
