import time
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection, transaction

from xuliu.common import wake


@pytest.fixture
def hearing(fresh_database: str) -> Iterator[psycopg.Connection]:
    with wake.listening(connection.get_connection_params()) as database:
        yield database


def heard(database: psycopg.Connection, seconds: float) -> list[str]:
    return [notice.payload for notice in database.notifies(timeout=seconds)]


def test_a_thousand_wake_ups_are_heard_as_a_few(hearing: psycopg.Connection) -> None:
    for _ in range(1000):
        wake.after_commit("fulfil")

    found = heard(hearing, 0.5)

    assert set(found) == {"fulfil"}
    assert 1 <= len(found) <= 3


def test_the_workers_wake_within_the_blink_of_an_eye(hearing: psycopg.Connection) -> None:
    started = time.monotonic()
    wake.after_commit("verify")

    first = next(hearing.notifies(timeout=5, stop_after=1))

    assert first.payload == "verify"
    assert time.monotonic() - started < 1.0


def test_nobody_is_woken_before_the_commit_nor_by_what_was_rolled_back(hearing: psycopg.Connection) -> None:
    with transaction.atomic():
        wake.after_commit("pay")
        assert heard(hearing, 0.3) == []
    assert "pay" in heard(hearing, 0.5)

    with transaction.atomic():
        wake.after_commit("check")
        transaction.set_rollback(True)
    assert "check" not in heard(hearing, 0.3)


def test_each_step_is_woken_by_its_name(hearing: psycopg.Connection) -> None:
    with transaction.atomic():
        wake.after_commit("fulfil")
        wake.after_commit("settle")

    assert set(heard(hearing, 0.5)) == {"fulfil", "settle"}


def test_a_broken_connection_costs_one_wake_up_at_most(hearing: psycopg.Connection, fresh_database: str) -> None:
    wake.after_commit("fulfil")
    heard(hearing, 0.3)
    with psycopg.connect(fresh_database, autocommit=True) as surgeon:
        surgeon.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'SELECT pg_notify%'"
        )

    wake.after_commit("lost")
    heard(hearing, 0.3)
    wake.after_commit("fulfil")

    assert "fulfil" in heard(hearing, 1.0)
