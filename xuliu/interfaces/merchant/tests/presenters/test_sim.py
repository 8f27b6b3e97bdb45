"""What is wrong with a SIM, in words, and what to do: one case each, the gravest first."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import translation

from xuliu.balance.models import Reading
from xuliu.carrier.models import CarrierAccount
from xuliu.interfaces.merchant.presenters import sim as words
from xuliu.inventory.models import Sim

MB = 1024 * 1024
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
ENDS_ON = date(2026, 12, 5)  # the last day is 4 December, in 12 days


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    with translation.override("en"):
        yield


def facts(reading: dict[str, Any] | None = None, **sim: Any) -> words.Facts:
    """Lin's SIM, by default with 12 days and two thirds of its data left."""
    fields = {"state": Sim.State.ACTIVE, "period_start_on": date(2025, 12, 5), "period_end_on": ENDS_ON, **sim}
    known: dict[str, Any] = {
        "as_of": NOW - timedelta(minutes=18),
        "carrier_state": "active",
        "blocked_why": "",
        "refused": "",
    }
    known |= {"imei": "", "granted_bytes": 300 * MB, "used_bytes": 102 * MB, "left_bytes": 198 * MB}
    said = None if reading is None else Reading(**{**known, **reading})
    known_sim = Sim(account=CarrierAccount(), **fields)
    return words.Facts(sim=known_sim, reading=said, ends_on=known_sim.period_end_on, today=TODAY, now=NOW)


def test_days_left_are_counted_to_the_last_day_served() -> None:
    answer = words.answer(facts({}))

    assert (answer.figure, answer.unit, answer.tone) == ("12", "days left", "soon")
    assert "enough data" in answer.say


@pytest.mark.parametrize(
    ("ends_on", "figure", "unit"),
    [
        (date(2026, 11, 24), "1", "day left"),
        (date(2026, 11, 23), "", "Ends today"),
        (date(2026, 11, 22), "1", "day overdue"),
        (date(2026, 11, 20), "3", "days overdue"),
    ],
)
def test_around_the_last_day_each_day_has_its_own_answer(ends_on: date, figure: str, unit: str) -> None:
    answer = words.answer(facts({}, period_end_on=ends_on))

    assert (answer.figure, answer.unit) == (figure, unit)


def test_an_expired_sim_is_dark_and_wants_a_renewal() -> None:
    answer = words.answer(facts({}, period_end_on=TODAY))

    assert (answer.tone, answer.wants) == ("dark", "renewal")
    assert "offline" in answer.say
    assert "off and on" in answer.advice


def test_used_up_data_is_dark_and_wants_data() -> None:
    answer = words.answer(facts({"left_bytes": 0, "used_bytes": 300 * MB}))

    assert (answer.unit, answer.tone, answer.wants) == ("Data used up", "dark", "add_on")


def test_an_expired_sim_without_data_is_expired_first() -> None:
    assert words.answer(facts({"left_bytes": 0}, period_end_on=TODAY)).wants == "renewal"


def test_little_data_with_much_time_wants_data_soon() -> None:
    answer = words.answer(facts({"left_bytes": 12 * MB}, period_end_on=date(2027, 6, 1)))

    assert (answer.tone, answer.wants) == ("soon", "add_on")
    assert "12\u00a0MB" in answer.say


def test_an_owing_sim_is_blocked_and_nothing_is_sold_for_it() -> None:
    answer = words.answer(facts({"blocked_why": "owing 12.00"}))

    assert (answer.unit, answer.tone, answer.wants) == ("Blocked", "dark", "")
    assert "owing 12.00" in answer.say
    assert "take no money" in answer.advice


def test_a_cancelled_sim_is_told_even_where_only_the_carrier_knows() -> None:
    assert words.answer(facts({"carrier_state": "terminated"})).unit == "Cancelled"
    assert words.answer(facts(None, state=Sim.State.TERMINATED)).wants == ""


