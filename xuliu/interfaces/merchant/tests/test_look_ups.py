"""Numbers cannot be walked; a shop is served all the same."""

import threading
from pathlib import Path

import pytest
from django.db import connections
from django.test import Client
from pytest_django.fixtures import Settings

from xuliu.common import clock
from xuliu.common.addresses import networks
from xuliu.interfaces.merchant.tests import made
from xuliu.inventory.look_ups import LOOK_UPS_AN_ADDRESS, TooManyGuesses, look_up
from xuliu.inventory.models import Guess, Sim
from xuliu.inventory.passwords import kept

ENGLISH = {"Accept-Language": "en"}


def typed(client: Client, number: str, *, address: str = "203.0.113.5", **more: str) -> tuple[int, str]:
    """Status and page for a number typed at an address."""
    answer = client.post("/look-up", {"typed": number, **more}, headers=ENGLISH, REMOTE_ADDR=address)
    return answer.status_code, answer.content.decode()


def exhaust(address: str = "203.0.113.5") -> None:
    """Everything that an address may try in an hour is tried."""
    for number in range(LOOK_UPS_AN_ADDRESS):
        look_up(typed=f"8986049999999{number:07d}", address=address, at=clock.now())


@pytest.mark.django_db
def test_ten_thousand_numbers_from_fifty_addresses_reveal_at_most_a_thousand_and_the_shop_is_served(
    client: Client,
) -> None:
    shop = made.make_shop()
    Sim.objects.bulk_create(
        Sim(iccid=f"898604{number:014d}", account=shop.account, state="ACTIVE", state_at=clock.now())
        for number in range(700_000, 710_000)
    )
    addresses = [f"203.0.113.{number}" for number in range(50)]
    revealed = 0

    for number in range(10_000):
        try:
            found = look_up(typed=f"898604{700_000 + number:014d}", address=addresses[number % 50], at=clock.now())
        except TooManyGuesses:
            found = None
        revealed += found is not None
        if number % 1_000 == 999:
            served = client.get(f"/t/{shop.terminal.sticker_code}", REMOTE_ADDR=addresses[7])
            assert served.status_code == 200

    assert revealed == 1_000
    assert typed(client, "89860400000000705000", address=addresses[7])[0] == 429


@pytest.mark.django_db
def test_after_the_limit_a_number_that_exists_and_one_that_does_not_get_the_same_answer(client: Client) -> None:
    made.make_shop()
    exhaust()

    known = typed(client, made.ICCID)
    unknown = typed(client, made.ICCID[:-1] + "9")

    assert known[0] == unknown[0] == 429
    assert _without(known[1], made.ICCID) == _without(unknown[1], made.ICCID[:-1] + "9")


def _without(page: str, number: str) -> str:
    """The page but for what was typed and the form's own token."""
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"', maxsplit=1)[0]
    return page.replace(number, "").replace(token, "")


@pytest.mark.django_db
def test_wrong_guesses_count_as_well(client: Client) -> None:
    made.make_shop()
    for number in range(LOOK_UPS_AN_ADDRESS):
        assert typed(client, f"8986049999999{number:07d}")[0] == 404

    assert typed(client, made.ICCID)[0] == 429


@pytest.mark.django_db
def test_the_same_number_again_is_not_counted_anew(client: Client) -> None:
    made.make_shop()
    for _ in range(LOOK_UPS_AN_ADDRESS + 5):
        assert typed(client, made.ICCID)[0] == 302

    assert Guess.objects.count() == 1


@pytest.mark.django_db
def test_an_hour_later_numbers_can_be_typed_again_and_old_tries_are_forgotten(client: Client, clock_file: Path) -> None:
    made.make_shop()
    exhaust()
    assert typed(client, made.ICCID)[0] == 429

    clock_file.write_text("3601")

    assert typed(client, made.ICCID)[0] == 302
    assert Guess.objects.count() == 1


@pytest.mark.django_db
def test_at_the_limit_the_service_password_opens_and_a_wrong_one_does_not(client: Client) -> None:
    made.make_shop(service_password=kept(made.ICCID, "246810"))
    exhaust()

    assert typed(client, made.ICCID, password="999999")[0] == 429
    assert "do not belong together" in typed(client, made.ICCID, password="999999")[1]
    assert typed(client, made.ICCID, password="246810")[0] == 302


@pytest.mark.django_db
def test_a_wrong_password_and_an_unknown_number_get_the_same_answer(client: Client) -> None:
    made.make_shop(service_password=kept(made.ICCID, "246810"))
    other = made.ICCID[:-1] + "9"

    wrong, unknown = typed(client, made.ICCID, password="999999"), typed(client, other, password="999999")

    assert wrong[0] == unknown[0]
    assert _without(wrong[1], made.ICCID) == _without(unknown[1], other)


@pytest.mark.django_db
def test_a_sims_password_cannot_be_tried_out_from_many_addresses(client: Client) -> None:
    made.make_shop(service_password=kept(made.ICCID, "246810"))
    for number in range(10):
        typed(client, made.ICCID, address=f"198.51.100.{number}", password=f"{number:06d}")

    status, page = typed(client, made.ICCID, address="198.51.100.99", password="246810")

    assert status == 429
    assert "Too many passwords" in page


