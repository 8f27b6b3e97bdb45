import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import connection, connections
from pytest_django import DjangoAssertNumQueries, Settings

from tests.make import make_account
from xuliu.carrier.contract import Token
from xuliu.carrier.models import AccountToken
from xuliu.carrier.tests.offices import make_session
from xuliu.common import clock, locks
from xuliu.common.outbound import NoAnswer, NotSent


class Desk:
    """Where tokens are fetched; counts how often."""

    def __init__(self, *, lasts: timedelta = timedelta(minutes=30)) -> None:
        self.fetched = 0
        self.lasts = lasts

    def fetch(self) -> Token:
        self.fetched += 1
        return Token(value=f"token {self.fetched}", expires_at=clock.now() + self.lasts)


@pytest.mark.django_db
def test_a_token_is_fetched_once_and_kept_sealed() -> None:
    session, desk = make_session(make_account()), Desk()

    assert [session.token(desk.fetch) for _ in range(3)] == ["token 1"] * 3

    assert desk.fetched == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT encode(sealed, 'escape') FROM carrier_accounttoken")
        assert "token 1" not in str(cursor.fetchone())


@pytest.mark.django_db
def test_a_token_that_is_about_to_expire_is_replaced(clock_file: Path) -> None:
    session, desk = make_session(make_account()), Desk()
    session.token(desk.fetch)

    clock_file.write_text(str(29.6 * 60))

    assert session.token(desk.fetch) == "token 2"


@pytest.mark.django_db
def test_a_refused_token_is_replaced_once_for_all_who_were_refused_with_it() -> None:
    session, desk = make_session(make_account()), Desk()
    stale = session.token(desk.fetch)

    assert session.token(desk.fetch, stale=stale) == "token 2"
    assert session.token(desk.fetch, stale=stale) == "token 2"

    assert desk.fetched == 2


@pytest.mark.django_db
def test_each_account_has_a_token_of_its_own() -> None:
    desk = Desk()

    first = make_session(make_account()).token(desk.fetch)
    second = make_session(make_account(code="another")).token(desk.fetch)

    assert first != second


@pytest.mark.django_db
def test_a_desk_that_gives_no_answer_changed_nobodys_sim() -> None:
    def no_answer() -> Token:
        raise NoAnswer("read timeout")

    with pytest.raises(NotSent, match="no token: read timeout"):
        make_session(make_account()).token(no_answer)
    assert AccountToken.objects.count() == 0


@pytest.mark.django_db
def test_what_the_desk_says_of_itself_is_passed_on_unchanged() -> None:
    class Refused(NotSent):
        """The desk knows us not."""

    def refuse() -> Token:
        raise Refused("wrong password")

    with pytest.raises(Refused):
        make_session(make_account()).token(refuse)


@pytest.mark.django_db
def test_a_token_sealed_with_a_lost_secret_costs_one_call(settings: Settings) -> None:
    session, desk = make_session(make_account()), Desk()
    session.token(desk.fetch)

    settings.XULIU_SECRET = "another secret of thirty-two letters"

    assert session.token(desk.fetch) == "token 2"


def test_eight_threads_fetch_one_token(fresh_database: str) -> None:
    session, desk = make_session(make_account()), Desk()
    start, got = threading.Barrier(8), []

    def ask() -> None:
        start.wait(10)
        got.append(session.token(desk.fetch))
        connections.close_all()

    asking = [threading.Thread(target=ask) for _ in range(8)]
    for one in asking:
        one.start()
    for one in asking:
        one.join(20)

    assert got == ["token 1"] * 8
    assert desk.fetched == 1


def test_who_waits_in_vain_for_another_process_sends_nothing(fresh_database: str) -> None:
    account = make_account()
    session = make_session(account, deadline_seconds=0.2)
    with psycopg.connect(fresh_database, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [locks._key(f"carrier token {account.pk}")])

        with pytest.raises(NotSent, match="another process"):
            session.token(Desk().fetch)


@pytest.mark.django_db
def test_a_token_is_asked_of_the_database_once_and_then_remembered(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    session, desk = make_session(make_account()), Desk()
    session.token(desk.fetch)
    assert session.token(desk.fetch) == "token 1"

    with django_assert_num_queries(0):
        assert session.token(desk.fetch) == "token 1"


@pytest.mark.django_db
def test_other_credentials_mean_another_token() -> None:
    session, desk = make_session(make_account()), Desk()
    assert [session.token(desk.fetch) for _ in range(3)] == ["token 1"] * 3

    assert replace(session, sealed_with="other credentials").token(desk.fetch) == "token 2"
