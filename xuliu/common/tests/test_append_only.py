from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from xuliu.common.models import Event

TABLES = ("common_event", "ledger_posting", "carrier_call", "payment_providercall")


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}"])
def test_history_is_refused_to_every_role(table: str, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (True,), "the test must be the mightiest role there is"
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))


@pytest.mark.django_db
def test_a_session_that_plays_a_replica_is_refused_too() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            cursor.execute("DELETE FROM common_event")


@pytest.mark.django_db
def test_the_orm_gets_no_further_than_the_others() -> None:
    event = Event.objects.create(
        kind="lamp", subject_id=1, was="OFF", became="ON", actor_kind="worker", at=datetime.now(UTC)
    )
    event.detail = "a better story"

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        event.save()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        event.delete()
