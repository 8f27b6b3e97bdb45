import threading
import time

import psycopg
import pytest
from django.db import connection, connections

from xuliu.common import locks


def held_elsewhere(url: str, name: str) -> psycopg.Connection:
    """Another process's connection that holds the lock."""
    other = psycopg.connect(url, autocommit=True)
    other.execute("SELECT pg_advisory_lock(%s)", [locks._key(name)])
    return other


def test_whichever_name_is_free_is_taken(fresh_database: str) -> None:
    with held_elsewhere(fresh_database, "place 0"), locks.one_of(["place 0", "place 1"], wait_seconds=1):
        assert advisory_locks() == 2


def test_no_more_than_one_is_taken_and_it_is_given_back(fresh_database: str) -> None:
    with locks.one_of([f"place {number}" for number in range(10)], wait_seconds=1):
        assert advisory_locks() == 1

    assert advisory_locks() == 0


def test_who_waits_in_vain_is_told_so_in_time(fresh_database: str) -> None:
    started = time.monotonic()

    with (
        held_elsewhere(fresh_database, "place"),
        pytest.raises(locks.Busy),
        locks.one_of(["place"], wait_seconds=0.2),
    ):
        pytest.fail("two held it")
    assert time.monotonic() - started < 1.0


def test_a_lock_is_gone_with_the_process_that_held_it(fresh_database: str) -> None:
    other = held_elsewhere(fresh_database, "place")
    threading.Timer(0.1, other.close).start()

    with locks.one_of(["place"], wait_seconds=5):
        assert advisory_locks() == 1


def test_waiting_keeps_no_snapshot_open(fresh_database: str) -> None:
    seen: list[object] = []

    def wait() -> None:
        try:
            with locks.one_of(["place"], wait_seconds=0.3):
                pass
        except locks.Busy:
            pass
        connections.close_all()

    with held_elsewhere(fresh_database, "place"):
        waiting = threading.Thread(target=wait)
        waiting.start()
        while waiting.is_alive():
            seen.append(oldest_snapshot())
            waiting.join(0.02)

    assert len(seen) > 5
    assert seen.count(None) > len(seen) / 2


def test_two_threads_never_hold_one_name_at_once(fresh_database: str) -> None:
    inside, most = [0], [0]

    def enter() -> None:
        for _ in range(10):
            with locks.one_of(["place"], wait_seconds=20):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.001)
                inside[0] -= 1
        connections.close_all()

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert most[0] == 1


def advisory_locks() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return int(cursor.fetchone()[0])


def oldest_snapshot() -> object:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(age(backend_xmin)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]
