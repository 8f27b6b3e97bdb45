"""The log says what became of which order, line and attempt, and nothing about anybody."""

import logging
from dataclasses import asdict, dataclass

import pytest

from xuliu.common.trail import ONE_EACH_UP_TO, log_rows

log = logging.getLogger("test of the trail")


@dataclass(frozen=True, slots=True)
class Line:
    """Named as a line under way is."""

    order: int
    line: int
    attempt: int

    @property
    def fields(self) -> dict[str, object]:
        """What names it."""
        return asdict(self)


def test_a_handful_is_logged_one_by_one_with_order_line_and_attempt(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        log_rows(log, "carrier answered done", [Line(1, n, 1) for n in (7, 8)])

    assert [(record.order, record.line, record.attempt) for record in caplog.records] == [(1, 7, 1), (1, 8, 1)]  # type: ignore[attr-defined]  # extra fields


def test_a_bulk_is_one_log_line_with_its_count(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        log_rows(log, "delivery proven", [Line(1, n, 1) for n in range(ONE_EACH_UP_TO + 1)])

    assert [record.count for record in caplog.records] == [ONE_EACH_UP_TO + 1]  # type: ignore[attr-defined]  # extra fields
