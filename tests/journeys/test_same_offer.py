"""Whoever is asked what a SIM can have, for how much and until when gives the same answer: one source."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client

from tests import make, sales
from tests.make import Shop, make_sim
from tests.quick_passwords import quick_passwords
from xuliu.balance.models import ProvenReading, Reading
from xuliu.balance.operations import grant_buckets
from xuliu.carrier.models import CarrierAccount
from xuliu.catalog.models import Offering
from xuliu.catalog.queries import public_price_list
from xuliu.cli import lookup
from xuliu.cli.failure import CommandFailed
from xuliu.cli.topup import make_quote, price_lines
from xuliu.common import clock
from xuliu.interfaces.console.tests import people
from xuliu.inventory.models import Sim
from xuliu.ordering.buying.offers import offers
from xuliu.ordering.buying.quote import QuoteRefused, Selection, quote
from xuliu.ordering.models import Channel, OrderLine
from xuliu.party.models import Person

__all__ = ["quick_passwords"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tables_are_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command looks at each start whether the tables fit, which takes longer than all that is asked here."""
    monkeypatch.setattr(lookup, "refuse_unfit", lambda is_demo: None)


Answers = dict[str, tuple[str, str]]  # by the offering's code: price, last day served
CODES = ("year", "half_year", "quarter", "data")
ENGLISH = {"Accept-Language": "en"}


def in_days(days: int) -> date:
    """So many days from today."""
    return make.today() + timedelta(days=days)


def delivered(shop: Shop, ends_on: date, *, minutes_ago: float, offering: Offering | None = None) -> None:
    """A line of the SIM, proven then, that brought this end."""
    order = sales.make_paid(sales.make_quote(shop, offering))
    states = OrderLine.State
    at = clock.now() - timedelta(minutes=minutes_ago)
    sales.make_gone(order, states.SUBMITTING, states.VERIFYING, states.COMPLETED, at=at)
    line = order.lines.get()
    grant_buckets(
        line_ids=[line.pk], sim_ids=[line.sim_id], sizes_bytes=[0], starts_on=[in_days(-30)], ends_on=[ends_on]
    )


def nobody_asked(shop: Shop) -> date | None:
    return shop.sim.period_end_on


def carrier_says_no_end(shop: Shop) -> date | None:
    make.make_reading(shop.sim, period_end_on=None)
    return shop.sim.period_end_on


def carrier_says_more_than_we(shop: Shop) -> date | None:
    make.make_reading(shop.sim, period_end_on=in_days(200))
    return in_days(200)


def carrier_says_less_than_we(shop: Shop) -> date | None:
    make.make_reading(shop.sim, period_end_on=in_days(3))
    return in_days(3)


def carrier_says_expired(shop: Shop) -> date | None:
    make.make_reading(shop.sim, period_end_on=in_days(-40))
    return in_days(-40)


def reading_is_older_than_a_delivery(shop: Shop) -> date | None:
    make.make_reading(shop.sim, minutes_ago=60)
    delivered(shop, in_days(377), minutes_ago=30)
    return in_days(377)


def reading_is_newer_than_a_delivery(shop: Shop) -> date | None:
    delivered(shop, in_days(377), minutes_ago=60)
    Sim.objects.filter(id=shop.sim.pk).update(period_end_on=in_days(377))
    make.make_reading(shop.sim, minutes_ago=30, period_end_on=in_days(5))
    return in_days(5)


def a_copy_shows_less_than_was_proven(shop: Shop) -> date | None:
    make.make_reading(shop.sim, minutes_ago=1, period_end_on=in_days(5))
    ProvenReading.objects.create(sim=shop.sim, line_id=1, as_of=clock.now(), period_end_on=in_days(370))
    return in_days(370)


def expired_reading_is_older_than_a_delivery(shop: Shop) -> date | None:
    make.make_reading(shop.sim, minutes_ago=60, period_end_on=in_days(-40))
    delivered(shop, in_days(90), minutes_ago=30)
    return in_days(90)


def data_delivered_since_moves_no_end(shop: Shop) -> date | None:
    make.make_reading(shop.sim, minutes_ago=60, period_end_on=in_days(20))
    delivered(shop, in_days(400), minutes_ago=30, offering=shop.data)
    return in_days(20)


def nobody_knows(shop: Shop) -> date | None:
    Sim.objects.filter(id=shop.sim.pk).update(period_end_on=None, period_start_on=None)
    return None


