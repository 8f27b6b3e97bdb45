"""What a provider said is read strictly: an odd answer is odd, and never an error of another kind."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xuliu.payment.contract import Malformed
from xuliu.payment.reading import inner, instant, json_object, minor_units, optional_text, text

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=5,
)


@given(body=st.binary(max_size=100))
def test_any_bytes_are_an_object_or_odd(body: bytes) -> None:
    with suppress(Malformed):
        assert isinstance(json_object(body), dict)


@given(value=ANYTHING)
def test_any_value_is_read_or_odd(value: Any) -> None:
    said = {"name": value}
    assert isinstance(optional_text(said, "name"), str)
    assert isinstance(inner(said, "name"), dict)
    for read in (
        lambda: text(said, "name"),
        lambda: minor_units(value, is_needed=True),
        lambda: instant(value, is_needed=True),
    ):
        with suppress(Malformed):
            assert read() is not None


@pytest.mark.parametrize("value", [36.0, "3600", True, -1, None, [], {}])
def test_an_amount_is_a_whole_number_and_nothing_like_one(value: Any) -> None:
    with pytest.raises(Malformed):
        minor_units(value, is_needed=True)


def test_what_is_not_needed_may_be_left_out() -> None:
    assert minor_units(None, is_needed=False) is None
    assert instant(None, is_needed=False) is None
    assert instant("", is_needed=False) is None


def test_an_instant_is_told_in_utc() -> None:
    assert instant("2026-03-01T00:30:00+08:00", is_needed=True) == datetime(2026, 2, 28, 16, 30, tzinfo=UTC)
    assert instant("2026-02-28T16:30:00Z", is_needed=True) == datetime(2026, 2, 28, 16, 30, tzinfo=UTC)
