import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import IntegrityError, connection, connections, transaction
from pytest_django import DjangoAssertNumQueries

from xuliu.common import clock
from xuliu.common.actor import Actor, acting
from xuliu.common.models import Event
from xuliu.common.reasons import Why
from xuliu.common.state import move
from xuliu.common.tests.lamps import Lamp, LampReason, lamp_table, make_lamps, states
from xuliu.common.tests.waiting import until

State = Lamp.State


@pytest.fixture
def lamps(db: None) -> Iterator[None]:
    with lamp_table():
        yield


def test_only_rows_that_may_move_do_and_the_caller_learns_which(lamps: None) -> None:
    off, on, broken = make_lamps(1), make_lamps(1, state=State.ON), make_lamps(1, state=State.BROKEN)

    moved = move(Lamp, [*off, *on, *broken], to=State.ON)

    assert moved == off
    assert states([*off, *on, *broken]) == [State.ON, State.ON, State.BROKEN]


def test_a_narrower_origin_keeps_the_others_where_they_are(lamps: None) -> None:
    ids = make_lamps(1, state=State.ON)

    with pytest.raises(ValueError, match="nothing moves to BROKEN from"):
        move(Lamp, ids, to=State.BROKEN, only_from=[State.OFF])
    assert move(Lamp, ids, to=State.BROKEN, only_from=[State.ON]) == ids


def test_a_state_that_nothing_leads_to_is_a_mistake_of_the_caller(lamps: None) -> None:
    with pytest.raises(ValueError, match="nothing moves to MELTED"):
        move(Lamp, [], to="MELTED")


def test_every_move_leaves_an_event_that_says_who_from_to_and_why(lamps: None) -> None:
    first, second = make_lamps(2)
    at = datetime(2026, 3, 2, tzinfo=UTC)

    with acting(Actor("person", 7, "Olga")):
        move(Lamp, [first, second], to=State.ON, why=[Why(LampReason.DARK), Why(LampReason.STORM, "9 bft")], at=at)

    events = Event.objects.filter(kind="lamp").order_by("subject_id")
    assert [
        (
            event.subject_id,
            event.was,
            event.became,
            event.why_code,
            event.detail,
            event.actor_kind,
            event.actor_id,
            event.actor_label,
            event.at,
        )
        for event in events
    ] == [
        (first, "OFF", "ON", "dark", "", "person", 7, "Olga", at),
        (second, "OFF", "ON", "storm", "9 bft", "person", 7, "Olga", at),
    ]


def test_other_columns_move_along_with_the_state(lamps: None) -> None:
    ids = make_lamps(3)

    move(
        Lamp,
        ids,
        to=State.ON,
        also={"colour": "red", "paused_at": None},
        also_each={"watts": [5, 40, 60], "facts": ['{"n": 1}', '{"n": 2}', '{"n": 3}']},
    )

    found = Lamp.objects.order_by("id").values_list("watts", "colour", "facts")
    assert list(found) == [(5, "red", {"n": 1}), (40, "red", {"n": 2}), (60, "red", {"n": 3})]


def test_what_all_rows_bring_alike_is_set_like_what_differs(lamps: None) -> None:
    ids, at = make_lamps(2), datetime(2026, 3, 1, tzinfo=UTC)

    also_each: dict[str, list[object]] = {
        "watts": [60, 60],
        "colour": ["red", "blue"],
        "paused_at": [at, at],
        "facts": ['{"n": 1}'] * 2,
    }
    move(Lamp, ids, to=State.ON, why=[Why(LampReason.DARK, "again")] * 2, also_each=also_each)

    found = Lamp.objects.order_by("id").values_list("watts", "colour", "paused_at", "facts")
    assert list(found) == [(60, "red", at, {"n": 1}), (60, "blue", at, {"n": 1})]
    assert set(Event.objects.filter(kind="lamp").values_list("why_code", "detail")) == {("dark", "again")}


def test_the_instant_is_the_business_clocks(lamps: None) -> None:
    ids = make_lamps(1)

    before = clock.now()
    move(Lamp, ids, to=State.ON)

    assert before <= Lamp.objects.get().state_at <= clock.now()


@pytest.mark.parametrize("count", [1, 1000])
def test_a_move_is_one_statement_whatever_the_number_of_rows(
    lamps: None, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    ids = make_lamps(count)

    with django_assert_num_queries(1):
        assert sorted(move(Lamp, ids, to=State.ON)) == ids


def test_moving_nothing_asks_nothing(lamps: None, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert move(Lamp, [], to=State.ON) == []


def test_the_database_knows_no_other_state(lamps: None) -> None:
    make_lamps(1)

    with pytest.raises(IntegrityError, match="lamp_state_check"), transaction.atomic():
        Lamp.objects.update(state="MELTED")


def test_a_row_that_a_rival_moved_first_is_not_moved_again(fresh_database: str) -> None:
    with lamp_table():
        first, second = make_lamps(2, state=State.ON)
    answer: list[list[int]] = []

    def break_both() -> None:
        answer.append(move(Lamp, [first, second], to=State.BROKEN))
        connections.close_all()

    with psycopg.connect(fresh_database) as rival:
        rival.execute("UPDATE lamp SET state = 'OFF' WHERE id = %s", [first])
        moving = threading.Thread(target=break_both)
        moving.start()
        until(_somebody_waits_for_a_lock)
        rival.commit()
        moving.join(10)

    assert answer == [[second]]
    assert states([first, second]) == [State.OFF, State.BROKEN]
    assert list(Event.objects.values_list("subject_id", flat=True)) == [second]


def test_of_two_rivals_each_row_is_moved_by_exactly_one(fresh_database: str) -> None:
    with lamp_table():
        ids = make_lamps(400)
    answers: list[list[int]] = []
    start = threading.Barrier(4)

    def switch_on(order: list[int]) -> None:
        start.wait(10)
        answers.append(move(Lamp, order, to=State.ON))
        connections.close_all()

    rivals = [threading.Thread(target=switch_on, args=(order,)) for order in (ids, ids[::-1], ids[200:], ids[:200])]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join(20)

    assert sorted(lamp for answer in answers for lamp in answer) == ids
    assert Event.objects.count() == len(ids)


def _somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])
