"""Jobs side by side: all are run, none more at once than allowed, and connections end with their threads."""

import threading
from collections.abc import Callable

import psycopg
import pytest
from django.db import OperationalError, connection

from xuliu.common import parallel


def backends(found: set[int]) -> Callable[[], None]:
    """A job that notes which of the server's backends serves its thread."""

    def job() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            found.add(cursor.fetchone()[0])

    return job


def living(database_url: str, pids: set[int]) -> int:
    with psycopg.connect(database_url) as other:
        asked = other.execute("SELECT pid FROM pg_stat_activity WHERE pid = ANY(%s)", (list(pids),))
        return len(asked.fetchall())


def test_no_more_run_at_once_than_allowed(fresh_database: str) -> None:
    lock, running, most = threading.Lock(), 0, 0
    meeting = threading.Barrier(3)

    def job() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        meeting.wait(10)
        with lock:
            running -= 1

    parallel.run([job] * 9, at_once=3)

    assert most == 3


def test_one_job_is_run_by_whoever_asks(fresh_database: str) -> None:
    found: set[int] = set()
    backends(found)()
    parallel.run([backends(found)], at_once=8)
    assert len(found) == 1


def test_threads_that_stay_keep_their_connections_until_the_end(fresh_database: str) -> None:
    found: set[int] = set()
    with parallel.kept_threads():
        for _ in range(5):
            parallel.run([backends(found)] * 4, at_once=2)
        assert len(found) <= 2
        assert living(fresh_database, found) == len(found)
    assert living(fresh_database, found) == 0


def test_a_connection_that_broke_is_made_anew(fresh_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "LOOK_EVERY_SECONDS", 0)
    first: set[int] = set()
    second: set[int] = set()
    with parallel.kept_threads():
        parallel.run([backends(first)] * 2, at_once=2)
        with psycopg.connect(fresh_database, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS pid", (list(first),))
        parallel.run([backends(second)] * 2, at_once=2)
    assert not first & second


def test_a_connection_that_failed_a_job_is_made_anew_for_the_next(fresh_database: str) -> None:
    with parallel.kept_threads():
        found: set[int] = set()
        parallel.run([backends(found)] * 2, at_once=2)
        with psycopg.connect(fresh_database, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS pid", (list(found),))
        both = threading.Barrier(2)

        def meet_and_look() -> None:
            both.wait(10)  # so that each of the two threads has its turn
            backends(set())()

        with pytest.raises(OperationalError):
            parallel.run([meet_and_look] * 2, at_once=2)
        both.reset()
        parallel.run([meet_and_look] * 2, at_once=2)


def test_what_a_job_raises_is_raised(fresh_database: str) -> None:
    def fail() -> None:
        raise ValueError("the third card")

    with parallel.kept_threads(), pytest.raises(ValueError, match="the third card"):
        parallel.run([fail, fail], at_once=2)


def test_a_jobs_own_jobs_are_run_by_its_thread(fresh_database: str) -> None:
    outer: set[int] = set()
    inner: set[int] = set()

    def job() -> None:
        backends(outer)()
        parallel.run([backends(inner)] * 3, at_once=3)

    parallel.run([job] * 2, at_once=2)

    assert inner == outer
