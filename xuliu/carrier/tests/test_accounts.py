from datetime import timedelta

import pytest
from django.db import connection
from pytest_django import Settings

from tests.make import make_account
from xuliu.carrier.accounts import capabilities_of, connector_of, credentials, session_of, set_credentials
from xuliu.carrier.operations import pause, resume
from xuliu.carrier.registry import UnknownConnector, connector_class
from xuliu.carrier.session import AccountSession
from xuliu.common.accounts import WrongConfiguration
from xuliu.common.crypto import CannotOpen
from xuliu.common.deciding import PersonReason

GIVEN = {"base_url": "http://127.0.0.1:1/v5/ec", "appid": "C10", "password": "hush-hush"}


@pytest.mark.django_db
def test_secrets_are_sealed_and_the_rest_stands_in_the_open() -> None:
    account = make_account()

    set_credentials(account, GIVEN)

    account.refresh_from_db()
    assert account.config == {"base_url": "http://127.0.0.1:1/v5/ec", "appid": "C10"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT a::text, encode(secrets_sealed, 'escape') FROM carrier_carrieraccount AS a")
        assert "hush" not in str(cursor.fetchone())
    config = credentials(account)
    assert (config.appid, config.password) == ("C10", "hush-hush")
    assert connector_of(account).code == "onelink"


@pytest.mark.django_db
def test_a_form_need_not_know_a_secret_to_keep_it() -> None:
    account = make_account()
    set_credentials(account, GIVEN)

    set_credentials(account, {"appid": "C11"})

    config = credentials(account)
    assert (config.appid, config.password) == ("C11", "hush-hush")


@pytest.mark.django_db
def test_a_stored_secret_goes_to_no_other_address() -> None:
    account = make_account()
    set_credentials(account, GIVEN)
    elsewhere = {"base_url": "https://mallory.example/v5/ec"}

    with pytest.raises(WrongConfiguration, match="an address changes, so give again: password"):
        set_credentials(account, elsewhere)

    account.refresh_from_db()
    assert credentials(account).base_url == GIVEN["base_url"]
    set_credentials(account, {**elsewhere, "password": "hush-hush"})
    assert credentials(account).base_url == elsewhere["base_url"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "given", [{"appid": "C10"}, {**GIVEN, "colour": "red"}, {}], ids=["something missing", "something else", "nothing"]
)
def test_what_makes_no_configuration_is_refused_and_changes_nothing(given: dict[str, str]) -> None:
    account = make_account()

    with pytest.raises(WrongConfiguration):
        set_credentials(account, given)

    account.refresh_from_db()
    assert (account.config, bytes(account.secrets_sealed)) == ({}, b"")


@pytest.mark.django_db
def test_one_accounts_secrets_do_not_open_in_anothers() -> None:
    account, other = make_account(), make_account(code="other")
    set_credentials(account, GIVEN)

    other.config, other.secrets_key_id, other.secrets_sealed = (
        account.config,
        account.secrets_key_id,
        account.secrets_sealed,
    )

    with pytest.raises(CannotOpen):
        credentials(other)


@pytest.mark.django_db
def test_after_the_secret_was_rotated_the_account_still_opens(settings: Settings) -> None:
    account = make_account()
    set_credentials(account, GIVEN)

    settings.XULIU_OLD_SECRETS = (settings.XULIU_SECRET,)
    settings.XULIU_SECRET = "another secret of thirty-two letters"

    assert credentials(account).password == "hush-hush"


@pytest.mark.django_db
def test_the_accounts_own_limits_go_before_the_connectors() -> None:
    account = make_account(calls_per_second=2.5, parallel=1, verify_within=timedelta(hours=2))

    can = capabilities_of(account)

    assert (can.calls_per_second, can.parallel, can.verify_within) == (2.5, 1, timedelta(hours=2))
    assert can.settles_within == connector_class("onelink").capabilities.settles_within
    session = session_of(account)
    assert isinstance(session, AccountSession)
    assert (session.calls_per_second, session.parallel, session.deadline_seconds) == (2.5, 1, can.deadline_seconds)


@pytest.mark.django_db
def test_an_account_of_a_carrier_that_nobody_speaks_is_named() -> None:
    account = make_account()
    account.connector = "smoke-signals"

    with pytest.raises(UnknownConnector, match="smoke-signals"):
        session_of(account)


@pytest.mark.django_db
def test_a_paused_account_says_so_once() -> None:
    account = make_account()

    assert pause([account.pk], why=PersonReason.A_PERSON_SAYS, detail="our balance there is empty") == [account.pk]
    assert pause([account.pk], why=PersonReason.A_PERSON_SAYS, detail="still empty") == []

    account.refresh_from_db()
    assert account.paused_detail == "our balance there is empty"
    assert resume([account.pk]) == [account.pk]
