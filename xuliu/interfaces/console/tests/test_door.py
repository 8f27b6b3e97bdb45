"""Who is let into the console: staff with password and second factor, and nobody else."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from xuliu.common import clock
from xuliu.common.models import Event
from xuliu.interfaces.console.second_factor import STEP_SECONDS
from xuliu.interfaces.console.tests import people
from xuliu.interfaces.console.tests.people import PASSWORD, make_person, signed_in
from xuliu.party.models import Person
from xuliu.party.roles import SUPPORT

pytestmark = pytest.mark.django_db
LOGIN, ACTIVATE = "/accounts/login/", "/accounts/2fa/totp/activate/"


def code_of(secret: str) -> str:
    """What the app on the phone shows now."""
    return str(format_hotp_value(hotp_value(secret, int(clock.now().timestamp()) // STEP_SECONDS)))


def addresses() -> list[str]:
    """One address of every kind of page, with rows that need not exist: who is refused is refused before the look."""
    tables = [f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry]
    found = [reverse("admin:index"), reverse("admin:find"), reverse("admin:jsi18n"), reverse("admin:autocomplete")]
    found += [reverse(f"admin:{table}_changelist") for table in tables]
    found += [reverse(f"admin:{table}_add") for table in tables]
    found += [reverse(f"admin:{table}_change", args=[1]) for table in tables]
    found += [reverse(f"admin:{table}_delete", args=[1]) for table in tables]
    found += [reverse("admin:line_decide", args=[1, what]) for what in ("ask", "send", "refund", "accept")]
    found += [reverse("admin:sim_ask", args=[1]), reverse("admin:person_private", args=[1])]
    return [*found, reverse("admin:person_factor", args=[1])]


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_is_sent_to_sign_in_from_every_page(method: str) -> None:
    client = Client()
    for address in addresses():
        answer = getattr(client, method)(address)
        assert answer.status_code == 302, address
        assert answer.headers["Location"].startswith(LOGIN), address


@pytest.mark.parametrize("method", ["get", "post"])
def test_mallory_who_can_sign_in_but_is_no_staff_sees_nothing(method: str) -> None:
    client = signed_in(make_person("mallory"))
    for address in addresses():
        answer = getattr(client, method)(address)
        assert answer.status_code == 403, address
        assert "console/refused.html" in [template.name for template in answer.templates], address


@pytest.mark.parametrize("method", ["get", "post"])
def test_staff_without_a_second_factor_are_led_to_set_one_up_from_every_page(method: str) -> None:
    client = signed_in(make_person("nina", SUPPORT, has_factor=False), has_shown_factor=False)
    for address in addresses():
        answer = getattr(client, method)(address)
        assert (answer.status_code, answer.headers.get("Location")) == (302, ACTIVATE), address


def test_a_session_that_never_showed_the_second_factor_ends_at_the_door() -> None:
    olga = people.olga()
    client = signed_in(olga, has_shown_factor=False)
    answer = client.get("/console/")
    assert answer.headers["Location"].startswith(LOGIN)
    assert "_auth_user_id" not in client.session


def test_staff_who_left_are_refused_though_their_session_lives() -> None:
    olga = people.olga()
    client = signed_in(olga)
    assert client.get("/console/").status_code == 200
    Person.objects.filter(id=olga.pk).update(is_active=False)
    assert client.get("/console/").status_code != 200


def test_nina_signs_in_sets_up_her_factor_keeps_her_codes_and_is_in() -> None:
    nina = make_person("nina", SUPPORT, has_factor=False)
    client = Client()

    answer = client.post(f"{LOGIN}?next=/console/", {"login": "nina", "password": PASSWORD})
    assert answer.headers["Location"] == "/console/"
    page = client.get("/console/", follow=True)
    assert page.redirect_chain == [(ACTIVATE, 302)]
    secret = page.context["form"].secret
    answer = client.post(ACTIVATE, {"code": code_of(secret)})

    assert answer.headers["Location"] == reverse("mfa_view_recovery_codes")
    codes = client.get(answer.headers["Location"])
    assert len(codes.context["unused_codes"]) == 10
    assert client.get("/console/").status_code == 200
    event = Event.objects.get(kind="person", subject_id=nina.pk)
    assert (event.became, event.actor_id) == ("SECOND_FACTOR", nina.pk)


def test_a_wrong_code_sets_nothing_up_and_lets_nobody_in() -> None:
    make_person("nina", SUPPORT, has_factor=False)
    client = Client()
    client.post(LOGIN, {"login": "nina", "password": PASSWORD})
    client.get(ACTIVATE)
    answer = client.post(ACTIVATE, {"code": "000000"})
    assert answer.status_code == 200
    assert not Authenticator.objects.exists()
    assert client.get("/console/").headers["Location"] == ACTIVATE


def test_the_password_alone_does_not_open_the_console_once_there_is_a_factor() -> None:
    person = make_person("sun", SUPPORT, has_factor=False)
    secret = people.give_factor(person)
    client = Client()

    answer = client.post(f"{LOGIN}?next=/console/", {"login": "sun", "password": PASSWORD})
    assert answer.headers["Location"].startswith("/accounts/2fa/authenticate/")
    assert client.get("/console/").headers["Location"].startswith(LOGIN)
    client.post(f"{LOGIN}?next=/console/", {"login": "sun", "password": PASSWORD})
    answer = client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})

    assert answer.headers["Location"] == "/console/"
    assert client.get("/console/").status_code == 200


def enter(code: str) -> int:
    """Sun signs in with the password and that code; how the console answers."""
    client = Client()
    client.post(LOGIN, {"login": "sun", "password": PASSWORD})
    client.post("/accounts/2fa/authenticate/", {"code": code})
    return client.get("/console/").status_code


def test_a_code_opens_the_console_once() -> None:
    secret = people.give_factor(make_person("sun", SUPPORT, has_factor=False))
    code = code_of(secret)

    assert enter(code) == 200
    assert enter(code) == 302


def test_a_recovery_code_opens_the_console_once() -> None:
    person = make_person("sun", SUPPORT)
    code = Authenticator.objects.get(user=person, type="recovery_codes").wrap().get_unused_codes()[0]

    assert enter(code) == 200
    assert enter(code) == 302


def test_nobody_makes_an_account_for_themselves() -> None:
    answer = Client().post("/accounts/signup/", {"username": "mallory", "password1": PASSWORD})
    assert not Person.objects.filter(sign_in_name="mallory").exists()
    assert answer.status_code == 404


def test_the_admin_has_no_other_way_in_or_out() -> None:
    assert Client().get(reverse("admin:login")).headers["Location"].startswith(LOGIN)
    client = signed_in(people.olga())
    assert client.get(reverse("admin:login")).headers["Location"] == "/console/"
    assert client.post(reverse("admin:logout")).headers["Location"] == reverse("account_logout")
    assert client.get(reverse("admin:password_change")).headers["Location"] == reverse("account_change_password")


def test_the_secret_of_a_second_factor_lies_sealed_in_the_database() -> None:
    person = make_person("sun", SUPPORT, has_factor=False)
    secret = people.give_factor(person)
    stored = Authenticator.objects.get(user=person, type="totp")
    assert secret not in str(stored.data)
    assert stored.wrap().validate_code(code_of(secret))


def test_only_our_own_tables_stand_in_the_console() -> None:
    owners = {model.__module__.split(".")[0] for model in admin.site._registry}
    assert owners == {"xuliu"}


def test_our_own_pages_keep_the_strict_policy_and_unfolds_alone_are_loosened() -> None:
    client = signed_in(people.olga())
    ours, unfolds = client.get("/console/"), client.get(reverse("admin:inventory_sim_changelist"))
    assert "unsafe" not in ours.headers["Content-Security-Policy"]
    assert b"<script" not in ours.content
    assert b"style=" not in ours.content
    assert "unsafe-inline" in unfolds.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in unfolds.headers["Content-Security-Policy"]
    assert "unsafe" not in Client().get(LOGIN).headers["Content-Security-Policy"]
