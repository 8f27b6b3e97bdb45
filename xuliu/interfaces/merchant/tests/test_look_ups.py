"""Numbers cannot be walked; a shop is served all the same."""

import threading
from pathlib import Path

import pytest
from django.db import connections
from django.db.models import F
from django.test import Client
from pytest_django.fixtures import Settings

from tests import make
from tests.make import make_sim
from xuliu.common import clock, guard
from xuliu.common.addresses import networks
from xuliu.common.guard import TooManyTries
from xuliu.common.models import Counter, Mark
from xuliu.inventory.look_ups import LOOK_UPS_AN_ADDRESS, look_up
from xuliu.inventory.models import Sim
from xuliu.inventory.passwords import kept

ENGLISH = {"Accept-Language": "en"}


def typed(client: Client, number: str, *, address: str = "203.0.113.5", **more: str) -> tuple[int, str]:
    """Status and page for a number typed at an address."""
    answer = client.post("/look-up", {"typed": number, **more}, headers=ENGLISH, REMOTE_ADDR=address)
    return answer.status_code, answer.content.decode()


def exhaust(address: str = "203.0.113.5") -> None:
    """Everything that an address may try in an hour is tried."""
    for number in range(LOOK_UPS_AN_ADDRESS):
        look_up(typed=f"8986049999999{number:07d}", address=address)


@pytest.mark.django_db
def test_two_thousand_numbers_from_fifty_addresses_reveal_at_most_a_thousand_and_the_shop_is_served(
    client: Client,
) -> None:
    shop = make.make_shop()
    Sim.objects.bulk_create(
        Sim(iccid=f"898604{number:014d}", account=shop.account, state="ACTIVE", state_at=clock.now())
        for number in range(700_000, 702_000)
    )
    addresses = [f"203.0.113.{number}" for number in range(50)]
    revealed = 0

    for number in range(2_000):
        try:
            found = look_up(typed=f"898604{700_000 + number:014d}", address=addresses[number % 50])
        except TooManyTries:
            found = None
        revealed += found is not None
        if number % 500 == 499:
            served = client.get(f"/t/{shop.terminal.sticker_code}", REMOTE_ADDR=addresses[7])
            assert served.status_code == 200

    assert revealed == 1_000
    assert typed(client, "89860400000000701500", address=addresses[7])[0] == 429


@pytest.mark.django_db
def test_after_the_limit_a_number_that_exists_and_one_that_does_not_get_the_same_answer(client: Client) -> None:
    make.make_shop()
    exhaust()

    known = typed(client, make.ICCID)
    unknown = typed(client, make.ICCID[:-1] + "9")

    assert known[0] == unknown[0] == 429
    assert _without(known[1], make.ICCID) == _without(unknown[1], make.ICCID[:-1] + "9")


def _without(page: str, number: str) -> str:
    """The page but for what was typed and the form's own token."""
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"', maxsplit=1)[0]
    return page.replace(number, "").replace(token, "")


@pytest.mark.django_db
def test_wrong_guesses_count_as_well(client: Client) -> None:
    make.make_shop()
    for number in range(LOOK_UPS_AN_ADDRESS):
        assert typed(client, f"8986049999999{number:07d}")[0] == 404

    assert typed(client, make.ICCID)[0] == 429


@pytest.mark.django_db
def test_the_same_number_again_is_not_counted_anew(client: Client) -> None:
    make.make_shop()
    for _ in range(LOOK_UPS_AN_ADDRESS + 5):
        assert typed(client, make.ICCID)[0] == 302

    assert Counter.objects.get().count == 1


