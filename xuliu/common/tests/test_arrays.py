from datetime import UTC, date, datetime

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xuliu.common import arrays

TEXTS = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00")))


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts=TEXTS, integers=st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)))
def test_the_database_reads_what_was_meant(texts: list[str], integers: list[int | None]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text[], %s::bigint[]", [arrays.texts(texts), arrays.integers(integers)])
        assert cursor.fetchone() == (texts, integers)


def test_a_nul_is_refused_and_never_shifts_the_rows() -> None:
    with pytest.raises(ValueError, match="NUL"):
        arrays.texts(["a", "b\x00c"])


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    days=st.lists(st.none() | st.dates()),
    instants=st.lists(st.none() | st.datetimes(timezones=st.just(UTC))),
    flags=st.lists(st.booleans()),
)
def test_dates_instants_and_flags_come_back_as_they_went(
    days: list[date | None], instants: list[datetime | None], flags: list[bool]
) -> None:
    with connection.cursor() as cursor:
        columns = [arrays.of(column) for column in (days, instants, flags)]
        cursor.execute("SELECT %s::date[], %s::timestamptz[], %s::bool[]", columns)
        assert cursor.fetchone() == (days, instants, flags)
