from collections.abc import Sequence

import pytest
from django.db import OperationalError
from hypothesis import given
from hypothesis import strategies as st

from xuliu.common.chunks import apply_halving, in_chunks


class Books:
    """A set step that refuses the whole part when a poisonous row is in it."""

    def __init__(self, poisonous: set[int]) -> None:
        self.poisonous = poisonous
        self.written: list[int] = []
        self.aside: dict[int, str] = {}
        self.calls = 0

    def apply(self, rows: Sequence[int]) -> None:
        self.calls += 1
        if bad := self.poisonous.intersection(rows):
            raise ValueError(f"row {min(bad)}")
        self.written += rows

    def set_aside(self, row: int, error: Exception) -> None:
        self.aside[row] = str(error)


def test_one_poisonous_row_in_a_thousand_stands_alone_after_few_tries() -> None:
    books = Books({617})

    aside = apply_halving(range(1000), books.apply, set_aside=books.set_aside)

    assert aside == 1
    assert books.aside == {617: "row 617"}
    assert books.written == [row for row in range(1000) if row != 617]
    assert books.calls <= 2 * 10 + 1


@given(size=st.integers(0, 60), poisonous=st.sets(st.integers(0, 59)))
def test_every_row_is_applied_once_or_set_aside_in_order(size: int, poisonous: set[int]) -> None:
    books = Books(poisonous)

    apply_halving(range(size), books.apply, set_aside=books.set_aside)

    assert books.written == [row for row in range(size) if row not in poisonous]
    assert sorted(books.aside) == sorted(poisonous & set(range(size)))


def test_trouble_with_the_database_itself_says_nothing_about_the_rows() -> None:
    books = Books(set())

    def broken(rows: Sequence[int]) -> None:
        raise OperationalError("the connection is gone")

    with pytest.raises(OperationalError):
        apply_halving(range(10), broken, set_aside=books.set_aside)
    assert books.aside == {}


def test_chunks_hold_every_row_once_and_are_never_too_large() -> None:
    chunks = in_chunks(range(10), size=4)

    assert [list(chunk) for chunk in chunks] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert in_chunks([], size=4) == []
