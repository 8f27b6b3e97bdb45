"""When a line is looked at again after its end, and from when "not found" proves that nothing happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from xuliu.carrier.registry import all_connectors
from xuliu.ordering.delivering.deadlines import absence_proves_from
from xuliu.ordering.delivering.drift import next_look

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("passed", "later"),
    [(0, 1), (0.9, 1), (1, 6), (5.9, 6), (6, 24), (7, 24), (23.9, 24), (24, None), (500, None)],
)
def test_what_was_refused_is_looked_at_after_one_six_and_twenty_four_hours(passed: float, later: int | None) -> None:
    assert next_look(AT, AT + passed * HOUR) == (None if later is None else AT + later * HOUR)


@pytest.mark.parametrize("code", list(all_connectors()))
def test_not_found_proves_nothing_before_every_exchange_of_a_sending_and_the_settling_are_over(code: str) -> None:
    can = all_connectors()[code].capabilities
    line: Any = SimpleNamespace(sent_at=AT, state_at=AT + HOUR)

    assert absence_proves_from(line, can) == AT + timedelta(seconds=5 * can.deadline_seconds) + can.settles_within
    line.sent_at = None
    assert absence_proves_from(line, can) > AT + HOUR
