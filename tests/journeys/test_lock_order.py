"""The order of locks: how statements are read, and that a transaction out of order is found."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection

from tests.harness.locks import ADVISORY, CHANGING, Recorder, declared, locks_of
from tests.world import World, drive_for, line_states, make_paid_order, make_sims

LOCKED = {
    "SELECT id FROM a_x WHERE k = ANY(%s) ORDER BY id FOR NO KEY UPDATE": "a_x",
    'SELECT "a_x"."id" FROM "a_x" INNER JOIN "b_x" ON (1 = 1) ORDER BY 1 FOR NO KEY UPDATE OF "a_x"': "a_x",
    "SELECT id FROM a_x l JOIN b_x AS m ON m.id = l.id FOR UPDATE OF m SKIP LOCKED": "(b_x)",
    "UPDATE a_x SET k = 1 WHERE id IN (SELECT id FROM b_x ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)": "(b_x) a_x",
    "WITH held AS (SELECT id FROM a_x ORDER BY id FOR NO KEY UPDATE), moved AS (UPDATE a_x SET k = 1 FROM held "
    "RETURNING id) INSERT INTO c_x (k) SELECT id FROM moved": "a_x a_x",
    "WITH u AS (SELECT * FROM unnest(%s)), first AS (UPDATE a_x SET k = 1), second AS (UPDATE b_x SET k = 1) "
    "SELECT c.id FROM c_x c JOIN u ON u.id = c.id ORDER BY c.id FOR NO KEY UPDATE OF c": "c_x b_x a_x",
    "DELETE FROM a_x WHERE id = 1": "a_x",
    "INSERT INTO a_x (k) VALUES (1) ON CONFLICT DO NOTHING": "",
    "INSERT INTO a_x (k) VALUES (1) ON CONFLICT (k) DO UPDATE SET k = 2": "a_x",
    "SELECT pg_advisory_xact_lock(%s)": ADVISORY,
    "SELECT 'FOR UPDATE' FROM a_x": "",
}


@pytest.mark.parametrize("sql", LOCKED)
def test_what_a_statement_locks_is_read_from_it(sql: str) -> None:
    assert " ".join(lock.table if lock.waits else f"({lock.table})" for lock in locks_of(sql)) == LOCKED[sql]


def test_a_transaction_that_takes_what_stands_to_the_left_is_found() -> None:
    recorder, held = Recorder(["a_x", "b_x"]), list[str]()
    for sql in ("UPDATE a_x SET k = 1", "UPDATE b_x SET k = 1", "UPDATE a_x SET k = 2"):
        recorder.take(held, locks_of(sql))
    assert not recorder.report(), "what is held already is no fault"

    recorder.take(["b_x"], locks_of("SELECT 1 FROM a_x FOR UPDATE SKIP LOCKED"))
    assert not recorder.report(), "who does not wait holds up nobody"

    recorder.take(["b_x"], locks_of("UPDATE a_x SET k = 1"))
    assert recorder.report().startswith("a_x after b_x")
    recorder.take(["b_x"], locks_of("UPDATE elsewhere SET k = 1"))
    assert recorder.report().startswith("elsewhere after b_x"), "a table without a place is a fault"


def test_the_order_names_tables_that_are_there_each_once() -> None:
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    assert set(declared()) <= tables | {ADVISORY}
    assert len(declared()) == len(set(declared()))


@pytest.mark.django_db
def test_parts_that_nothing_reads_from_run_last_and_the_last_one_first() -> None:
    """PostgreSQL's own order, told by triggers, is what is read."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE told (n serial, what text)")
        cursor.execute(
            "CREATE FUNCTION pg_temp.tell() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN INSERT INTO told (what) VALUES (TG_TABLE_NAME); RETURN NEW; END $$"
        )
        for table in ("a_x", "b_x", "c_x"):
            cursor.execute(f"CREATE TEMP TABLE {table} (k int)")
            cursor.execute(f"INSERT INTO {table} VALUES (1)")  # noqa: S608  # names of our own
            cursor.execute(f"CREATE TRIGGER t BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION pg_temp.tell()")
        parts = "first AS (UPDATE a_x SET k = 2 RETURNING k), second AS (UPDATE b_x SET k = 2 {} RETURNING 1)"
        for read in ("", "FROM first"):
            sql = f"WITH {parts.format(read)} UPDATE c_x SET k = 2"  # noqa: S608  # likewise
            cursor.execute("DELETE FROM told")
            cursor.execute(sql)
            cursor.execute("SELECT what FROM told ORDER BY n")
            assert [row[0] for row in cursor.fetchall()] == [lock.table for lock in locks_of(sql)]


@pytest.fixture
def unread() -> Iterator[set[str]]:
    """Tables whose rows PostgreSQL says are locked or changed by a transaction in which none was read to be."""
    found: set[str] = set()
    read: set[str] = set()

    def compare(execute, sql, params, many, context):  # type: ignore[no-untyped-def]  # as Django calls it
        answer = execute(sql, params, many, context)
        if not connection.atomic_blocks:
            read.clear()
            return answer
        read.update(lock.table for lock in locks_of(str(sql)))
        read.update(table for match in CHANGING.findall(str(sql).replace('"', "")) for table in match if table)
        with connection.connection.cursor() as cursor:  # not through Django, which would call this again
            cursor.execute(HELD)
            found.update(row[0] for row in cursor.fetchall() if row[0] not in read)
        return answer

    with connection.execute_wrapper(compare):
        yield found


HELD = """
    SELECT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation AND c.relkind = 'r'
    WHERE l.pid = pg_backend_pid() AND l.mode IN ('RowShareLock', 'RowExclusiveLock') AND c.relname NOT LIKE 'pg_%'"""


def test_postgresql_tells_of_no_lock_in_a_top_up_that_is_not_read(world: World, unread: set[str]) -> None:
    order = make_paid_order(world, make_sims(world, "onelink"), "cm-12")
    drive_for(world, timedelta(minutes=1))

    assert line_states(order) == ["COMPLETED"]
    assert not unread
