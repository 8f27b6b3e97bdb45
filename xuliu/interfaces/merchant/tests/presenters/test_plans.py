"""The plans that fit, in the order that helps."""

from datetime import date
from typing import Any

import pytest
from django.utils import translation

from xuliu.catalog.periods import Terms
from xuliu.catalog.queries import PricedOffering
from xuliu.interfaces.merchant.presenters import plans
from xuliu.ordering.buying.offers import Offer

MB = 1024 * 1024


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    with translation.override("en"):
        yield


def priced(offering_id: int, amount_minor: int, *, months: int = 0, days: int = 0, size_mb: int = 0) -> Offer:
    """One thing to buy."""
    offering = PricedOffering(
        id=offering_id,
        code=f"plan-{offering_id}",
        name={"zh-hans": f"套餐 {offering_id}", "en": f"Plan {offering_id}"},
        carrier_id=1,
        terms=Terms(kind="renewal" if months or days else "add_on", months=months, days=days),
        size_bytes=size_mb * MB,
        tax_basis_points=600,
        cost_minor=0,
        paused_at=None,
        currency="CNY",
        amount_minor=amount_minor,
    )
    return Offer(1, offering, amount_minor, 0, date(2026, 12, 4), date(2027, 12, 4))


YEAR, HALF, QUARTER = priced(1, 3600, months=12), priced(2, 2100, months=6), priced(3, 1200, months=3)
DATA = priced(4, 1000, size_mb=100)


def test_the_longest_renewal_stands_first_and_is_chosen() -> None:
    (renewals,) = plans.groups([QUARTER, YEAR, HALF], wants="renewal")

    assert [plan.title for plan in renewals.plans] == ["Plan 1", "Plan 2", "Plan 3"]
    assert [plan.is_chosen for plan in renewals.plans] == [True, False, False]
    assert renewals.plans[0].go == "Renew 12 months for ¥36.00"
    assert renewals.plans[0].detail == "until 2027-12-03"


def test_the_cheapest_by_the_month_is_called_so() -> None:
    (renewals,) = plans.groups([YEAR, HALF, QUARTER], wants="renewal")

    assert [plan.badge for plan in renewals.plans] == ["best value", "", ""]
    assert renewals.plans[1].beside == "¥3.50 / month"


def test_who_ran_out_of_data_is_offered_data_first() -> None:
    groups = plans.groups([YEAR, DATA], wants="add_on")

    assert [plan.offering_id for group in groups for plan in group.plans] == [4, 1]
    assert groups[0].plans[0].is_chosen
    assert groups[0].plans[0].go == "Add 100\u00a0MB for ¥10.00"


def test_what_was_chosen_stays_chosen_when_the_page_renews_itself() -> None:
    groups = plans.groups([YEAR, HALF, DATA], wants="renewal", chosen="4")

    assert [plan.offering_id for group in groups for plan in group.plans if plan.is_chosen] == [4]


def test_a_choice_that_is_gone_falls_back_to_the_first() -> None:
    (renewals,) = plans.groups([YEAR, HALF], wants="renewal", chosen="77")

    assert renewals.plans[0].is_chosen


@pytest.mark.parametrize(
    ("months", "days", "words"),
    [(1, 0, "Renew 1 month"), (24, 0, "Renew 2 years"), (0, 30, "Renew 30 days"), (1, 15, "Renew Plan 9")],
)
def test_the_button_says_in_few_words_how_long(months: int, days: int, words: str) -> None:
    (renewals,) = plans.groups([priced(9, 5000, months=months, days=days)], wants="renewal")

    assert renewals.plans[0].go == f"{words} for ¥50.00"


def test_nothing_to_sell_makes_no_group() -> None:
    assert plans.groups([], wants="renewal") == []
