"""An import of a whole fleet, on a database where commits are real."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from tests.make import make_account, make_merchant
from xuliu.carrier.contract import luhn_digit
from xuliu.inventory.import_sims import ROWS_A_CHUNK, Report, import_sims
from xuliu.inventory.models import Binding, Sim

LINES = 20_000  # 100,000 by the clock: bench/importing.py
STATEMENTS_A_CHUNK, STATEMENTS_BEFORE = 18, 10
TIMES_PLAIN_SQL = 4
PLAIN = """
    WITH model AS (INSERT INTO inventory_terminalmodel (brand, name) VALUES ('plain', 'SQL') RETURNING id),
    terminals AS (
        INSERT INTO inventory_terminal (serial_number, imei, sticker_code, merchant_id, model_id)
        SELECT 'P' || n, '490154203237518', md5(n::text)::char(26), %(merchant)s, model.id
        FROM model, generate_series(1, %(rows)s::int) n RETURNING id, substr(serial_number, 2)::int AS n),
    sims AS (
        INSERT INTO inventory_sim (iccid, msisdn, account_id, merchant_id, state, state_at, period_start_on,
            period_end_on, anchor_day, service_password)
        SELECT '899' || lpad(n::text, 17, '0'), n + 10000000, %(account)s, %(merchant)s, 'ACTIVE', now(),
            '2026-01-31', '2027-01-31', 31, md5(n::text) || md5(n::text)
        FROM generate_series(1, %(rows)s::int) n RETURNING id, substr(iccid, 4)::int AS n)
    INSERT INTO inventory_binding (sim_id, terminal_id, bound_at)
    SELECT sims.id, terminals.id, now() FROM sims JOIN terminals USING (n)"""
HEADING = (
    "iccid,msisdn,state,first_day,last_day,terminal_sn,terminal_brand,terminal_model,imei,"
    "merchant_code,merchant_name,service_password\n"
)


def a_line(number: int) -> str:
    """A good line with every cell filled."""
    body = f"8986044{number:012d}"
    return (
        f"{body}{luhn_digit(body)},1440{number:09d},active,2026-01-31,2027-01-30,NL{number:08d},"
        f"Newland,N{910 + number % 12},490154203237518,M{number % 9000:05d},林记商店 {number % 9000},{number:06d}\n"
    )


class Watch:
    """How long something took: by the clock, and on processors (ours and that of the backend that serves us)."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self._stat = Path(f"/proc/{cursor.fetchone()[0]}/stat")
        self._begun = (time.monotonic(), self._processors())

    def seconds(self) -> tuple[float, float]:
        """By the clock, on processors; since it was made."""
        return time.monotonic() - self._begun[0], self._processors() - self._begun[1]

    def _processors(self) -> float:
        fields = self._stat.read_text().rpartition(")")[2].split()
        return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def plain_seconds() -> float:
    """What plain SQL needs on processors to write as many rows into the same tables, from half of them."""
    watch = Watch()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            PLAIN, {"account": make_account().pk, "merchant": make_merchant(code="plain").pk, "rows": LINES // 2}
        )
    return 2 * watch.seconds()[1]


def test_many_lines_cost_a_few_times_plain_sql(fresh_database: str, tmp_path: Path) -> None:
    """The clock tells of the machine and its neighbours: processor time over that of plain SQL is the measure."""
    make_account(code="cmcc")
    path = tmp_path / "sims.csv"
    path.write_text(HEADING + "".join(map(a_line, range(LINES))), encoding="utf-8")

    watch = Watch()
    with CaptureQueriesContext(connection) as queries:
        report = import_sims(path=path, account_code="cmcc")
    _, on_processors = watch.seconds()

    assert not report.problems
    assert Sim.objects.count() == Binding.objects.count() == LINES
    assert len(queries) <= STATEMENTS_A_CHUNK * LINES / ROWS_A_CHUNK + STATEMENTS_BEFORE
    assert on_processors < TIMES_PLAIN_SQL * plain_seconds()


def test_two_imports_of_one_file_at_once_make_every_sim_once(fresh_database: str, tmp_path: Path) -> None:
    make_account(code="cmcc")
    path = tmp_path / "sims.csv"
    path.write_text(HEADING + "".join(map(a_line, range(500))), encoding="utf-8")

    def one(_: int) -> Report:
        try:
            return import_sims(path=path, account_code="cmcc")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as both:
        reports = list(both.map(one, range(2)))

    assert sorted(report.written.sims_new for report in reports) == [0, 500]
    assert not any(report.problems for report in reports)
    assert Sim.objects.count() == Binding.objects.count() == 500
