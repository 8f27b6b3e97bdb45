import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import IntegrityError, connection, connections, transaction
from pytest_django import DjangoAssertNumQueries

from xuliu.common.actor import Actor, acting
from xuliu.common.tests.waiting import until
from xuliu.ledger import addresses
from xuliu.ledger.models import Posting
from xuliu.ledger.operations import Contradiction, post
from xuliu.ledger.queries import balance, postings_of_order
from xuliu.ledger.tests.entries import AT, make_entry


@pytest.mark.django_db
def test_money_moves_from_source_to_destination_in_the_name_of_who_acts() -> None:
    with acting(Actor("provider", 3, "wechatpay")):
        post([make_entry(line_id=9)], at=AT)

    assert balance(addresses.held(1), "CNY") == 3_600
    assert balance(addresses.provider_receivable(1), "CNY") == -3_600
    posting = Posting.objects.get()
    assert (posting.at, posting.actor_kind, posting.actor_id, posting.line_id) == (AT, "provider", 3, 9)


@pytest.mark.django_db
def test_a_line_of_nothing_has_no_posting() -> None:
    post([make_entry(amount_minor=0)], at=AT)
    post([], at=AT)

    assert Posting.objects.count() == 0


@pytest.mark.django_db
def test_the_same_reference_with_the_same_figures_is_posted_once() -> None:
    post([make_entry(), make_entry()], at=AT)
    post([make_entry(), make_entry("line:1:release")], at=AT)

    assert list(Posting.objects.order_by("id").values_list("reference", flat=True)) == [
        "payment:1:received",
        "line:1:release",
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "other",
    [
        make_entry(amount_minor=3_601),
        make_entry(currency="EUR"),
        make_entry(source=addresses.SUSPENSE),
        make_entry(destination=addresses.held(2)),
        make_entry(order_id=2),
        make_entry(line_id=1),
    ],
    ids=["amount", "currency", "source", "destination", "order", "line"],
)
def test_the_same_reference_with_other_figures_is_refused_and_nothing_of_it_stays(other: object) -> None:
    post([make_entry()], at=AT)

    with pytest.raises(Contradiction, match="payment:1:received"), transaction.atomic():
        post([make_entry("line:7:release"), other], at=AT)  # type: ignore[list-item]  # a parameter

    assert [seen.reference for seen in postings_of_order(1)] == ["payment:1:received"]


@pytest.mark.django_db
def test_two_figures_for_one_reference_in_one_set_are_refused() -> None:
    with pytest.raises(Contradiction), transaction.atomic():
        post([make_entry(), make_entry(amount_minor=1)], at=AT)


@pytest.mark.django_db
def test_money_neither_moves_backwards_nor_in_a_circle() -> None:
    with pytest.raises(IntegrityError, match="posting_moves_something"), transaction.atomic():
        post([make_entry(amount_minor=-1)], at=AT)
    with pytest.raises(IntegrityError, match="posting_goes_somewhere_else"), transaction.atomic():
        post([make_entry(source="suspense", destination="suspense")], at=AT)


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 5_000])
def test_posting_is_one_statement_whatever_the_number(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    entries = [make_entry(f"line:{number}:release", line_id=number) for number in range(count)]

    with django_assert_num_queries(1):
        post(entries, at=AT)

    assert Posting.objects.count() == count


@contextmanager
def a_rival_that_has_posted(url: str, *, amount_minor: int) -> Iterator[psycopg.Connection]:
    """Another process that has written payment:1:received and not committed yet."""
    with psycopg.connect(url) as rival:
        rival.execute(
            "INSERT INTO ledger_posting"
            " (reference, source, destination, amount_minor, currency, at, order_id, actor_kind)"
            " VALUES ('payment:1:received', %s, %s, %s, 'CNY', %s, 1, 'worker')",
            [addresses.provider_receivable(1), addresses.held(1), amount_minor, AT],
        )
        yield rival


def race_against(rival: psycopg.Connection, end: Callable[[], None]) -> list[Exception]:
    """Post the same while the rival stands before its end; returns what went wrong."""
    failures: list[Exception] = []

    def race() -> None:
        try:
            post([make_entry()], at=AT)
        except Contradiction as error:
            failures.append(error)
        connections.close_all()

    racing = threading.Thread(target=race)
    racing.start()
    until(_somebody_waits_for_a_lock)
    end()
    racing.join(10)
    return failures


def test_two_processes_post_the_same_movement_at_once_and_it_stands_once(fresh_database: str) -> None:
    with a_rival_that_has_posted(fresh_database, amount_minor=3_600) as rival:
        assert race_against(rival, rival.commit) == []

    assert balance(addresses.held(1), "CNY") == 3_600


def test_a_rival_with_other_figures_is_noticed_however_close(fresh_database: str) -> None:
    with a_rival_that_has_posted(fresh_database, amount_minor=1) as rival:
        (failure,) = race_against(rival, rival.commit)

    assert isinstance(failure, Contradiction)
    assert balance(addresses.held(1), "CNY") == 1


def test_a_rival_that_gives_up_leaves_the_movement_to_us(fresh_database: str) -> None:
    with a_rival_that_has_posted(fresh_database, amount_minor=1) as rival:
        assert race_against(rival, rival.rollback) == []

    assert balance(addresses.held(1), "CNY") == 3_600


def test_many_at_once_post_overlapping_sets_without_a_deadlock(fresh_database: str) -> None:
    entries = [make_entry(f"line:{number}:release", amount_minor=1, line_id=number) for number in range(300)]
    failures: list[BaseException] = []
    start = threading.Barrier(4)

    def post_in(order: slice) -> None:
        start.wait(10)
        try:
            post(entries[order], at=AT)
        except BaseException as error:  # noqa: BLE001  # shown by the test
            failures.append(error)
        connections.close_all()

    orders = (slice(None), slice(None, None, -1), slice(100, 300), slice(200, None, -1))
    racing = [threading.Thread(target=post_in, args=(order,)) for order in orders]
    for one in racing:
        one.start()
    for one in racing:
        one.join(20)

    assert failures == []
    assert balance(addresses.held(1), "CNY") == 300


def _somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])