@pytest.mark.django_db
def test_one_address_cannot_try_out_passwords_of_many_sims(client: Client) -> None:
    made.make_shop(service_password=kept(made.ICCID, "246810"))
    for number in range(30):
        typed(client, f"8986049999999{number:07d}", password="0000")

    assert "Too many passwords" in typed(client, made.ICCID, password="246810")[1]
    assert typed(client, made.ICCID, address="198.51.100.9", password="246810")[0] == 302


@pytest.mark.django_db
def test_a_sim_without_a_service_password_is_opened_by_none(client: Client) -> None:
    made.make_shop()

    assert typed(client, made.ICCID, password="")[0] == 302
    assert typed(client, made.ICCID, password="0000")[0] == 429


@pytest.mark.django_db
def test_a_header_is_believed_only_where_the_settings_name_it_and_its_sender(
    client: Client, settings: Settings
) -> None:
    made.make_shop()
    exhaust("203.0.113.5")

    told = {**ENGLISH, "X-Real-IP": "198.51.100.1"}
    assert client.post("/look-up", {"typed": made.ICCID}, headers=told, REMOTE_ADDR="203.0.113.5").status_code == 429
    settings.XULIU_ADDRESS_HEADER = "X-Real-IP"
    assert client.post("/look-up", {"typed": made.ICCID}, headers=told, REMOTE_ADDR="203.0.113.5").status_code == 429
    settings.XULIU_PROXIES = networks("203.0.113.5")
    assert client.post("/look-up", {"typed": made.ICCID}, headers=told, REMOTE_ADDR="203.0.113.5").status_code == 302


@pytest.mark.django_db
def test_of_a_forwarded_chain_only_the_proxys_own_entry_counts(client: Client, settings: Settings) -> None:
    made.make_shop()
    settings.XULIU_ADDRESS_HEADER = "X-Forwarded-For"
    exhaust("203.0.113.5")

    forged = {**ENGLISH, "X-Forwarded-For": "198.51.100.1, 203.0.113.5"}
    assert client.post("/look-up", {"typed": made.ICCID}, headers=forged).status_code == 429


@pytest.mark.django_db
def test_with_whatever_port_and_spelling_a_visitor_has_one_count(client: Client, settings: Settings) -> None:
    made.make_shop()
    settings.XULIU_ADDRESS_HEADER = "X-Forwarded-For"
    exhaust("203.0.113.8")

    def asked_by(written: str) -> int:
        told = {**ENGLISH, "X-Forwarded-For": written}
        return int(client.post("/look-up", {"typed": made.ICCID}, headers=told).status_code)

    for written in ("203.0.113.8:40001", "203.0.113.8:40002", "::ffff:203.0.113.8", "[::ffff:203.0.113.8]:443"):
        assert asked_by(written) == 429
    assert asked_by("[2001:db8::7]:40003") == asked_by("unknown") == asked_by("") == 302


@pytest.mark.django_db
def test_who_is_told_by_nobody_is_limited_with_others_told_by_nobody_alone(client: Client, settings: Settings) -> None:
    made.make_shop()
    settings.XULIU_ADDRESS_HEADER = "X-Forwarded-For"
    for number in range(LOOK_UPS_AN_ADDRESS):
        told = {**ENGLISH, "X-Forwarded-For": f"_hidden{number}"}
        assert client.post("/look-up", {"typed": f"8986049999999{number:07d}"}, headers=told).status_code == 404

    told = {**ENGLISH, "X-Forwarded-For": "unknown"}
    assert client.post("/look-up", {"typed": made.ICCID}, headers=told).status_code == 429
    settings.XULIU_ADDRESS_HEADER = ""  # the machine of the proxy itself asks
    assert client.post("/look-up", {"typed": made.ICCID}, headers=ENGLISH).status_code == 302


@pytest.mark.django_db
def test_one_subscribers_ipv6_addresses_count_together(client: Client) -> None:
    made.make_shop()
    for number in range(LOOK_UPS_AN_ADDRESS):
        look_up(typed=f"8986049999999{number:07d}", address=f"2001:db8:1:2::{number:x}", at=clock.now())

    assert typed(client, made.ICCID, address="2001:db8:1:2:ffff::1")[0] == 429
    assert typed(client, made.ICCID, address="2001:db8:1:3::1")[0] == 302


@pytest.mark.django_db
def test_neither_the_address_nor_the_number_stands_in_the_database(client: Client) -> None:
    made.make_shop()
    typed(client, made.ICCID, address="203.0.113.5")

    kept_of_it = Guess.objects.get()

    assert len(bytes(kept_of_it.against)) == len(bytes(kept_of_it.what)) == 32
    assert b"203.0.113.5" not in bytes(kept_of_it.against)


def test_fifty_tries_at_once_from_one_address_are_twenty(fresh_database: str) -> None:
    together, let_in = threading.Barrier(50), []

    def guess(number: int) -> None:
        together.wait()
        try:
            look_up(typed=f"8986049999999{number:07d}", address="203.0.113.5", at=clock.now())
            let_in.append(number)
        except TooManyGuesses:
            pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(let_in) == LOOK_UPS_AN_ADDRESS
    assert Guess.objects.count() == LOOK_UPS_AN_ADDRESS
