"""The facts of a case in words: names and figures as everywhere else, nothing in minor units or as JSON has it."""

from typing import Any

import pytest
from django.utils import timezone
from django.utils.translation import override

from xuliu.interfaces.wording.facts import NAMES, named


def told(language: str, subject_kind: str = "orderline", **facts: Any) -> dict[str, str]:
    """The facts by name, as staff in China read them."""
    with override(language), timezone.override("Asia/Shanghai"):
        return dict(named(facts, subject_kind=subject_kind))


def test_figures_of_a_case_look_as_they_do_elsewhere() -> None:
    assert told(
        "en",
        amount_minor=3600,
        currency="CNY",
        end_said="2027-01-31",
        bytes_proven=300 * 1024**2,
        sent_at="2026-11-28T02:00:00.123456+00:00",
        state="UNKNOWN",
        why="it is back",
        carrier_number="",
        end_before=None,
    ) == {
        "Amount": "¥36.00",
        "Last day served, as the carrier says": "2027-01-30",
        "Granted, as proven": "300\u00a0MB",
        "Sent": "2026-11-28 10:00:00",
        "State": "Outcome unknown",
        "Reason": "it is back",
    }


def test_what_was_said_stands_beside_what_was_asked_for() -> None:
    said, expected = (
        {"reference": "m3w", "amount_minor": 1, "currency": "CNY"},
        {"amount_minor": 3600, "currency": "CNY"},
    )
    assert told("en", "payment", said=said, expected=expected) == {
        "Said": "Reference: m3w; Amount: ¥0.01",
        "Asked for": "Amount: ¥36.00",
    }
    assert told("zh-hans", "payment", said=said)["对方所述"] == "参考号：m3w；金额：¥0.01"


@pytest.mark.parametrize("key", sorted(NAMES))
def test_every_fact_has_a_name_in_chinese(key: str) -> None:
    with override("zh-hans"):
        assert not str(NAMES[key]).isascii()


def test_a_fact_that_nobody_foresaw_is_shown_by_its_code() -> None:
    assert told("en", weather="rain") == {"weather": "rain"}
    assert told("en", sent_at="soon", end_now=7) == {"Sent": "soon", "Last day served now": "7"}
