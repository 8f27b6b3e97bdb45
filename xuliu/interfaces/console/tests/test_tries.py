"""Guessing at the door: counted where no stranger can push it out, and by strangers for strangers."""

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.db import connections
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from xuliu.common import clock, guard
from xuliu.common.models import Counter
from xuliu.interfaces.console import tries
from xuliu.interfaces.console.second_factor import STEP_SECONDS, counter_of
from xuliu.interfaces.console.tests import people
from xuliu.interfaces.console.tests.people import PASSWORD, make_person
from xuliu.interfaces.console.tests.test_door import LOGIN, code_of
from xuliu.party.roles import SUPPORT

FACTOR = "/accounts/2fa/authenticate/"
ENGLISH = {"Accept-Language": "en"}


def password(given: str, *, client: Client | None = None, name: str = "sun", address: str = "203.0.113.5") -> int:
    """The status of the answer to this password, from a browser that nobody knows unless one is given."""
    answer = (client or Client()).post(LOGIN, {"login": name, "password": given}, REMOTE_ADDR=address)
    return answer.status_code


def at_the_factor(*, address: str = "203.0.113.5") -> Client:
    """A browser that has shown Sun's password, and no code yet."""
    client = Client(REMOTE_ADDR=address)
    assert password(PASSWORD, client=client, address=address) == 302
    return client


def code(client: Client, given: str) -> int:
    """The status of the answer to this code."""
    return client.post(FACTOR, {"code": given}).status_code


@pytest.fixture
def secret(db: None) -> str:
    """Sun's."""
    return people.give_factor(make_person("sun", SUPPORT, has_factor=False))


@pytest.fixture
def known(secret: str) -> Client:
    """A browser in which Sun has signed in before, and out."""
    client = at_the_factor()
    assert code(client, code_of(secret)) == 302
    client.post("/accounts/logout/")
    return client


def strangers_use_up_the_name() -> None:
    """Wrong passwords from many addresses, until none is looked at any more."""
    for number in range(tries.PASSWORDS_OF_NAME):
        assert password("wrong", address=f"198.51.100.{number}") == 200
    assert password("wrong", address="198.51.100.99") == 429


def test_after_ten_wrong_passwords_an_address_waits_and_the_right_one_opens_from_elsewhere(
    secret: str, clock_file: Path
) -> None:
    assert [password("wrong") for _ in range(11)] == [200] * 10 + [429]
    assert password(PASSWORD) == 429
    assert password(PASSWORD, name="olga") == 429
    assert password(PASSWORD, address="203.0.113.6") == 302
    clock_file.write_text("3601")
    assert password(PASSWORD) == 302


def test_the_page_says_when_to_try_again_in_both_languages(secret: str, clock_file: Path) -> None:
    for _ in range(10):
        password("wrong")
    clock_file.write_text("1800")
    told = {
        language: Client(headers={"Accept-Language": language}).post(
            LOGIN, {"login": "sun", "password": "wrong"}, REMOTE_ADDR="203.0.113.5"
        )
        for language in ("en", "zh-hans")
    }
    assert "Try again in 30 minutes" in told["en"].content.decode()
    assert "30 分钟后再试" in told["zh-hans"].content.decode().replace("\u2009", " ")
    assert 1_700 < int(told["en"].headers["Retry-After"]) <= 1_800


def test_right_passwords_are_not_counted(secret: str) -> None:
    assert {password(PASSWORD) for _ in range(30)} == {302}


def test_names_differ_by_more_than_capitals_and_spaces(secret: str) -> None:
    for number in range(tries.PASSWORDS_OF_NAME):
        password("wrong", name=("SUN", "Sun ", " sun")[number % 3], address=f"198.51.100.{number}")
    assert password(PASSWORD, address="198.51.100.99") == 429


def test_a_thousand_strangers_names_push_nobodys_count_out(secret: str) -> None:
    assert [password("wrong") for _ in range(11)][-1] == 429
    guard.require(
        [guard.Budget(kind="passwords of a name", key=f"n{n}", limit=20, window=tries.HOUR) for n in range(1_000)]
    )
    assert Counter.objects.count() == 1_002
    assert password(PASSWORD) == 429


def test_strangers_slow_strangers_and_not_the_browser_that_signed_in_before(known: Client) -> None:
    strangers_use_up_the_name()
    assert password(PASSWORD, address="192.0.2.1") == 429
    assert password(PASSWORD, client=known) == 302


def test_a_browser_that_signed_in_before_has_its_own_tries_and_no_more(known: Client) -> None:
    assert [password("wrong", client=known) for _ in range(11)] == [200] * 10 + [429]
    assert password(PASSWORD, address="192.0.2.1") == 302


def test_a_browser_is_known_for_the_name_it_signed_in_with_alone(known: Client) -> None:
    make_person("olga", SUPPORT)
    for _ in range(10):
        password("wrong", name="olga")
    assert password(PASSWORD, client=known, name="olga") == 429


def test_a_forged_cookie_knows_nobody(known: Client) -> None:
    forged = Client()
    forged.cookies["xuliu_let_in"] = known.cookies["xuliu_let_in"].value[:-1] + "x"
    strangers_use_up_the_name()
    assert password(PASSWORD, client=forged, address="192.0.2.1") == 429


