"""Instants that are read quickly are those that Django reads."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from xuliu.common import arrays, instants

INSTANTS = st.lists(st.none() | st.datetimes(timezones=st.just(UTC)))


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(given=INSTANTS)
@example(given=[datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 3, 8, 1, 2, 3, 500_000, tzinfo=UTC)])
def test_they_come_back_as_they_went(given: list[datetime | None]) -> None:
    with connection.cursor() as cursor:
        instants.read_quickly(cursor)
        cursor.execute("SELECT * FROM unnest(%s::timestamptz[])", [arrays.dates(given)])
        quickly = [row[0] for row in cursor.fetchall()]

    assert quickly == given
    assert all(one.tzinfo is UTC for one in quickly if one is not None)
