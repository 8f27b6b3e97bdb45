import threading
from datetime import UTC, date, datetime
from decimal import Decimal

import psycopg
import pytest
from django.db import connection, connections
from pytest_django import DjangoAssertNumQueries

from xuliu.common import clock
from xuliu.common.actor import Actor, acting
from xuliu.common.deciding import PersonReason
from xuliu.common.models import Event
from xuliu.common.tests.waiting import until
from xuliu.party.models import Person
from xuliu.party.roles import SUPPORT
from xuliu.party.staff import give_role
from xuliu.ticket.kinds import CaseKind
from xuliu.ticket.models import Case
from xuliu.ticket.operations import NewCase, close_case, open_case, open_cases
from xuliu.ticket.queries import open_cases as waiting_cases
from xuliu.ticket.queries import open_cases_of


class DoorCase(CaseKind):
    """Kinds of the tests' own."""

    JAMS = "door_jams"
    SQUEAKS = "door_squeaks"


@pytest.mark.django_db
def test_a_case_says_what_about_and_with_which_facts() -> None:
    before = clock.now()

    open_case(DoorCase.JAMS, ("orderline", 7), {"iccid_last_four": "4321", "said": "成功"})

    case = Case.objects.get()
    assert (case.kind, case.subject_kind, case.subject_id, case.state) == ("door_jams", "orderline", 7, "OPEN")
    assert case.facts == {"iccid_last_four": "4321", "said": "成功"}
    assert before <= case.opened_at == case.state_at <= clock.now()


@pytest.mark.django_db
def test_facts_may_be_dates_instants_and_amounts() -> None:
    open_case(
        DoorCase.SQUEAKS,
        ("sim", 1),
        {"on": date(2026, 3, 1), "at": datetime(2026, 3, 1, 8, tzinfo=UTC), "yuan": Decimal("1.50")},
    )

    assert Case.objects.get().facts == {"on": "2026-03-01", "at": "2026-03-01T08:00:00Z", "yuan": "1.50"}


@pytest.mark.django_db
def test_while_a_case_is_open_the_same_one_again_changes_nothing() -> None:
    open_case(DoorCase.JAMS, ("orderline", 7), {"look": 1})
    open_case(DoorCase.JAMS, ("orderline", 7), {"look": 2})
    open_cases([NewCase(kind=DoorCase.JAMS, subject_kind="orderline", subject_id=7)] * 2)

    assert Case.objects.get().facts == {"look": 1}


@pytest.mark.django_db
def test_another_kind_or_subject_is_another_case() -> None:
    open_case(DoorCase.JAMS, ("orderline", 7), {})
    open_case(DoorCase.SQUEAKS, ("orderline", 7), {})
    open_case(DoorCase.JAMS, ("orderline", 8), {})
    open_case(DoorCase.JAMS, ("order", 7), {})

    assert Case.objects.count() == 4


@pytest.mark.django_db
def test_a_closed_case_may_come_again() -> None:
    open_case(DoorCase.JAMS, ("orderline", 7), {"look": 1})
    closed = Case.objects.get()

    olga = Person.objects.create_user("olga")
    give_role(olga, SUPPORT)
    with acting(Actor("person", olga.pk, "Olga")):
        assert close_case(closed.pk, why=PersonReason.A_PERSON_SAYS, detail="the carrier delivered after all")
    open_case(DoorCase.JAMS, ("orderline", 7), {"look": 2})

    assert [case.facts["look"] for case in open_cases_of("orderline", [7])] == [2]
    event = Event.objects.get(kind="case", subject_id=closed.pk)
    assert (event.became, event.detail, event.actor_label) == ("CLOSED", "the carrier delivered after all", "Olga")


@pytest.mark.django_db
def test_a_case_is_closed_once() -> None:
    open_case(DoorCase.JAMS, ("orderline", 7), {})
    case = Case.objects.get()

    assert close_case(case.pk, why=PersonReason.A_PERSON_SAYS, detail="seen") is True
    assert close_case(case.pk, why=PersonReason.A_PERSON_SAYS, detail="seen too") is False
    assert Event.objects.filter(kind="case").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 1000])
def test_opening_cases_is_one_statement_whatever_their_number(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    openings = [NewCase(kind=DoorCase.SQUEAKS, subject_kind="sim", subject_id=number) for number in range(count)]

    with django_assert_num_queries(1):
        open_cases(openings)
    with django_assert_num_queries(0):
        open_cases([])

    assert waiting_cases().count() == count


def test_two_processes_open_the_same_case_at_once_and_it_stands_once(fresh_database: str) -> None:
    def open_it() -> None:
        open_case(DoorCase.SQUEAKS, ("sim", 1), {"by": "us"})
        connections.close_all()

    with psycopg.connect(fresh_database) as rival:
        rival.execute(
            "INSERT INTO ticket_case (kind, subject_kind, subject_id, facts, state, state_at, opened_at)"
            " VALUES ('door_squeaks', 'sim', 1, '{\"by\": \"the rival\"}', 'OPEN', now(), now())"
        )
        opening = threading.Thread(target=open_it)
        opening.start()
        until(_somebody_waits_for_a_lock)
        rival.commit()
        opening.join(10)

    assert Case.objects.get().facts == {"by": "the rival"}


def _somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])
