"""Prices from–to: what costs what when, and how that changes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tests.make import make_carrier, make_offering, make_price, make_price_list
from xuliu.catalog.models import Offering, PriceList
from xuliu.catalog.operations import PriceInThePast, pause_offering, resume_offering, set_price
from xuliu.catalog.queries import price_history, prices_at, prices_of, public_price_list
from xuliu.common import clock
from xuliu.common.deciding import PersonReason
from xuliu.common.models import Event

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SPRING = datetime(2026, 3, 1, tzinfo=UTC)


def _price(offering: Offering, price_list: PriceList, at: datetime) -> int | None:
    return prices_at(offering_ids=[offering.id], price_list_id=price_list.id, at=at)[offering.id].amount_minor


def test_a_price_counts_from_its_first_instant_to_just_before_its_end() -> None:
    offering, price_list = make_offering(), make_price_list()
    make_price(offering, price_list, 3600, starts_at=SPRING, ends_at=SPRING + DAY)

    instants = (SPRING - DAY, SPRING, SPRING + DAY)
    assert [_price(offering, price_list, at) for at in instants] == [None, 3600, None]


def test_the_database_refuses_two_prices_at_once() -> None:
    offering, price_list = make_offering(), make_price_list()
    make_price(offering, price_list, 3600, starts_at=SPRING)

    with pytest.raises(IntegrityError), transaction.atomic():
        make_price(offering, price_list, 3500, starts_at=SPRING + DAY)
    make_price(offering, make_price_list(), 3500, starts_at=SPRING)  # another list is another matter


def test_a_new_price_ends_the_one_before_and_keeps_it_in_the_history() -> None:
    offering, price_list = make_offering(), make_price_list()
    make_price(offering, price_list, 3600, starts_at=SPRING)
    announced = clock.now() + DAY

    set_price(offering_id=offering.id, price_list_id=price_list.id, amount_minor=3300, starts_at=announced)

    history = price_history(offering_id=offering.id, price_list_id=price_list.id)
    assert [(price.amount_minor, price.valid.lower, price.valid.upper) for price in history] == [
        (3600, SPRING, announced),
        (3300, announced, None),
    ]


def test_a_price_set_before_an_announced_one_ends_where_that_begins() -> None:
    offering, price_list = make_offering(), make_price_list()
    soon, later = clock.now() + DAY, clock.now() + 9 * DAY
    terms: dict[str, Any] = {"offering_id": offering.id, "price_list_id": price_list.id}
    set_price(**terms, amount_minor=3000, starts_at=later)

    set_price(**terms, amount_minor=3600, starts_at=soon)

    assert [(price.amount_minor, price.valid.upper) for price in price_history(**terms)] == [
        (3600, later),
        (3000, None),
    ]


def test_an_announced_price_can_be_thought_over() -> None:
    offering, price_list = make_offering(), make_price_list()
    soon = clock.now() + DAY
    terms: dict[str, Any] = {"offering_id": offering.id, "price_list_id": price_list.id, "starts_at": soon}
    set_price(**terms, amount_minor=3600)

    set_price(**terms, amount_minor=3500)

    assert _price(offering, price_list, soon) == 3500


def test_the_same_price_again_changes_nothing() -> None:
    offering, price_list = make_offering(), make_price_list()
    first = set_price(offering_id=offering.id, price_list_id=price_list.id, amount_minor=3600)

    again = set_price(offering_id=offering.id, price_list_id=price_list.id, amount_minor=3600)

    assert again == first


def test_what_was_charged_before_is_not_rewritten() -> None:
    offering, price_list = make_offering(), make_price_list()

    with pytest.raises(PriceInThePast):
        set_price(
            offering_id=offering.id,
            price_list_id=price_list.id,
            amount_minor=1,
            starts_at=clock.now() - timedelta(seconds=1),
        )


def test_the_list_shows_what_a_carriers_sims_can_have_and_which_of_it_is_paused() -> None:
    carrier, price_list = make_carrier(), make_price_list(is_public=True)
    add_on = make_offering(carrier, kind="add_on")
    month, year = make_offering(carrier, months=1), make_offering(carrier, months=12)
    paused, elsewhere, unpriced = make_offering(carrier, months=6), make_offering(), make_offering(carrier)
    for offering in (add_on, month, year, paused, elsewhere):
        make_price(offering, price_list, 1000)
    pause_offering(offering_id=paused.id, why=PersonReason.A_PERSON_SAYS, detail="运营商下架")

    listed = prices_of(carrier_ids=[carrier.id], price_list_id=price_list.id, at=clock.now())

    assert [priced.id for priced in listed] == [year.id, paused.id, month.id, add_on.id]
    assert [priced.code for priced in listed if priced.paused_at] == [paused.code]
    assert {priced.currency for priced in listed} == {"CNY"}
    assert unpriced.id not in [priced.id for priced in listed]
    assert public_price_list() == price_list


def test_a_paused_offering_keeps_its_first_reason_and_is_sold_again_when_resumed() -> None:
    offering = make_offering()
    pause_offering(offering_id=offering.id, why=PersonReason.A_PERSON_SAYS, detail="first")
    pause_offering(offering_id=offering.id, why=PersonReason.A_PERSON_SAYS, detail="second")
    assert Offering.objects.get(id=offering.id).paused_detail == "first"

    resume_offering(offering_id=offering.id, why=PersonReason.A_PERSON_SAYS, detail="they sell it again")

    assert Offering.objects.get(id=offering.id).paused_at is None
    turned = Event.objects.filter(kind="offering", subject_id=offering.id).order_by("id")
    assert [(event.was, event.became, event.detail) for event in turned] == [
        ("RUNNING", "PAUSED", "first"),
        ("PAUSED", "RUNNING", "they sell it again"),
    ]


def test_a_price_announced_for_tomorrow_counts_tomorrow(clock_file: Path) -> None:
    offering, price_list = make_offering(), make_price_list()
    make_price(offering, price_list, 3600)
    tomorrow = clock.now() + DAY
    set_price(offering_id=offering.id, price_list_id=price_list.id, amount_minor=3300, starts_at=tomorrow)
    assert _price(offering, price_list, clock.now()) == 3600

    clock_file.write_text(str(DAY.total_seconds() + 1))

    assert _price(offering, price_list, clock.now()) == 3300


def test_the_list_takes_one_query_however_long_it_is(django_assert_num_queries: Any) -> None:
    carrier, price_list = make_carrier(), make_price_list()
    for _ in range(8):
        make_price(make_offering(carrier), price_list, 1000)

    with django_assert_num_queries(1):
        listed = prices_of(carrier_ids=[carrier.id], price_list_id=price_list.id, at=clock.now())
        assert [priced.carrier_id for priced in listed] == [carrier.id] * 8
