from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from xuliu.common import clock


def test_it_is_this_instant_in_utc() -> None:
    before = datetime.now(UTC)

    now = clock.now()

    assert before <= now <= datetime.now(UTC)
    assert now.tzinfo is UTC


def test_an_hour_passes_for_all_when_the_file_says_so(clock_file: Path) -> None:
    before = datetime.now(UTC)

    clock_file.write_text("3600")

    assert timedelta(seconds=3600) <= clock.now() - before < timedelta(seconds=3660)


def test_a_file_that_is_just_being_written_turns_no_clock_back(clock_file: Path) -> None:
    clock_file.write_text("3600")
    clock.now()

    clock_file.write_text("")

    assert clock.now() - datetime.now(UTC) > timedelta(seconds=3590)


def test_a_missing_file_means_no_offset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XULIU_CLOCK_FILE", str(tmp_path / "none"))

    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_the_civil_date_is_that_of_the_zone() -> None:
    late_in_utc = datetime(2026, 3, 31, 16, 30, tzinfo=UTC)

    assert clock.civil_date(late_in_utc, "Asia/Shanghai") == date(2026, 4, 1)
    assert clock.civil_date(late_in_utc, "Europe/Berlin") == date(2026, 3, 31)