KNOWN: tuple[Callable[[Shop], date | None], ...] = (
    nobody_asked,
    carrier_says_no_end,
    carrier_says_more_than_we,
    carrier_says_less_than_we,
    carrier_says_expired,
    reading_is_older_than_a_delivery,
    reading_is_newer_than_a_delivery,
    a_copy_shows_less_than_was_proven,
    expired_reading_is_older_than_a_delivery,
    data_delivered_since_moves_no_end,
    nobody_knows,
)


@pytest.mark.parametrize("is_under_way", [False, True], ids=["alone", "under way"])
@pytest.mark.parametrize("known", KNOWN, ids=[known.__name__ for known in KNOWN])
def test_all_surfaces_count_from_the_same_end(
    known: Callable[[Shop], date | None], is_under_way: bool, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = make.make_shop()
    ends_on = known(shop)
    planned = sales.make_paid(sales.make_quote(shop, shop.half_year)).lines.get().ends_on if is_under_way else None

    answers = {
        "page": on_the_page(shop, client),
        "lookup": by_lookup(shop, capsys),
        "top-up": by_topup(shop),
        "console": in_the_console(shop),
        "quote": by_quote(shop),
    }

    assert all(answer == answers["quote"] for answer in answers.values()), answers
    taxes = taxes_of_quotes(shop)
    assert all(f">tax {tax}</span></td></tr>" in console(shop) for tax in taxes), taxes
    known_end = offers(sim_ids=[shop.sim.pk], price_list_id=None, at=clock.now())[shop.sim.pk].ends_on
    assert known_end == ends_on
    counted_from = max(filter(None, [ends_on, planned]), default=None)
    runs = counted_from is not None and counted_from > make.today()
    assert set(answers["quote"]) == set(CODES if runs else CODES[:-1])
    assert str(ends_on - timedelta(days=1) if ends_on else "not known") in present_end(shop, client, capsys)


REFUSED: dict[str, Callable[[Shop], object]] = {
    "sim_not_in_service": lambda shop: Sim.objects.filter(id=shop.sim.pk).update(state="TERMINATED"),
    "sim_not_in_service ": lambda shop: make.make_reading(shop.sim, carrier_state="terminated"),
    "sim_unknown_at_carrier": lambda shop: make.make_reading(shop.sim, refused="not found"),
    "sim_blocked": lambda shop: make.make_reading(shop.sim, blocked_why="欠费"),
    "account_paused": lambda shop: CarrierAccount.objects.update(paused_at=clock.now()),
    "offering_paused": lambda shop: Offering.objects.update(paused_at=clock.now()),
}


@pytest.mark.parametrize("code", REFUSED)
def test_what_one_surface_refuses_none_sells(code: str, client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    shop = make.make_shop()
    REFUSED[code](shop)

    surfaces = on_the_page(shop, client), by_lookup(shop, capsys), by_topup(shop), in_the_console(shop), by_quote(shop)

    assert surfaces == ({}, {}, {}, {}, {})
    selection = Selection(sim_id=shop.sim.pk, offering_id=shop.year.pk)
    with pytest.raises(QuoteRefused) as refused:
        quote(selections=[selection], price_list_id=shop.price_list.pk, channel=Channel.COMMAND)
    assert refused.value.refusals[0].code == code.strip()


def test_what_a_carrier_said_against_a_sim_is_asked_anew_when_it_is_refused() -> None:
    shop = make.make_shop()
    make.make_reading(shop.sim, refused="not found", asked_at=clock.now() - timedelta(days=9))

    assert by_quote(shop) == {}

    assert Reading.objects.get(sim=shop.sim).requested_at is not None


def test_what_was_added_to_a_renewal_that_is_refused_is_no_end_to_count_from() -> None:
    shop = make.make_shop()
    renewal = sales.make_paid(sales.make_quote(shop, shop.year))
    sales.make_paid(sales.make_quote(shop, shop.data))
    sales.make_gone(renewal, OrderLine.State.SUBMITTING, OrderLine.State.REJECTED)

    (line,) = sales.make_quote(shop, shop.quarter).lines.all()

    assert line.starts_on == shop.sim.period_end_on


def test_one_sim_and_a_thousand_take_the_same_statements(django_assert_num_queries: Callable[[int], object]) -> None:
    shop = make.make_shop()
    many = [make_sim(shop.account).pk for _ in range(1_000)]
    for sim_ids in ([shop.sim.pk], many):
        with django_assert_num_queries(3):  # type: ignore[attr-defined]  # a context
            found = offers(sim_ids=sim_ids, price_list_id=shop.price_list.pk, at=clock.now())
        assert all(len(each.offers) + len(each.refusals) == len(CODES) for each in found.values())


def on_the_page(shop: Shop, client: Client) -> Answers:
    """What the sticker's page shows under each plan's button."""
    page = client.get(f"/t/{shop.terminal.sticker_code}", headers=ENGLISH).content.decode()
    found = {}
    for offering in (shop.year, shop.half_year, shop.quarter, shop.data):
        if (label := f'for="plan-{offering.pk}"') in page:
            row = page.split(label)[1].split("</label>")[0]
            price, day = re.search(r"<b>(.*?)</b>", row), re.search(r"until ([\d-]{10})", row)
            assert price
            assert day
            found[offering.code] = (price[1], day[1])
    return found


def by_lookup(shop: Shop, capsys: pytest.CaptureFixture[str]) -> Answers:
    """What `xuliu lookup` prints."""
    return {
        code: (price, day)
        for code, price, day in re.findall(
            r"^  (\w+) .*?(¥[\d.]+) +(?:usable )?until ([\d-]{10})$", looked_up(shop, capsys), re.MULTILINE
        )
    }


def by_topup(shop: Shop) -> Answers:
    """What `xuliu topup` asks to confirm."""
    found = {}
    for code in CODES:
        try:
            lines = price_lines(make_quote(shop.sim, code))
        except CommandFailed:
            continue
        day = re.search(r"([\d-]{10})", lines[-1])
        assert day
        found[code] = (next(line.split()[-1] for line in lines if "¥" in line), day[1])
    return found


def in_the_console(shop: Shop) -> Answers:
    """What Olga reads on the SIM's page."""
    row = (
        r'x-soft">(\w+)</span></td><td class="x-nowrap">[\d-]{10} –<br>([\d-]{10})</td><td class="x-num">(¥[\d.]+)<br>'
    )
    return {code: (price, day) for code, day, price in re.findall(row, console(shop))}


def console(shop: Shop) -> str:
    """The console's table of what the SIM can have."""
    olga = Person.objects.filter(sign_in_name="olga").first() or people.olga()
    page = people.signed_in(olga).get(f"/console/inventory/sim/{shop.sim.pk}/change/", headers=ENGLISH)
    return page.content.decode().split('id="offers"')[1].split("</section>")[0]


def taxes_of_quotes(shop: Shop) -> list[str]:
    """The taxes within what the orders hold that were quoted."""
    lines = OrderLine.objects.filter(order__is_waited_for=False, sim=shop.sim)
    return [f"¥{line.tax_minor / 100:.2f}" for line in lines]


def by_quote(shop: Shop) -> Answers:
    """What an order of it holds."""
    found = {}
    prices = public_price_list()
    assert prices
    for code in CODES:
        selection = Selection(sim_id=shop.sim.pk, offering_id=Offering.objects.get(code=code).pk)
        try:
            order_id = quote(selections=[selection], price_list_id=prices.pk, channel=Channel.COMMAND)
        except QuoteRefused:
            continue
        line = OrderLine.objects.get(order=order_id)
        found[code] = (f"¥{line.price_minor / 100:.2f}", str(line.ends_on - timedelta(days=1)))
    return found


def present_end(shop: Shop, client: Client, capsys: pytest.CaptureFixture[str]) -> str:
    """Until when page and command say that it is served now; the same on both."""
    page = client.get(f"/t/{shop.terminal.sticker_code}", headers=ENGLISH).content.decode()
    said = re.search(r'aria-label="Service period".*?<span>(?:until|ended) ([\d-]{10})', page, re.DOTALL)
    command = re.search(r"Service period +(.*)", looked_up(shop, capsys))
    assert command
    assert not said or said[1] in command[1]
    return command[1]


def looked_up(shop: Shop, capsys: pytest.CaptureFixture[str]) -> str:
    """The command's whole answer, nobody being asked."""
    capsys.readouterr()
    args = Namespace(demo=True, language="en", wait=0.0, number=shop.sim.iccid, sticker=None)
    assert lookup.run(args) == 0
    return capsys.readouterr().out
