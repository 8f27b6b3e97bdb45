import os
import signal
import subprocess
import sys

import pytest
from django.db import transaction

from xuliu.common import stops
from xuliu.common.tests.lamps import Lamp, lamp_table, make_lamps, states

LINE = """
from django.db import connection
from xuliu.common import stops
with stops.transaction("lamp.on"), connection.cursor() as cursor:
    cursor.execute("UPDATE lamp SET state = 'ON'")
with stops.call("lamp.tell"):
    print("told", flush=True)
"""


def run_line(kill_at: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XULIU_KILL_AT": kill_at, "DJANGO_SETTINGS_MODULE": "xuliu.config.settings"}
    return subprocess.run([sys.executable, "-c", LINE], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("kill_at", "state", "told"),
    [
        ("lamp.on:before", "OFF", ""),
        ("lamp.on:after", "ON", ""),
        ("lamp.tell:before", "ON", ""),
        ("lamp.tell:after", "ON", "told\n"),
    ],
)
def test_a_process_dies_where_it_is_told_to(fresh_database: str, kill_at: str, state: str, told: str) -> None:
    with lamp_table():
        ids = make_lamps(1)

    ended = run_line(kill_at)

    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert (states(ids), ended.stdout) == ([state], told)


def test_a_line_that_nobody_stops_runs_through(fresh_database: str) -> None:
    with lamp_table():
        make_lamps(1)

    assert run_line("").returncode == 0


def test_a_call_inside_a_transaction_is_refused(fresh_database: str) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"), stops.call("lamp.tell"):
        pytest.fail("the call was made")


@pytest.mark.django_db
def test_a_tests_own_transaction_does_not_hide_ours() -> None:
    with stops.call("lamp.tell"):
        pass
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"), stops.call("lamp.tell"):
        pytest.fail("the call was made")


def test_a_transaction_that_fails_leaves_nothing(fresh_database: str) -> None:
    with lamp_table():
        ids = make_lamps(1)

    def fail_after_writing() -> None:
        with stops.transaction("lamp.on"):
            Lamp.objects.update(state=Lamp.State.ON)
            raise LookupError

    with pytest.raises(LookupError):
        fail_after_writing()

    assert states(ids) == ["OFF"]
