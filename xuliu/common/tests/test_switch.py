from collections.abc import Iterator

import pytest

from xuliu.common import switch
from xuliu.common.actor import Actor, acting
from xuliu.common.models import Event
from xuliu.common.tests.lamps import Lamp, LampReason, lamp_table, make_lamps


@pytest.fixture
def lamps(db: None) -> Iterator[None]:
    with lamp_table():
        yield


def test_pausing_tells_which_ran_until_now_and_keeps_the_first_reason(lamps: None) -> None:
    first, second = make_lamps(2)

    assert switch.pause(Lamp, [first], why=LampReason.SMELLS, detail="like fish") == [first]
    assert switch.pause(Lamp, [first, second], why=LampReason.STORM) == [second]

    said = Lamp.objects.order_by("id").values_list("paused_why", "paused_detail")
    assert list(said) == [("smells", "like fish"), ("storm", "")]
    assert Lamp.objects.filter(paused_at__isnull=True).count() == 0


def test_resuming_forgets_the_reason_and_says_who_did_it(lamps: None) -> None:
    (lamp,) = make_lamps(1)
    switch.pause(Lamp, [lamp], why=LampReason.STORM)

    with acting(Actor("person", 7, "Olga")):
        assert switch.resume(Lamp, [lamp], why=LampReason.OVER, detail="since noon") == [lamp]
        assert switch.resume(Lamp, [lamp]) == []

    assert Lamp.objects.values_list("paused_at", "paused_why", "paused_detail").get() == (None, "", "")
    events = Event.objects.order_by("id").values_list("became", "why_code", "detail", "actor_kind")
    assert list(events) == [("PAUSED", "storm", "", "worker"), ("RUNNING", "over", "since noon", "person")]
