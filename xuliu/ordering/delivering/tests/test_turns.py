"""In what order the lines of an account leave: a total order, and shared fairly. No database, no server."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from xuliu.ordering.delivering.tests.readings import NOON, SHANGHAI
from xuliu.ordering.delivering.turns import GOES_DARK_WITHIN, Turn, WaitingLine, turns
from xuliu.ordering.models import OrderLine

ACCOUNT = 7
TODAY = date(2026, 3, 10)
LATER = TODAY + timedelta(days=100)
Rank = OrderLine.Rank
ends = st.none() | st.dates(TODAY - timedelta(days=9), TODAY + timedelta(days=9))
# How many lines an order has, and how many lines leave before it joins.
orders = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 8)), min_size=1, max_size=12)


class Queue:
    """An account's queue as the database keeps it: lines join where it stands, the smallest leaves first."""

    def __init__(self) -> None:
        self.ready: list[tuple[Turn, int]] = []
        self.left: list[tuple[Turn, int]] = []
        self._ids, self._orders = count(1), count(1)

    def join(self, ends_on: Sequence[date | None], *, is_waited_for: bool = False) -> int:
        """An order whose SIMs' periods end then; returns it."""
        order = next(self._orders)
        lines = [
            WaitingLine(next(self._ids), order, ACCOUNT, position, end, SHANGHAI)
            for position, end in enumerate(ends_on)
        ]
        heads: dict[tuple[int, int], int] = {}
        for turn, _ in sorted(self.ready, reverse=True):
            heads[ACCOUNT, turn.rank] = turn.turn
        self.ready += [
            (turn, order) for turn in turns(lines, waited_for={order} if is_waited_for else (), at=NOON, heads=heads)
        ]
        return order

    def leave(self, most: int) -> None:
        """So many lines are claimed, or all that there are."""
        self.ready.sort()
        self.left, self.ready = self.left + self.ready[:most], self.ready[most:]


@given(joining=st.lists(st.tuples(st.booleans(), st.lists(ends, min_size=1, max_size=5)), min_size=1, max_size=8))
def test_a_person_who_waits_goes_before_what_goes_dark_and_that_before_what_can_wait(
    joining: list[tuple[bool, list[date | None]]],
) -> None:
    queue, expected = Queue(), {}
    for is_waited_for, ends_on in joining:
        order = queue.join(ends_on, is_waited_for=is_waited_for)
        dark = {end is None or end <= TODAY + GOES_DARK_WITHIN for end in ends_on}
        ranks = {Rank.GOES_DARK if goes_dark else Rank.CAN_WAIT for goes_dark in dark}
        expected[order] = {Rank.PERSON_WAITS} if is_waited_for else ranks

    queue.leave(1_000)

    assert {order: {turn.rank for turn, of in queue.left if of == order} for order in expected} == expected
    assert [turn.rank for turn, _ in queue.left] == sorted(turn.rank for turn, _ in queue.left)


@given(joining=orders)
def test_no_two_lines_stand_at_the_same_place_and_an_orders_own_leave_as_they_stand_in_it(
    joining: list[tuple[int, int]],
) -> None:
    queue = Queue()
    for lines, leaving in joining:
        queue.leave(leaving)
        queue.join([LATER] * lines)
    queue.leave(1_000)

    assert len({turn for turn, _ in queue.left}) == sum(lines for lines, _ in joining) == len(queue.left)
    for order in {order for _, order in queue.left}:
        own = [turn.line_id for turn, of in queue.left if of == order]
        assert own == sorted(own)


@given(joining=orders, bulk=st.integers(1, 60))
def test_an_orders_nth_line_waits_for_at_most_n_lines_of_each_other_order(
    joining: list[tuple[int, int]], bulk: int
) -> None:
    queue = Queue()
    queue.join([LATER] * bulk)
    joined_when_had_left = {}
    for lines, leaving in joining:
        queue.leave(leaving)
        order = queue.join([LATER] * lines)
        joined_when_had_left[order] = len(queue.left)
    queue.leave(1_000)

    for order, had_left in joined_when_had_left.items():
        places = [place for place, (_, of) in enumerate(queue.left) if of == order]
        for n, place in enumerate(places, start=1):
            before = [of for _, of in queue.left[had_left:place] if of != order]
            assert max((before.count(other) for other in set(before)), default=0) <= n


@given(joining=orders, bulk=st.integers(1, 60), newcomer=st.integers(1, 12))
def test_who_comes_later_overtakes_a_line_by_no_more_turns_than_it_stands_behind_the_first(
    joining: list[tuple[int, int]], bulk: int, newcomer: int
) -> None:
    queue = Queue()
    queue.join([LATER] * bulk)
    for lines, leaving in joining:
        queue.leave(leaving)
        queue.join([LATER] * lines)
    queue.leave(3)
    stood = sorted(queue.ready)
    order = queue.join([LATER] * newcomer)
    queue.leave(1_000)

    for turn, of in stood:
        ahead = queue.left[: queue.left.index((turn, of))]
        assert sum(other == order for _, other in ahead) <= turn.turn - stood[0][0].turn + 1


@given(lines=st.lists(ends, min_size=1, max_size=9), zone=st.sampled_from([SHANGHAI, "UTC", "America/New_York"]))
def test_another_accounts_queue_is_another_queue(lines: list[date | None], zone: str) -> None:
    waiting = [WaitingLine(n, 1, ACCOUNT, n, end, zone) for n, end in enumerate(lines)]
    others = {(ACCOUNT + 1, rank): 1_000 for rank in Rank.values}

    alone = turns(waiting, waited_for=(), at=NOON, heads={})

    assert turns(waiting, waited_for=(), at=NOON, heads=others) == alone