@pytest.mark.django_db
def test_an_hour_later_numbers_can_be_typed_again_and_old_tries_are_forgotten(client: Client, clock_file: Path) -> None:
    make.make_shop()
    exhaust()
    assert typed(client, make.ICCID)[0] == 429

    clock_file.write_text("3601")

    assert typed(client, make.ICCID)[0] == 302
    assert guard.forget_ended() == LOOK_UPS_AN_ADDRESS
    assert (Counter.objects.get().count, Mark.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_at_the_limit_the_service_password_opens_and_a_wrong_one_does_not(client: Client) -> None:
    make.make_shop(service_password=kept(make.ICCID, "246810"))
    exhaust()

    assert typed(client, make.ICCID, password="999999")[0] == 429
    assert "do not belong together" in typed(client, make.ICCID, password="999999")[1]
    assert typed(client, make.ICCID, password="246810")[0] == 302


@pytest.mark.django_db
def test_a_wrong_password_and_an_unknown_number_get_the_same_answer(client: Client) -> None:
    make.make_shop(service_password=kept(make.ICCID, "246810"))
    other = make.ICCID[:-1] + "9"

    wrong, unknown = typed(client, make.ICCID, password="999999"), typed(client, other, password="999999")

    assert wrong[0] == unknown[0]
    assert _without(wrong[1], make.ICCID) == _without(unknown[1], other)


@pytest.mark.django_db
def test_a_sims_password_cannot_be_tried_out_from_many_addresses(client: Client) -> None:
    make.make_shop(service_password=kept(make.ICCID, "246810"))
    for number in range(10):
        typed(client, make.ICCID, address=f"198.51.100.{number}", password=f"{number:06d}")

    status, page = typed(client, make.ICCID, address="198.51.100.99", password="246810")

    assert status == 429
    assert "Too many passwords" in page


@pytest.mark.django_db
def test_one_address_cannot_try_out_passwords_of_many_sims(client: Client) -> None:
    make.make_shop(service_password=kept(make.ICCID, "246810"))
    for number in range(30):
        typed(client, f"8986049999999{number:07d}", password="0000")

    assert "Too many passwords" in typed(client, make.ICCID, password="246810")[1]
    assert typed(client, make.ICCID, address="198.51.100.9", password="246810")[0] == 302


def _use_up_the_password(client: Client, *numbers: str) -> None:
    """Strangers of many addresses try, until no password of this SIM is looked at any more."""
    for number in range(10):
        typed(client, numbers[number % len(numbers)], address=f"198.51.100.{number}", password=f"{number:06d}")


@pytest.mark.django_db
def test_a_sims_two_numbers_are_one_door(client: Client) -> None:
    shop = make.make_shop(service_password=kept(make.ICCID, "246810"))
    _use_up_the_password(Client(), make.ICCID, shop.terminal.serial_number)

    for number in (make.ICCID, shop.terminal.serial_number):
        assert "Too many passwords" in typed(client, number, address="192.0.2.1", password="246810")[1]


@pytest.mark.django_db
def test_strangers_close_a_sims_password_for_strangers_alone(client: Client) -> None:
    shop = make.make_shop(service_password=kept(make.ICCID, "246810"))
    other = "898604B0102070990981"
    make_sim(shop.account, iccid=other, service_password=kept(other, "135790"))
    owner = Client()
    assert typed(owner, make.ICCID, password="246810")[0] == 302
    _use_up_the_password(Client(), make.ICCID)
    _use_up_the_password(Client(), other)

    assert typed(client, make.ICCID, address="192.0.2.1", password="246810")[0] == 429
    assert typed(owner, make.ICCID, address="192.0.2.1", password="246810")[0] == 302
    assert typed(owner, other, address="192.0.2.1", password="135790")[0] == 429, "known for its own alone"


@pytest.mark.django_db
def test_a_browser_that_opened_a_sim_has_its_own_tries_and_no_more(client: Client) -> None:
    make.make_shop(service_password=kept(make.ICCID, "246810"))
    assert typed(client, make.ICCID, password="246810")[0] == 302

    said = [typed(client, make.ICCID, password=f"{number:06d}")[1] for number in range(11)]

    assert ["Too many passwords" in page for page in said] == [False] * 10 + [True]


@pytest.mark.django_db
def test_right_passwords_are_not_counted(client: Client) -> None:
    make.make_shop(service_password=kept(make.ICCID, "246810"))
    for _ in range(15):
        assert typed(Client(), make.ICCID, password="246810")[0] == 302
    _use_up_the_password(client, make.ICCID)


@pytest.mark.django_db
def test_a_shops_own_sticker_is_never_closed_by_strangers(client: Client) -> None:
    """Whatever is used up, page, quote and order of the sticker open, from the very address that used it up."""
    shop = make.make_shop(service_password=kept(make.ICCID, "246810"))
    exhaust()
    _use_up_the_password(Client(), make.ICCID)
    for counter in Counter.objects.all():
        assert counter.count == counter.most or counter.most > LOOK_UPS_AN_ADDRESS
    Counter.objects.update(count=F("most"))
    before = Counter.objects.count()
    sticker = f"/t/{shop.terminal.sticker_code}"

    assert client.get(sticker, REMOTE_ADDR="203.0.113.5").status_code == 200
    assert Counter.objects.count() == before, "looking at it is not counted"
    quoted = client.post(f"{sticker}/quote", {"offering": shop.year.pk}, REMOTE_ADDR="203.0.113.5")
    assert client.get(quoted.headers["Location"], REMOTE_ADDR="203.0.113.5").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "said"), [("en", "Try again in 30 minutes"), ("zh-hans", "请 30 分钟后再试")])
def test_who_is_limited_is_told_when_to_come_back(client: Client, clock_file: Path, language: str, said: str) -> None:
    exhaust()
    clock_file.write_text("1800")
    answer = client.post(
        "/look-up", {"typed": make.ICCID}, headers={"Accept-Language": language}, REMOTE_ADDR="203.0.113.5"
    )
    assert 1_700 < int(answer.headers["Retry-After"]) <= 1_800
    assert said in answer.content.decode().replace("\u2009", " ")


