"""How long anything may take, and how often it may be sent: arithmetic, without a database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from xuliu.common import clock
from xuliu.ordering.patience import has_ended, may_be_sent_again

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("is_waited_for", "passed", "is_over"),
    [(True, HOUR * 1.9, False), (True, HOUR * 2, True), (False, HOUR * 23.9, False), (False, HOUR * 24, True)],
)
def test_who_waits_is_patient_for_two_hours_and_nobody_for_a_day(
    is_waited_for: bool, passed: timedelta, is_over: bool
) -> None:
    assert has_ended(clock.now() - passed, is_waited_for=is_waited_for) is is_over


def test_what_has_not_begun_tries_nobodys_patience() -> None:
    assert not has_ended(None, is_waited_for=True)


def test_an_installation_sets_its_own_patience_and_number_of_sendings(settings: Settings) -> None:
    settings.XULIU_PATIENCE, settings.XULIU_MOST_SENDINGS = HOUR / 2, 2

    assert has_ended(clock.now() - HOUR / 2, is_waited_for=True)
    assert [may_be_sent_again(sendings) for sendings in (1, 2, 3)] == [True, False, False]


def test_a_line_is_sent_six_times_at_most() -> None:
    assert [sendings for sendings in range(10) if may_be_sent_again(sendings)] == list(range(6))
