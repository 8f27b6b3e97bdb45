import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuliu.common.money import allot, decimal_text, included_tax

WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=50).filter(any)


@given(amount=st.integers(0, 10**12), weights=WEIGHTS)
def test_the_parts_add_up_to_the_whole_and_none_is_off_by_one_or_more(amount: int, weights: list[int]) -> None:
    parts = allot(amount, weights)

    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - amount * weight) < sum(weights)


@given(amount=st.integers(0, 10**9), weights=WEIGHTS)
def test_a_part_without_weight_gets_nothing(amount: int, weights: list[int]) -> None:
    parts = allot(amount, [*weights, 0])

    assert parts[-1] == 0


@given(amount=st.integers(0, 10**9), weights=WEIGHTS)
def test_who_weighs_more_never_gets_less(amount: int, weights: list[int]) -> None:
    by_weight = sorted(zip(weights, allot(amount, weights), strict=True))
    parts = [part for _, part in by_weight]

    assert parts == sorted(parts)


@given(amount=st.integers(0, 10**9), weights=WEIGHTS)
def test_where_parts_are_added_up_before_they_are_taxed_or_after_half_a_unit_each_is_the_most_between(
    amount: int, weights: list[int]
) -> None:
    parts = allot(amount, weights)

    apart = sum(included_tax(part, 600) for part in parts)
    assert abs(apart - included_tax(amount, 600)) <= (len(parts) + 1) / 2


def test_equal_remainders_go_to_the_earlier_part() -> None:
    assert allot(100, [1, 1, 1]) == [34, 33, 33]


def test_nothing_is_split_over_nothing() -> None:
    assert allot(0, [0, 0]) == [0, 0]
    assert allot(0, []) == []


@pytest.mark.parametrize(("amount", "weights"), [(1, [0, 0]), (1, []), (-1, [1]), (1, [1, -1])])
def test_what_cannot_be_split_is_refused(amount: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match=r"nothing to split|negative"):
        allot(amount, weights)


def test_tax_within_a_price_is_rounded_half_up() -> None:
    assert included_tax(10_600, 600) == 600
    assert included_tax(3_600, 600) == 204  # 203.77
    assert included_tax(1, 10_000 - 1) == 0  # 0.49997
    assert included_tax(3, 10_000) == 2  # 1.5
    assert included_tax(12_345, 0) == 0


@given(gross=st.integers(0, 10**12), rate=st.integers(0, 9_999))
def test_tax_is_within_half_a_unit_of_the_exact_one(gross: int, rate: int) -> None:
    tax = included_tax(gross, rate)

    assert abs(2 * (tax * (10_000 + rate) - gross * rate)) <= 10_000 + rate


def test_an_amount_reads_as_people_write_it() -> None:
    assert decimal_text(3_600) == "36.00"
    assert decimal_text(-5) == "-0.05"
    assert decimal_text(7, exponent=0) == "7"
    assert decimal_text(1_234, exponent=3) == "1.234"
