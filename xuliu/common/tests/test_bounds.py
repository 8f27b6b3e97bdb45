"""What comes in from outside, within bounds."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuliu.common import bounds
from xuliu.common.outbound import Response

NOT_JSON = [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"[" * 900 + b"]" * 900, b'{"a":' * 70 + b"1" + b"}" * 70]


@pytest.mark.parametrize("body", NOT_JSON, ids=lambda body: repr(body[:12]))
def test_what_is_no_json_that_anybody_means_is_a_value_error_and_nothing_else(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"char|column|decode|nested"):
        bounds.read_json(body)
    assert Response(200, {}, body).json() is None


@pytest.mark.parametrize(
    "figure", ["9" * 6000, "1" + "0" * 40, "NaN", "Infinity", "-Infinity", "1e999", "1." + "0" * 99]
)
def test_a_number_that_is_none_is_left_out_and_what_stands_beside_it_is_read(figure: str) -> None:
    assert bounds.read_json(f'{{"a": {figure}, "b": 17}}'.encode()) == {"a": None, "b": 17}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (17, 17 * 1024), ("17", 17 * 1024), (" 1.5 ", 1536), (0, 0), ("1e3", 1024_000), (1.5, 1536),
        (-1, None), ("-0.5", None), (1e30, None), ("1e30", None), ("1e999999999", None), ("9" * 6000, None),
        (10**4000, None), (float("nan"), None), (float("inf"), None), ("NaN", None), ("", None), (None, None),
        (True, None), ([17], None), ({}, None), ("1\x002", None), (bounds.MOST_BYTES, None),
        ("\u0663", None), ("\uff11\uff10", None), ("\u00b2", None), ("1_0", None), ("1,024", None),
    ],
)  # fmt: skip
def test_an_amount_is_whole_units_within_what_a_sim_can_have(said: Any, found: int | None) -> None:
    assert bounds.amount(said, unit=1024, most=bounds.MOST_BYTES) == found


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("17", 17), (17, 17), (0.5, 0.5), (" 90 ", 90), ("7200", 3600), (7200, 3600), ("0", 0),
        ("1764288000", None), (1_764_288_000, None), ("²", None), ("１７", None), ("-1", None), (-1, None),
        ("soon", None), ("", None), (None, None), (True, None), (float("nan"), None), (float("inf"), None),
        ("9" * 6000, None), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("1.5", None),
    ],
)  # fmt: skip
def test_a_wait_is_seconds_and_an_hour_at_most(said: Any, seconds: float | None) -> None:
    assert bounds.wait_seconds(said) == seconds


@pytest.mark.parametrize("said", [date(1999, 12, 31), date(2200, 1, 1), date.min, date.max, "2026-03-10", 17, None])
def test_a_day_out_of_range_was_not_said(said: Any) -> None:
    assert bounds.day(said) is None
    assert bounds.day(datetime(2026, 3, 10, tzinfo=UTC)) is None
    assert bounds.day(date(2026, 3, 10)) == date(2026, 3, 10)


EDGES = [
    datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    datetime.max.replace(tzinfo=timezone(-timedelta(hours=12))),
    datetime(2026, 3, 10, tzinfo=UTC).replace(tzinfo=None),
]


@pytest.mark.parametrize("said", EDGES, ids=str)
def test_an_instant_out_of_range_or_without_a_zone_was_not_said(said: datetime) -> None:
    assert bounds.moment(said) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2029-01-01T00:00:00.000Z", datetime(2029, 1, 1, tzinfo=UTC)),
        ("2029-01-01T08:00:00+0800", datetime(2029, 1, 1, tzinfo=UTC)),
        ("2029-01-01T00:00:00", datetime(2029, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59-12:00", None), ("0001-01-01T00:00:00+14:00", None), ("soon", None), ("2" * 6000, None),
        (17, None), (None, None),
    ],
)  # fmt: skip
def test_an_instant_in_a_text_is_told_in_utc(text: Any, found: datetime | None) -> None:
    assert bounds.moment_in(text, zone=UTC) == found


@given(st.datetimes(timezones=st.just(UTC)))
def test_the_first_day_not_served_is_told_or_not_said_and_never_an_error(end: datetime) -> None:
    found = bounds.first_day_not_served(end, "UTC")

    midnight = found and datetime(found.year, found.month, found.day, tzinfo=UTC)
    # What is a part of a second after midnight is midnight: carriers tell whole seconds.
    assert midnight is None or timedelta(seconds=-1) < midnight - end < timedelta(days=1)


@given(st.text(alphabet=st.characters(), max_size=50))
def test_words_are_cut_and_can_be_stored_and_seen(text: str) -> None:
    found = bounds.words(text + "\0\ud800", most=20)

    assert len(found) <= 20
    assert found.isprintable()
    assert "\0" not in found.encode().decode()


@pytest.mark.parametrize("said", ["a" * 65, "a\0", "a\n", "\ud800", 17, None])
def test_a_name_that_is_too_long_or_cannot_be_seen_is_none(said: Any) -> None:
    assert bounds.name(said, most=64) == ""
    assert bounds.name(" O-17 ", most=64) == "O-17"