@pytest.mark.django_db
def test_a_sim_without_a_service_password_is_opened_by_none(client: Client) -> None:
    make.make_shop()

    assert typed(client, make.ICCID, password="")[0] == 302
    assert typed(client, make.ICCID, password="0000")[0] == 429


@pytest.mark.django_db
def test_a_header_is_believed_only_where_the_settings_name_it_and_its_sender(
    client: Client, settings: Settings
) -> None:
    make.make_shop()
    exhaust("203.0.113.5")

    told = {**ENGLISH, "X-Real-IP": "198.51.100.1"}
    assert client.post("/look-up", {"typed": make.ICCID}, headers=told, REMOTE_ADDR="203.0.113.5").status_code == 429
    settings.XULIU_ADDRESS_HEADER = "X-Real-IP"
    assert client.post("/look-up", {"typed": make.ICCID}, headers=told, REMOTE_ADDR="203.0.113.5").status_code == 429
    settings.XULIU_PROXIES = networks("203.0.113.5")
    assert client.post("/look-up", {"typed": make.ICCID}, headers=told, REMOTE_ADDR="203.0.113.5").status_code == 302


@pytest.mark.django_db
def test_of_a_forwarded_chain_only_the_proxys_own_entry_counts(client: Client, settings: Settings) -> None:
    make.make_shop()
    settings.XULIU_ADDRESS_HEADER = "X-Forwarded-For"
    exhaust("203.0.113.5")

    forged = {**ENGLISH, "X-Forwarded-For": "198.51.100.1, 203.0.113.5"}
    assert client.post("/look-up", {"typed": make.ICCID}, headers=forged).status_code == 429


@pytest.mark.django_db
def test_with_whatever_port_and_spelling_a_visitor_has_one_count(client: Client, settings: Settings) -> None:
    make.make_shop()
    settings.XULIU_ADDRESS_HEADER = "X-Forwarded-For"
    exhaust("203.0.113.8")

    def asked_by(written: str) -> int:
        told = {**ENGLISH, "X-Forwarded-For": written}
        return int(client.post("/look-up", {"typed": make.ICCID}, headers=told).status_code)

    for written in ("203.0.113.8:40001", "203.0.113.8:40002", "::ffff:203.0.113.8", "[::ffff:203.0.113.8]:443"):
        assert asked_by(written) == 429
    assert asked_by("[2001:db8::7]:40003") == asked_by("unknown") == asked_by("") == 302


@pytest.mark.django_db
def test_who_is_told_by_nobody_is_limited_with_others_told_by_nobody_alone(client: Client, settings: Settings) -> None:
    make.make_shop()
    settings.XULIU_ADDRESS_HEADER = "X-Forwarded-For"
    for number in range(LOOK_UPS_AN_ADDRESS):
        told = {**ENGLISH, "X-Forwarded-For": f"_hidden{number}"}
        assert client.post("/look-up", {"typed": f"8986049999999{number:07d}"}, headers=told).status_code == 404

    told = {**ENGLISH, "X-Forwarded-For": "unknown"}
    assert client.post("/look-up", {"typed": make.ICCID}, headers=told).status_code == 429
    settings.XULIU_ADDRESS_HEADER = ""  # the machine of the proxy itself asks
    assert client.post("/look-up", {"typed": make.ICCID}, headers=ENGLISH).status_code == 302


@pytest.mark.django_db
def test_one_subscribers_ipv6_addresses_count_together(client: Client) -> None:
    make.make_shop()
    for number in range(LOOK_UPS_AN_ADDRESS):
        look_up(typed=f"8986049999999{number:07d}", address=f"2001:db8:1:2::{number:x}")

    assert typed(client, make.ICCID, address="2001:db8:1:2:ffff::1")[0] == 429
    assert typed(client, make.ICCID, address="2001:db8:1:3::1")[0] == 302


@pytest.mark.django_db
def test_neither_the_address_nor_the_number_stands_in_the_database(client: Client) -> None:
    make.make_shop()
    typed(client, make.ICCID, address="203.0.113.5")

    counter, mark = Counter.objects.get(), Mark.objects.get()

    assert len(bytes(counter.key)) == len(bytes(mark.key)) == 32
    assert not any("203.0.113.5" in str(value) or make.ICCID in str(value) for value in vars(counter).values())


def test_fifty_tries_at_once_from_one_address_are_twenty(fresh_database: str) -> None:
    together, let_in = threading.Barrier(50), []

    def guess(number: int) -> None:
        together.wait()
        try:
            look_up(typed=f"8986049999999{number:07d}", address="203.0.113.5")
            let_in.append(number)
        except TooManyTries:
            pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(let_in) == LOOK_UPS_AN_ADDRESS
    assert Counter.objects.get().count == LOOK_UPS_AN_ADDRESS
