import subprocess
import sys
import time

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from tests.make import make_account
from xuliu.carrier.budget import hold_back, wait_for_turn
from xuliu.carrier.models import AccountBudget
from xuliu.common.outbound import NotSent

PROCESSES = 3

CALLER = """
import sys, time
from django.db import connection
from xuliu.carrier.budget import wait_for_turn
connection.ensure_connection()
print("ready", flush=True)
sys.stdin.readline()
account, rate, turns = map(int, sys.argv[1:])
for _ in range(turns):
    wait_for_turn(account, calls_per_second=rate, at_most_seconds=30)
    print(time.monotonic(), flush=True)
"""


def test_three_processes_together_never_exceed_the_accounts_rate(
    fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So quick an account that turns are taken many at a time; a slow one's are counted by the connectors' contract."""
    rate, turns = 400, 100
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "xuliu.config.settings")
    account = make_account()
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        CALLER,
        str(account.pk),
        str(rate),
        str(turns),
    ]  # no apps: quick to start
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()

    left = sorted(float(word) for process in running for word in process.communicate(timeout=60)[0].split())

    assert len(left) == PROCESSES * turns
    # A process that the machine held up leaves later than its turn; a tenth of a second of that is forgiven.
    for first, began in enumerate(left):
        for last in range(first + 1, len(left)):
            assert left[last] - began >= (last - first) / rate - 0.1
    assert left[-1] - left[0] < 2 * len(left) / rate, "the budget is used, not only kept"


@pytest.mark.django_db
@pytest.mark.parametrize(("rate", "statements"), [(20, 5), (1000, 1)])
def test_a_statement_takes_the_turns_of_a_twentieth_of_a_second(
    rate: int, statements: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    account = make_account()

    with django_assert_num_queries(statements):
        for _ in range(5):
            wait_for_turn(account.pk, calls_per_second=rate, at_most_seconds=1)


def test_who_would_wait_too_long_is_told_when_to_come_back_and_takes_no_turn(fresh_database: str) -> None:
    account = make_account()
    for _ in range(2):
        wait_for_turn(account.pk, calls_per_second=10, at_most_seconds=1)
    turn = AccountBudget.objects.get().next_at

    started = time.monotonic()
    with pytest.raises(NotSent) as refused:
        wait_for_turn(account.pk, calls_per_second=0.1, at_most_seconds=0.01)

    assert time.monotonic() - started < 0.5
    assert 0 < (refused.value.retry_after_seconds or 0) <= 0.2
    assert AccountBudget.objects.get().next_at == turn


def test_an_account_that_rested_has_saved_up_nothing(fresh_database: str) -> None:
    account = make_account()
    wait_for_turn(account.pk, calls_per_second=10, at_most_seconds=1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE carrier_accountbudget SET next_at = next_at - interval '1 hour'")

    started = time.monotonic()
    for _ in range(3):
        wait_for_turn(account.pk, calls_per_second=10, at_most_seconds=1)

    assert time.monotonic() - started >= 0.2


def test_a_carrier_that_says_wait_holds_every_process_back(fresh_database: str) -> None:
    account, other = make_account(), make_account(code="another")
    wait_for_turn(account.pk, calls_per_second=1000, at_most_seconds=1)

    hold_back(account.pk, seconds=120)
    hold_back(account.pk, seconds=1)

    with pytest.raises(NotSent) as refused:
        wait_for_turn(account.pk, calls_per_second=1000, at_most_seconds=5)
    assert refused.value.retry_after_seconds == pytest.approx(120, abs=2)
    wait_for_turn(other.pk, calls_per_second=1000, at_most_seconds=1)
