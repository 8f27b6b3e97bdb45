"""A thing over which a step fails is a case after the third time in the same way, one after the other."""

from pathlib import Path

import pytest

from xuliu.ticket.models import Failure
from xuliu.ticket.operations import SAME_FAILURES, failed_again

pytestmark = pytest.mark.django_db


def fail(what: str = "send: KeyError at a.py:1", subject_id: int = 7) -> int:
    return failed_again(subject_kind="orderline", subject_id=subject_id, what=what)


def test_the_same_failure_is_counted_and_begins_anew_after_the_last() -> None:
    assert [fail() for _ in range(4)] == [1, 2, SAME_FAILURES, 1]


def test_another_failure_between_begins_anew() -> None:
    assert [fail(), fail(), fail("verify: KeyError at b.py:1"), fail()] == [1, 2, 1, 1]


def test_each_thing_is_counted_alone() -> None:
    assert [fail(), fail(subject_id=8), fail()] == [1, 1, 2]
    assert Failure.objects.count() == 2


def test_one_of_a_day_ago_is_forgotten(clock_file: Path) -> None:
    fail()
    clock_file.write_text("90000")
    assert fail() == 1


def test_a_long_name_is_cut() -> None:
    fail("x" * 500)
    assert len(Failure.objects.get().what) == 200