def test_five_wrong_codes_close_the_second_factor_for_strangers_alone(known: Client, clock_file: Path) -> None:
    thief = at_the_factor(address="192.0.2.1")
    assert [code(thief, "000000") for _ in range(6)] == [200] * 5 + [429]
    assert code(at_the_factor(address="192.0.2.2"), "000000") == 429
    assert password(PASSWORD, client=known) == 302
    assert code(known, "000000") == 200
    clock_file.write_text("901")
    assert code(thief, "000000") == 200


def test_codes_cannot_be_tried_all_day(secret: str, clock_file: Path) -> None:
    looked_at = 0
    for quarter in range(6):
        clock_file.write_text(str(quarter * 901))
        client = at_the_factor()
        looked_at += [code(client, "000000") for _ in range(6)].count(200)
    assert looked_at == tries.CODES_A_DAY


@pytest.mark.parametrize("later", [31, 59])
def test_a_code_opens_once_and_not_in_the_half_minutes_beside_its_own(
    secret: str, clock_file: Path, later: int
) -> None:
    first = code_of(secret)
    assert code(at_the_factor(), first) == 302
    clock_file.write_text(str(later))
    for _ in range(2):
        assert code(at_the_factor(), first) == 200
    assert code(at_the_factor(), code_of(secret)) == 302, "another one opens"


@pytest.mark.parametrize("written", ["{}", " {} ", "\u200b{}", "full width"])
def test_a_code_opens_as_a_chinese_keyboard_writes_it_and_once_however_it_is_written(secret: str, written: str) -> None:
    plain = code_of(secret)
    wide = plain.translate({sign: sign + 0xFEE0 for sign in range(0x30, 0x3A)})
    assert code(at_the_factor(), wide if written == "full width" else written.format(plain)) == 302
    assert code(at_the_factor(), plain) == code(at_the_factor(), wide) == 200


def test_an_earlier_code_than_the_last_opens_nothing(secret: str, clock_file: Path) -> None:
    clock_file.write_text(str(-STEP_SECONDS))
    earlier = code_of(secret)
    clock_file.write_text("0")
    assert counter_of(secret, earlier) is not None
    assert code(at_the_factor(), code_of(secret)) == 302
    assert code(at_the_factor(), earlier) == 200


def test_two_at_once_with_one_code_are_one_who_gets_in(fresh_database: str) -> None:
    secret = people.give_factor(make_person("sun", SUPPORT, has_factor=False))
    clients, given, together = [at_the_factor() for _ in range(4)], code_of(secret), threading.Barrier(4)
    answers: list[int] = []

    def enter(client: Client) -> None:
        together.wait()
        try:
            answers.append(code(client, given))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=enter, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [200, 200, 200, 302]


def test_the_code_that_set_the_factor_up_opens_nothing(db: None) -> None:
    make_person("nina", SUPPORT, has_factor=False)
    client = Client()
    assert password(PASSWORD, client=client, name="nina") == 302
    given = code_of(client.get("/accounts/2fa/totp/activate/").context["form"].secret)
    assert client.post("/accounts/2fa/totp/activate/", {"code": given}).status_code == 302
    assert Authenticator.objects.filter(type="totp").exists()
    other = Client()
    assert password(PASSWORD, client=other, name="nina") == 302
    assert code(other, given) == 200


@pytest.mark.parametrize(
    ("address", "field", "limit"),
    [
        ("/accounts/reauthenticate/", "password", tries.PASSWORDS_OF_BROWSER),
        ("/accounts/2fa/reauthenticate/", "code", tries.CODES_AT_ONCE),
        ("/accounts/password/change/", "oldpassword", tries.PASSWORDS_OF_BROWSER),
    ],
)
def test_who_sits_at_anothers_screen_cannot_guess_without_end(
    known: Client, secret: str, clock_file: Path, address: str, field: str, limit: int
) -> None:
    clock_file.write_text("31")
    assert password(PASSWORD, client=known) == 302
    assert code(known, code_of(secret)) == 302
    new = {"password1": "another long password", "password2": "another long password"}
    answers = [known.post(address, {field: "000000", **new}).status_code for _ in range(limit + 1)]
    assert answers == [200] * limit + [429]


def _names(patterns: Iterable[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        yield from [str(pattern.name)] if isinstance(pattern, URLPattern) else _names(pattern.url_patterns)


def test_of_what_allauth_can_do_a_stranger_reaches_sign_in_alone(db: None) -> None:
    """Each address under /accounts/ is named here: the rest of them would have no limit of ours."""
    under = [pattern for pattern in get_resolver().url_patterns if str(pattern.pattern) == "accounts/"]
    for_strangers = {"account_login", "account_inactive", "mfa_authenticate", "account_logout"}
    for_who_is_signed_in = {
        "account_reauthenticate", "account_change_password", "mfa_index", "mfa_reauthenticate", "mfa_activate_totp",
        "mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_download_recovery_codes",
    }  # fmt: skip
    assert set(_names(under)) == for_strangers | for_who_is_signed_in
    for path in ("password/reset/", "signup/", "login/code/confirm/", "confirm-email/", "email/"):
        assert Client().post(f"/accounts/{path}", {"email": "lin@example.com"}).status_code == 404


def test_time_is_the_business_clocks(secret: str, clock_file: Path) -> None:
    clock_file.write_text("86400")
    assert counter_of(secret, code_of(secret)) == int(clock.now().timestamp()) // STEP_SECONDS
