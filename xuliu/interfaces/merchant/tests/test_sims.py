"""A SIM's page by its sticker and by its number."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client

from tests import make, sales
from tests.make import make_merchant, make_terminal
from xuliu.balance.models import Reading
from xuliu.carrier.models import CarrierAccount
from xuliu.catalog.models import Offering
from xuliu.common import clock
from xuliu.common.codes import new_code
from xuliu.inventory.models import Binding, Sim
from xuliu.inventory.passwords import kept
from xuliu.ordering.models import Order, OrderLine

pytestmark = pytest.mark.django_db

ENGLISH = {"Accept-Language": "en"}


def text_of(client: Client, path: str) -> str:
    """The English page at a path."""
    answer = client.get(path, headers=ENGLISH)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode().replace("\u00a0", " ")


def sticker(shop: make.Shop) -> str:
    """Where the sticker leads."""
    return f"/t/{shop.terminal.sticker_code}"


def look_up(client: Client, typed: str, **more: str) -> str:
    """Where typing a number leads."""
    answer = client.post("/look-up", {"typed": typed, **more}, headers=ENGLISH)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer.headers["Location"])


def test_the_sticker_answers_how_long_the_sim_serves_and_what_it_costs_to_renew(client: Client) -> None:
    shop = make.make_shop()
    make.make_reading(shop.sim)

    page = text_of(client, sticker(shop))

    assert "China Mobile, ending 0973" in page
    assert "新大陆 N910" in page
    assert "<b>12</b><span>days left</span>" in page
    assert "198 MB left" in page
    assert "18 minutes ago" in page
    assert "Renew 12 months for ¥36.00" in page
    assert "Help: 400-000-0000" in page


def test_opening_the_page_has_the_carrier_asked_once_in_five_minutes(client: Client) -> None:
    shop = make.make_shop()

    text_of(client, sticker(shop))
    first = Reading.objects.get(sim=shop.sim).requested_at
    text_of(client, sticker(shop))

    assert first is not None
    assert Reading.objects.get(sim=shop.sim).requested_at == first


def test_the_stored_figure_shows_at_once_and_the_page_asks_for_the_fresh_one(client: Client) -> None:
    shop = make.make_shop()
    make.make_reading(shop.sim, asked_at=clock.now() - timedelta(minutes=10))

    page = text_of(client, sticker(shop))

    assert "198 MB left" in page
    assert 'hx-trigger="every 2s"' in page


def test_a_poll_gets_the_part_alone_and_nothing_where_nothing_changed(client: Client) -> None:
    shop = make.make_shop()
    poll = {**ENGLISH, "HX-Request": "true"}
    part = client.get(sticker(shop), headers=poll).content.decode()
    assert "<html" not in part
    again = part.split('hx-get="')[1].split('"')[0]

    assert client.get(again, headers=poll).status_code == 204
    make.make_reading(shop.sim, requested_at=None)
    fresh = client.get(again, headers=poll)
    assert fresh.status_code == 200
    assert "hx-get" not in fresh.content.decode()


def test_an_unknown_sticker_is_not_found_and_says_what_to_do(client: Client) -> None:
    answer = client.get(f"/t/{new_code()}", headers=ENGLISH)

    assert answer.status_code == 404
    assert "type the number of the SIM instead" in answer.content.decode()


def test_a_terminal_without_a_sim_says_so(client: Client) -> None:
    answer = client.get(f"/t/{make_terminal().sticker_code}", headers=ENGLISH)

    assert answer.status_code == 404
    assert "No SIM in this terminal" in answer.content.decode()


def test_a_sim_that_moved_out_is_not_shown_by_its_old_sticker(client: Client) -> None:
    shop = make.make_shop()
    Binding.objects.filter(sim=shop.sim).update(unbound_at=clock.now())

    assert client.get(sticker(shop)).status_code == 404


def test_a_typed_number_shows_nothing_of_the_owner(client: Client) -> None:
    merchant = make_merchant(name="林记烟酒店")
    shop = make.make_shop(merchant=merchant)
    make.make_reading(shop.sim)

    page = text_of(client, look_up(client, f" {make.ICCID[:8]} {make.ICCID[8:].lower()} "))

    assert "China Mobile, ending 0973" in page
    assert "until 2" in page
    assert "Renew 12 months for ¥36.00" in page
    for private in ("林记", "N910", shop.terminal.serial_number, shop.terminal.sticker_code, make.ICCID, "198 MB"):
        assert private not in page, private


def test_a_terminals_serial_number_finds_its_sim(client: Client) -> None:
    shop = make.make_shop()

    assert "ending 0973" in text_of(client, look_up(client, shop.terminal.serial_number.lower()))


def test_a_stickers_whole_link_typed_leads_to_the_stickers_page(client: Client) -> None:
    shop = make.make_shop()

    assert look_up(client, f"https://pay.example.com{sticker(shop)}") == sticker(shop)


def test_the_service_password_opens_the_whole_page(client: Client) -> None:
    shop = make.make_shop(service_password=kept(make.ICCID, "246810"))
    make.make_reading(shop.sim)

    assert "198 MB left" in text_of(client, look_up(client, make.ICCID, password="246810"))


def test_the_address_of_a_typed_look_up_ends_after_an_hour(client: Client, clock_file: object) -> None:
    make.make_shop()
    path = look_up(client, make.ICCID)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.core.signing.time.time", lambda: clock.now().timestamp() + 3601)
        assert client.get(path).headers["Location"] == "/"


def test_nobody_makes_an_address_of_a_typed_look_up_themselves(client: Client) -> None:
    make.make_shop()
    path = look_up(client, make.ICCID)

    assert client.get(path[:-2] + ("aa" if not path.endswith("aa") else "bb")).status_code == 404


@pytest.mark.parametrize("by_number", [False, True])
def test_choosing_a_plan_leads_to_its_quote(client: Client, by_number: bool) -> None:
    shop = make.make_shop()
    path = look_up(client, make.ICCID) if by_number else sticker(shop)

    answer = client.post(f"{path}/quote", {"offering": str(shop.half_year.pk)})

    order = Order.objects.get()
    assert answer.headers["Location"] == f"/o/{order.code}"
    assert order.lines.get().offering == shop.half_year
    assert order.is_waited_for


def test_a_paused_carrier_is_said_before_payment_and_nothing_is_sold(client: Client) -> None:
    shop = make.make_shop()
    make.make_reading(shop.sim)
    CarrierAccount.objects.update(paused_at=clock.now(), paused_why="balance of ours is 0")

    page = text_of(client, sticker(shop))
    answer = client.post(f"{sticker(shop)}/quote", {"offering": str(shop.year.pk)})

    assert "stopped for the moment" in page
    assert "balance of ours" not in page
    assert "Renew 12 months" not in page
    assert urlsplit(answer.headers["Location"]).query == "refused=account_paused"
    assert Order.objects.count() == 0


@pytest.mark.parametrize("days", [-40, -1, 0, 12, 300])
@pytest.mark.parametrize("is_under_way", [False, True])
def test_each_plan_says_the_day_that_its_quote_then_holds_to(client: Client, days: int, is_under_way: bool) -> None:
    shop = make.make_shop(days=days)
    if is_under_way:
        sales.make_paid(sales.make_quote(shop, shop.half_year))

    page = text_of(client, sticker(shop))

    for offering in (shop.year, shop.half_year, shop.quarter):
        ends_on = sales.make_quote(shop, offering).lines.get().ends_on
        row = page.split(f'for="plan-{offering.pk}"')[1].split("</label>")[0]
        assert f"until {ends_on - timedelta(days=1)}" in row


@pytest.mark.parametrize("offering", ["", "0", "9" * 30, "x", "٣"])
def test_what_is_no_offering_is_refused_with_a_sentence(client: Client, offering: str) -> None:
    shop = make.make_shop()

    answer = client.post(f"{sticker(shop)}/quote", {"offering": offering})

    page = text_of(client, answer.headers["Location"])
    assert 'role="alert"' in page
    assert Order.objects.count() == 0


def test_a_plan_that_was_paused_since_is_refused_with_a_sentence(client: Client) -> None:
    shop = make.make_shop()
    Offering.objects.filter(id=shop.year.pk).update(paused_at=clock.now())

    answer = client.post(f"{sticker(shop)}/quote", {"offering": str(shop.year.pk)})

    assert "cannot be had at the moment" in text_of(client, answer.headers["Location"])


def test_data_is_not_offered_where_no_period_runs(client: Client) -> None:
    shop = make.make_shop(days=-3)
    make.make_reading(shop.sim)

    page = text_of(client, sticker(shop))
    answer = client.post(f"{sticker(shop)}/quote", {"offering": str(shop.data.pk)})

    assert "Add 100 MB" not in page
    assert "Renew the SIM first" in text_of(client, answer.headers["Location"])


def test_a_renewal_under_way_is_said_and_followed_only_on_the_phone_that_ordered_it(client: Client) -> None:
    shop = make.make_shop()
    order = sales.make_gone(sales.make_paid(sales.make_quote(shop)), OrderLine.State.SUBMITTING)
    client.get(f"/o/{order.code}")

    assert "already under way" in text_of(client, sticker(shop))
    assert f"/o/{order.code}" in text_of(client, sticker(shop))
    assert order.code not in text_of(Client(), sticker(shop))


def test_new_plans_count_from_the_end_that_is_on_its_way(client: Client) -> None:
    shop = make.make_shop()
    order = sales.make_paid(sales.make_quote(shop))
    last = order.lines.get().ends_on

    page = text_of(client, sticker(shop))

    assert f"until {last.replace(year=last.year + 1) - timedelta(days=1)}" in page


@pytest.mark.parametrize("state", [Sim.State.TERMINATED, Sim.State.IN_STOCK])
def test_what_cannot_be_renewed_is_not_sold_to(client: Client, state: str) -> None:
    shop = make.make_shop(state=state)

    assert "Renew 12 months" not in text_of(client, sticker(shop))


def test_pages_are_kept_by_no_cache_and_listed_by_no_search_engine(client: Client) -> None:
    answer = client.get(sticker(make.make_shop()))

    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
