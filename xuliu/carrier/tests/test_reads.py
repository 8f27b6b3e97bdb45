from datetime import UTC, datetime

import pytest
from pytest_django import DjangoAssertNumQueries

from xuliu.carrier.models import ReadCount
from xuliu.carrier.reads import ReadTally

AT = datetime(2026, 3, 1, 8, 30, 15, tzinfo=UTC)
MINUTE = AT.replace(second=0)


def counts() -> list[tuple[object, ...]]:
    rows = ReadCount.objects.order_by("account_id", "operation").values_list
    return list(rows("account_id", "operation", "minute", "made", "failed"))


@pytest.mark.django_db
def test_reads_are_added_up_by_minute_and_operation(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    tally = ReadTally()
    for number in range(100):
        tally.count(1, "25S04", at=AT, has_failed=number % 10 == 0)
    tally.count(1, "23U07", at=AT, has_failed=False)
    tally.count(2, "25S04", at=AT, has_failed=True)

    with django_assert_num_queries(1):
        tally.flush()

    assert counts() == [(1, "23U07", MINUTE, 1, 0), (1, "25S04", MINUTE, 100, 10), (2, "25S04", MINUTE, 1, 1)]


@pytest.mark.django_db
def test_what_two_processes_counted_is_added_up() -> None:
    for tally in (ReadTally(), ReadTally()):
        tally.count(1, "25S04", at=AT, has_failed=True)
        tally.flush()
        tally.flush()

    assert counts() == [(1, "25S04", MINUTE, 2, 2)]


@pytest.mark.django_db
def test_counting_writes_at_most_once_a_second(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    tally = ReadTally()
    with django_assert_num_queries(0):
        for _ in range(1000):
            tally.count(1, "25S04", at=AT, has_failed=False)

    tally._written_at -= 2
    with django_assert_num_queries(1):
        tally.count(1, "25S04", at=AT, has_failed=False)

    assert counts() == [(1, "25S04", MINUTE, 1001, 0)]
