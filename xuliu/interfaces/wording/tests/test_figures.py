"""Amounts, sizes, days and spans, the same on every surface."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import translation

from xuliu.interfaces.wording import figures

MB = 1024 * 1024
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # in Shanghai
ZONE = "Asia/Shanghai"


@pytest.mark.parametrize(
    ("amount_minor", "currency", "text"),
    [
        (3600, "CNY", "¥36.00"),
        (5, "CNY", "¥0.05"),
        (-100, "CNY", "−¥1.00"),
        (1000, "EUR", "€10.00"),
        (1, "CHF", "CHF 0.01"),
    ],
)
def test_money_has_its_sign_and_two_decimals(amount_minor: int, currency: str, text: str) -> None:
    assert figures.amount(amount_minor, currency) == text


@pytest.mark.parametrize(
    ("size_bytes", "like", "text"),
    [
        (300 * MB, None, "300 MB"),
        (198 * MB, 300 * MB, "198 MB"),
        (500_000_000, None, "500 MB"),
        (123_400_000, 500_000_000, "123 MB"),
        (3600 * MB, None, "3.5 GB"),
        (0, 300 * MB, "0 MB"),
        (MB // 2, 300 * MB, "0.5 MB"),
    ],
)
def test_data_is_counted_as_it_was_sold(size_bytes: int, like: int | None, text: str) -> None:
    assert figures.size(size_bytes, like=like) == text.replace(" ", "\u00a0")


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (3600 * MB, "3.5 GB"),
        (int(198.4 * MB), "198.4 MB"),
        (500_000_000, "500 MB"),
        (12 * 1024, "12 KB"),
        (7, "7 B"),
        (0, "0 B"),
    ],
)
def test_sizes_that_people_compare_keep_a_decimal(size_bytes: int, text: str) -> None:
    assert figures.exact_size(size_bytes) == text.replace(" ", "\u00a0")


def test_what_is_not_known_is_a_dash() -> None:
    unknown = (figures.amount(None, "CNY"), figures.exact_size(None), figures.day(None), figures.last_day(None))
    assert {*unknown, figures.instant(None), figures.age(None, now=NOON), figures.localised(None)} == {"–"}
    assert figures.localised({}, default="") == ""


def test_the_end_of_a_period_is_shown_as_the_last_day_served() -> None:
    assert figures.last_day(date(2027, 3, 1)) == "2027-02-28"


@pytest.mark.parametrize(
    ("passed", "english", "chinese"),
    [
        (timedelta(seconds=5), "just now", "刚刚"),
        (timedelta(minutes=1), "1 minute ago", "1\u2009分钟前"),
        (timedelta(minutes=18), "18 minutes ago", "18\u2009分钟前"),
        (timedelta(hours=5), "5 hours ago", "5\u2009小时前"),
        (timedelta(days=3), "3 days ago", "3\u2009天前"),
    ],
)
def test_an_age_is_said_in_the_largest_unit_that_fits(passed: timedelta, english: str, chinese: str) -> None:
    with translation.override("en"):
        assert figures.ago(NOON - passed, now=NOON) == english
    with translation.override("zh-hans"):
        assert figures.ago(NOON - passed, now=NOON) == chinese


@pytest.mark.parametrize(
    ("passed", "english", "chinese"),
    [
        (timedelta(seconds=5), "5 s", "5\u2009秒"),
        (timedelta(minutes=18), "18 min", "18\u2009分钟"),
        (timedelta(hours=47), "47 h", "47\u2009小时"),
        (timedelta(days=3), "3 days", "3\u2009天"),
    ],
)
def test_how_long_something_has_stood_fits_into_a_column(passed: timedelta, english: str, chinese: str) -> None:
    with translation.override("en"):
        assert figures.age(NOON - passed, now=NOON) == english
    with translation.override("zh-hans"):
        assert figures.age(NOON - passed, now=NOON) == chinese


def test_a_moment_is_told_in_the_carriers_zone() -> None:
    with translation.override("en"):
        assert figures.moment(NOON - timedelta(hours=1), zone=ZONE, now=NOON) == "today 11:00"
        assert figures.moment(NOON - timedelta(hours=13), zone=ZONE, now=NOON) == "yesterday 23:00"
        assert figures.moment(NOON - timedelta(days=9), zone=ZONE, now=NOON) == "2026-11-13 12:00"
    assert figures.instant(NOON, zone=ZONE) == "2026-11-22 12:00:00"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "5 seconds"), (38, "40 seconds"), (91, "2 minutes"), (3_600, "60 minutes"), (7_300, "3 hours")],
)
def test_a_span_is_rounded_up_to_what_one_would_say(seconds: float, text: str) -> None:
    with translation.override("en"):
        assert figures.span(seconds) == text


def test_a_name_missing_in_a_language_is_shown_in_chinese() -> None:
    with translation.override("en"):
        assert figures.localised({"zh-hans": "中国移动"}) == "中国移动"
        assert figures.localised({"zh-hans": "中国移动", "en": "China Mobile"}) == "China Mobile"


def test_in_a_name_a_figure_never_parts_from_its_unit() -> None:
    with translation.override("zh-hans"):
        assert figures.localised({"zh-hans": "12 个月 · 每月 300 MB"}) == "12\u00a0个月 · 每月 300\u00a0MB"
