from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.db import OperationalError
from pytest_django import DjangoAssertNumQueries

from xuliu.ledger import addresses, operations
from xuliu.ledger.models import Checkpoint
from xuliu.ledger.operations import NIGHT_ZONE, fold_by_night, fold_checkpoints, post
from xuliu.ledger.queries import balance, balances, trial_balance
from xuliu.ledger.tests.entries import AT, make_entry


def release(number: int, amount_minor: int = 10) -> None:
    """Line `number` of order 1 is delivered and earned."""
    post(
        [
            make_entry(
                f"line:{number}:release",
                source=addresses.held(1),
                destination=addresses.REVENUE_DATA,
                amount_minor=amount_minor,
                line_id=number,
            )
        ],
        at=AT,
    )


@pytest.mark.django_db
def test_folding_changes_no_balance_and_later_postings_add_to_it() -> None:
    release(1)
    release(2)

    assert fold_checkpoints() == 2
    assert balance(addresses.REVENUE_DATA, "CNY") == 20
    release(3)
    assert balance(addresses.REVENUE_DATA, "CNY") == 30
    assert fold_checkpoints() == 1
    assert balance(addresses.REVENUE_DATA, "CNY") == 30
    assert fold_checkpoints() == 0


@pytest.mark.django_db
def test_an_address_that_rested_keeps_its_older_checkpoint() -> None:
    post([make_entry(source=addresses.SUSPENSE)], at=AT)
    fold_checkpoints()
    release(1)
    fold_checkpoints()

    assert balances([addresses.SUSPENSE, addresses.REVENUE_DATA], "CNY") == {
        addresses.SUSPENSE: -3_600,
        addresses.REVENUE_DATA: 10,
    }


@pytest.mark.django_db
def test_movements_between_orders_do_not_hold_the_fold_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "FOLD_AT_MOST", 1)
    post([make_entry("a:moved", source=addresses.held(1), destination=addresses.held(2))], at=AT)
    release(1)

    assert [fold_checkpoints() for _ in range(3)] == [1, 1, 0]
    assert balances([addresses.held(2), addresses.REVENUE_DATA], "CNY") == {"order:2:held": 3_600, "revenue:data": 10}


@pytest.mark.django_db
def test_currencies_are_never_added_up() -> None:
    post([make_entry(), make_entry("payment:2:received", currency="EUR", amount_minor=5)], at=AT)
    fold_checkpoints()

    assert balance(addresses.provider_receivable(1), "CNY") == -3_600
    assert balance(addresses.provider_receivable(1), "EUR") == -5


@pytest.mark.django_db
def test_an_order_has_no_checkpoint_and_its_balance_is_right_all_the_same() -> None:
    post([make_entry()], at=AT)
    fold_checkpoints()
    release(1)

    assert not Checkpoint.objects.filter(address__startswith="order:").exists()
    assert balance(addresses.held(1), "CNY") == 3_590


@pytest.mark.django_db
def test_a_long_history_is_folded_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "FOLD_AT_MOST", 3)
    for number in range(8):
        release(number)

    assert [fold_checkpoints() for _ in range(4)] == [3, 3, 2, 0]
    assert balance(addresses.REVENUE_DATA, "CNY") == 80


def test_a_posting_that_is_not_committed_yet_is_never_folded_away(fresh_database: str) -> None:
    with psycopg.connect(fresh_database) as slow:
        slow.execute(
            "INSERT INTO ledger_posting (reference, source, destination, amount_minor, currency, at, actor_kind)"
            " VALUES ('slow', 'order:1:held', 'revenue:data', 100, 'CNY', now(), 'worker')"
        )
        release(1)  # a higher number, committed earlier

        with pytest.raises(OperationalError, match="lock timeout"):
            fold_checkpoints()
        slow.commit()

    fold_checkpoints()
    assert balance(addresses.REVENUE_DATA, "CNY") == 110


@pytest.mark.django_db
def test_many_balances_are_one_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    release(1)
    asked = [addresses.REVENUE_DATA, *(addresses.held(number) for number in range(500))]

    with django_assert_num_queries(1):
        found = balances(asked, "CNY")

    assert found[addresses.REVENUE_DATA] == 10
    assert found[addresses.held(1)] == -10
    assert found[addresses.held(77)] == 0


@pytest.mark.django_db
def test_the_trial_balance_shows_all_orders_as_one_line_and_adds_up_to_nothing() -> None:
    post([make_entry(), make_entry("payment:2:received", destination=addresses.held(2), order_id=2)], at=AT)
    release(1)

    lines = {total.address: (total.into_minor, total.out_of_minor, total.balance_minor) for total in trial_balance()}

    assert lines == {
        "order:*:held": (7_200, 10, 7_190),
        "provider:1:receivable": (0, 7_200, -7_200),
        "revenue:data": (10, 0, 10),
    }


def test_a_night_folds_what_was_posted_before_its_end_and_is_then_over(fresh_database: str, clock_file: Path) -> None:
    noon = datetime(2026, 3, 5, 12, tzinfo=ZoneInfo(NIGHT_ZONE))
    post([make_entry(source=addresses.SUSPENSE)], at=noon)

    def at(hours: float) -> int:
        clock_file.write_text(str((noon + timedelta(hours=hours) - datetime.now(UTC)).total_seconds()))
        return fold_by_night()

    assert [at(1), at(15.9), at(16.1), at(16.2), at(40)] == [0, 0, 1, 0, 0]
