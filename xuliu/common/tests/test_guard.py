"""One guard for all who count: never more than the limit, for nobody but whom it concerns."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from xuliu.common import guard
from xuliu.common.guard import Budget, of_address, spend
from xuliu.common.models import Counter, Mark

HOUR = timedelta(hours=1)


def budget(key: str = "lin", *, limit: int = 3, kind: str = "tries", window: timedelta = HOUR) -> Budget:
    """Three tries an hour for Lin, unless said otherwise."""
    return Budget(kind=kind, key=key, limit=limit, window=window)


def tries(budgets: list[Budget], times: int) -> int:
    """How many of so many tries are let through."""
    return sum(spend(budgets).is_allowed for _ in range(times))


@pytest.mark.django_db
def test_a_budget_lets_its_limit_through_and_says_when_there_is_room_again(clock_file: Path) -> None:
    assert tries([budget()], 5) == 3
    clock_file.write_text("1800")
    refused = spend([budget()])
    assert not refused.is_allowed
    assert 1_795 <= refused.retry_after_seconds <= 1_800
    clock_file.write_text("3601")
    assert tries([budget()], 5) == 3


@pytest.mark.django_db
def test_a_try_that_costs_more_than_all_there_is_leaves_the_budget_as_it_was() -> None:
    assert not spend([budget()], cost=4).is_allowed
    assert spend([budget()], cost=3).is_allowed


@pytest.mark.django_db
def test_where_one_of_several_budgets_is_used_up_nothing_is_counted_against_the_others() -> None:
    narrow, wide = budget("lin", limit=1), budget("everybody", limit=100)
    assert tries([narrow, wide], 50) == 1
    assert Counter.objects.get(most=100).count == 1


@pytest.mark.django_db
def test_the_same_try_again_is_free_even_where_the_budget_is_used_up(clock_file: Path) -> None:
    for number in ("one", "two", "three", "one", "two"):
        assert spend([budget()], once=number).is_allowed
    assert not spend([budget()], once="four").is_allowed
    assert spend([budget()], once="three").is_allowed
    assert not spend([budget("mei", limit=0)], once="three").is_allowed, "what Lin tried is not free for Mei"
    clock_file.write_text("3601")
    assert tries([budget()], 3) == 3
    assert not spend([budget()], once="three").is_allowed, "an hour later it is a try again"


@pytest.mark.django_db
def test_what_is_given_back_can_be_spent_again_and_no_more() -> None:
    assert tries([budget()], 3) == 3
    guard.give_back([budget()])
    assert tries([budget()], 3) == 1
    guard.give_back([budget("mei")])
    assert tries([budget("mei")], 5) == 3


@pytest.mark.django_db
def test_ten_thousand_strangers_push_nobodys_counter_out() -> None:
    assert tries([budget()], 3) == 3
    # In chunks of budgets that have nothing to do with each other: a tenth of a second instead of ten.
    for start in range(0, 10_000, 1_000):
        assert spend([budget(f"stranger {number}") for number in range(start, start + 1_000)]).is_allowed
    assert Counter.objects.count() == 10_001
    assert not spend([budget()]).is_allowed


@pytest.mark.django_db
@pytest.mark.parametrize("once", ["", "a number"])
def test_one_statement_looks_and_counts(once: str) -> None:
    budgets = of_address(kind="tries", address="2001:db8::1", limit=1, window=HOUR)
    for _ in range(2):
        with CaptureQueriesContext(
            connection,
        ) as made:
            spend(budgets, once=once)
        assert len(made) == 1


@pytest.mark.django_db
def test_whoever_rotates_within_a_network_is_one_visitor_and_a_wider_one_has_room_for_neighbours() -> None:
    def let_through(addresses: list[str]) -> int:
        return sum(
            spend(of_address(kind="tries", address=address, limit=2, window=HOUR)).is_allowed for address in addresses
        )

    assert let_through([f"2001:db8:1:200::{number:x}" for number in range(20)]) == 2
    assert let_through([f"2001:db8:1:2{number:02x}::1" for number in range(1, 100)]) == 4 * 2 - 2
    assert let_through([f"2001:db8:1:{number:x}00::{more}" for number in range(100) for more in (1, 2)]) == 16 * 2 - 8
    assert let_through(["2001:db8:2::1"]) == 1, "another site is not concerned"


@pytest.mark.django_db
def test_an_ipv4_address_counts_alone_and_is_the_same_one_when_it_is_written_as_ipv6() -> None:
    def is_let_through(address: str) -> bool:
        return spend(of_address(kind="tries", address=address, limit=1, window=HOUR)).is_allowed

    assert is_let_through("203.0.113.8")
    assert not is_let_through("::ffff:203.0.113.8")
    assert not is_let_through("::ffff:cb00:7108")
    assert is_let_through("203.0.113.9")
    assert is_let_through("::ffff:203.0.113.10"), "mapped addresses are no network together"


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 3), st.integers(0, 40)), max_size=20))
@pytest.mark.django_db
def test_a_window_never_counts_more_than_its_limit(steps: list[tuple[str, int, int]]) -> None:
    """Whatever is tried, at whatever cost: what was let through since a window began is within its limit."""
    with transaction.atomic():
        spent: dict[str, int] = {}
        for key, cost, limit in steps:
            was = spent.get(key, 0)
            allowed = spend([budget(key, limit=limit)], cost=cost).is_allowed
            assert allowed == (was + cost <= limit)
            spent[key] = was + cost * allowed
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_what_has_ended_is_forgotten_and_nothing_else(clock_file: Path) -> None:
    spend([budget("short", window=timedelta(minutes=5))], once="this")
    spend([budget("long")], once="that")
    assert guard.forget_ended() == 0
    clock_file.write_text("301")
    assert guard.forget_ended() == 2
    assert (Counter.objects.count(), Mark.objects.count()) == (1, 1)
    clock_file.write_text("3601")
    assert guard.forget_ended() == 2
    assert guard.forget_ended() == 0


@pytest.mark.django_db
def test_neither_an_address_nor_what_was_tried_stands_in_the_database() -> None:
    spend(of_address(kind="look-ups", address="203.0.113.8", limit=3, window=HOUR), once="89860400000000000001")
    with connection.cursor() as cursor:
        cursor.execute("SELECT c::text || m::text FROM common_counter c, common_mark m")
        said = cursor.fetchone()[0]
    for secret in ("203.0.113.8", b"203.0.113.8".hex(), "8986", b"8986".hex()):
        assert secret not in said


def test_fifty_at_once_are_no_more_than_the_limit_and_cost_others_nothing(fresh_database: str) -> None:
    """Half of them want this and that, half that and this: nobody waits for anybody in a ring."""
    narrow, wide = budget("narrow", limit=20), budget("wide", limit=1_000)
    together, let_through = threading.Barrier(50), []

    def one(number: int) -> None:
        together.wait()
        try:
            let_through.append(spend([narrow, wide] if number % 2 else [wide, narrow]).is_allowed)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(let_through) == [False] * 30 + [True] * 20
    assert list(Counter.objects.order_by("most").values_list("count", flat=True)) == [20, 20]