def test_a_suspended_sim_says_that_a_renewal_may_not_help() -> None:
    answer = words.answer(facts({"carrier_state": "suspended"}))

    assert answer.unit == "Suspended"
    assert "may not" in answer.advice


def test_a_sim_that_the_carrier_does_not_know_is_not_sold_to() -> None:
    answer = words.answer(facts({"refused": "no such card"}))

    assert answer.wants == ""
    assert "Do not pay" in answer.advice


def test_a_sim_in_stock_is_not_in_service_yet() -> None:
    assert words.answer(facts(None, state=Sim.State.IN_STOCK)).unit == "Not in service yet"


def test_an_unknown_end_is_said_to_be_unknown() -> None:
    answer = words.answer(facts(None, period_end_on=None))

    assert (answer.unit, answer.tone) == ("End not known", "plain")


def test_a_sim_with_time_and_data_is_well() -> None:
    answer = words.answer(facts({}, period_end_on=date(2027, 6, 1)))

    assert (answer.figure, answer.tone) == ("190", "well")


def test_the_tracks_show_how_much_is_gone() -> None:
    period, data = words.period_track(facts({})), words.data_track(facts({}))

    assert period is not None
    assert data is not None
    assert (period.value, period.left, period.right) == (96, "from 2025-12-05", "until 2026-12-04")
    assert (data.value, data.left, data.right) == (34, "102\u00a0MB used", "198\u00a0MB left")


def test_a_carrier_that_tells_no_data_gets_no_track() -> None:
    assert words.data_track(facts({"left_bytes": None})) is None
    assert words.data_track(facts(None)) is None


def test_every_figure_says_whose_it_is_and_how_old() -> None:
    told = words.as_of(facts({}), carrier="China Mobile", zone="Asia/Shanghai")

    assert told == "China Mobile's figures of today 11:42, 18 minutes ago."
    assert "own records" in words.as_of(facts(None), carrier="China Mobile", zone="Asia/Shanghai")


@pytest.mark.parametrize(
    ("reading", "is_waiting"),
    [
        ({"requested_at": NOW - timedelta(seconds=2)}, True),
        ({"requested_at": NOW - timedelta(seconds=2), "as_of": NOW}, False),
        ({"requested_at": NOW - timedelta(seconds=2), "failed_at": NOW}, False),
        ({"requested_at": NOW - timedelta(minutes=2)}, False),
        ({"requested_at": None}, False),
    ],
)
def test_a_page_looks_again_only_while_an_answer_may_come(reading: dict[str, Any], is_waiting: bool) -> None:
    assert words.is_waiting(facts(reading)) is is_waiting


def test_a_carrier_that_did_not_answer_is_told_before_anybody_pays() -> None:
    silent = facts({"failed_at": NOW})

    (said,) = words.notices(silent, carrier="China Mobile", under_way=None, zone="Asia/Shanghai")

    assert said.text.startswith("China Mobile does not answer")


@pytest.mark.parametrize(
    ("seen", "has_moved"),
    [("860000000000017", True), ("860000000000009", False), ("860000000000002", False), ("", False)],
)
def test_a_sim_seen_in_another_device_is_told(seen: str, has_moved: bool) -> None:
    said = words.notices(
        facts({"imei": seen}),
        carrier="China Mobile",
        under_way=None,
        zone="Asia/Shanghai",
        terminal_imei="860000000000009",
    )

    assert [("another device" in one.text) for one in said] == [True] * has_moved


def test_a_paused_carrier_is_told_and_its_reason_is_not() -> None:
    paused = facts({})
    paused.sim.account.paused_at, paused.sim.account.paused_why = NOW, "our balance is empty"

    (said,) = words.notices(paused, carrier="China Mobile", under_way=None, zone="Asia/Shanghai")

    assert "stopped for the moment" in said.text
    assert "balance" not in said.text
