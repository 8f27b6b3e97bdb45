"""A stolen session dies with what it hung on; the one in which a person changes their own goes on."""

import time
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from xuliu.common.models import Event
from xuliu.interfaces.console.tests import people
from xuliu.interfaces.console.tests.people import PASSWORD, make_person, signed_in
from xuliu.interfaces.console.tests.test_door import ACTIVATE, LOGIN, code_of
from xuliu.party.models import Person
from xuliu.party.operations import end_sessions
from xuliu.party.roles import FINANCE, SUPPORT
from xuliu.party.staff import give_role

pytestmark = pytest.mark.django_db
NEW = "quite another password"


def is_in(client: Client) -> bool:
    """Whether the console opens to this browser, as far as a session goes."""
    return not client.get("/console/").headers.get("Location", "").startswith(LOGIN)


def fresh(person: Person) -> Client:
    """A browser in which the person has just signed in, so that their factor may be changed without asking again."""
    client = signed_in(person)
    session = client.session
    session["account_authentication_methods"] = [
        {"method": method, "at": time.time(), "reauthenticated": True} for method in ("password", "mfa")
    ]
    session.save()
    return client


def change_password(client: Client) -> None:
    """By the person themselves."""
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})


OWN: dict[str, Callable[[Client], object]] = {
    "NEW_PASSWORD": change_password,
    "NO_SECOND_FACTOR": lambda client: client.post("/accounts/2fa/totp/deactivate/"),
    "NEW_RECOVERY_CODES": lambda client: client.post("/accounts/2fa/recovery-codes/generate/"),
}


@pytest.mark.parametrize("became", OWN)
def test_who_changes_their_own_ends_their_other_sessions_and_goes_on(became: str) -> None:
    sun = people.sun()
    here, stolen, elses = fresh(sun), signed_in(sun), signed_in(people.fei())
    OWN[became](here)
    assert Event.objects.get(kind="person", subject_id=sun.pk).became == became
    assert (is_in(here), is_in(stolen), is_in(elses)) == (True, False, True)


def test_setting_up_the_second_factor_ends_the_sessions_that_never_showed_it() -> None:
    nina = make_person("nina", SUPPORT, has_factor=False)
    here, stolen = Client(), Client()
    for client in (here, stolen):
        client.post(LOGIN, {"login": "nina", "password": PASSWORD})
        assert is_in(client)
    secret = here.get(ACTIVATE).context["form"].secret
    here.post(ACTIVATE, {"code": code_of(secret)})
    assert here.get("/console/").status_code == 200
    assert not is_in(stolen)
    nina.refresh_from_db()
    assert nina.session_epoch == 2  # the role, the factor


def form_of(person: Person, **given: object) -> dict[str, object]:
    """What the administrator's form of this person says."""
    roles = list(person.groups.values_list("name", flat=True))
    return {"sign_in_name": person.sign_in_name, "is_active": "on", "roles": roles, "new_password": "", **given}


def in_the_table(person: Person, **given: object) -> tuple[str, dict[str, object]]:
    """Where an administrator sends a change of this person, and what."""
    return reverse("admin:party_person_change", args=[person.pk]), form_of(person, **given)


ADMINISTERED: dict[str, Callable[[Person], tuple[str, dict[str, object]]]] = {
    "password": lambda person: in_the_table(person, new_password=NEW),
    "roles": lambda person: in_the_table(person, roles=[FINANCE]),
    "no role": lambda person: in_the_table(person, roles=[]),
    "factor": lambda person: (reverse("admin:person_factor", args=[person.pk]), {"why": "lost phone"}),
    "sessions": lambda person: (reverse("admin:person_sessions", args=[person.pk]), {}),
}


@pytest.mark.parametrize("what", ADMINISTERED)
def test_what_an_administrator_changes_ends_that_persons_sessions_and_no_others(what: str) -> None:
    sun, olga = people.sun(), people.olga()
    stolen, here = signed_in(sun), signed_in(olga)
    address, given = ADMINISTERED[what](sun)
    assert here.post(address, given).status_code == 302
    assert (is_in(stolen), is_in(here)) == (False, True)


def test_somebody_who_left_and_came_back_signs_in_anew() -> None:
    sun, here = people.sun(), signed_in(people.olga())
    stolen = signed_in(sun)
    for active in ({"is_active": ""}, {"is_active": "on"}):
        address, given = in_the_table(sun, **active)
        assert here.post(address, {key: value for key, value in given.items() if value != ""}).status_code == 302
    assert Person.objects.get(id=sun.pk).is_active
    assert not is_in(stolen)


def test_a_new_display_name_ends_nothing() -> None:
    sun, here = people.sun(), signed_in(people.olga())
    theirs = signed_in(sun)
    address, given = in_the_table(sun, display_name="Sun Li")
    assert here.post(address, given).status_code == 302
    assert is_in(theirs)


@pytest.mark.parametrize("what", ["password", "roles", "sessions"])
def test_an_administrator_who_changes_their_own_goes_on_here_alone(what: str) -> None:
    olga = people.olga()
    here, stolen = signed_in(olga), signed_in(olga)
    given = {
        "password": in_the_table(olga, new_password=NEW),
        "roles": in_the_table(olga, roles=["administrator", FINANCE]),
        "sessions": ADMINISTERED["sessions"](olga),
    }[what]
    assert here.post(*given).status_code == 302
    assert (is_in(here), is_in(stolen)) == (True, False)


def test_ending_sessions_is_an_administrators_right_a_post_and_an_event() -> None:
    sun = people.sun()
    address = reverse("admin:person_sessions", args=[sun.pk])
    assert signed_in(people.fei()).post(address).status_code == 403
    here = signed_in(people.olga())
    assert here.get(address).status_code == 405
    here.post(address)
    event = Event.objects.get(kind="person", subject_id=sun.pk)
    assert (event.became, event.actor_label) == ("SESSIONS_ENDED", "olga")


def test_a_row_saved_whole_never_winds_the_epoch_back() -> None:
    sun = people.sun()
    stale = Person.objects.get(id=sun.pk)
    end_sessions(sun)
    stale.display_name = "Sun Li"
    stale.save()
    stored = Person.objects.get(id=sun.pk)
    assert (stored.display_name, stored.session_epoch) == ("Sun Li", sun.session_epoch)


def test_a_role_given_by_a_command_ends_sessions_too() -> None:
    sun = people.sun()
    theirs = signed_in(sun)
    give_role(sun, FINANCE)
    assert not is_in(theirs)


@pytest.mark.parametrize("change", ["password", "sessions"])
def test_a_sign_in_half_done_does_not_outlive_what_it_began_with(change: str) -> None:
    person = make_person("sun", SUPPORT, has_factor=False)
    secret, client = people.give_factor(person), Client()
    client.post(LOGIN, {"login": "sun", "password": PASSWORD})
    if change == "password":
        person.set_password(NEW)
        person.save()
    end_sessions(person)
    answer = client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert answer.headers["Location"] == LOGIN
    assert not is_in(client)


def test_the_old_secrets_sessions_go_on_while_it_is_kept(settings: object) -> None:
    sun = people.sun()
    theirs = signed_in(sun)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]  # type: ignore[attr-defined]  # pytest-django's settings
    settings.SECRET_KEY = "a new one, long enough for everybody"  # type: ignore[attr-defined]  # likewise
    assert sun.get_session_auth_hash() != next(iter(sun.get_session_auth_fallback_hash()))
    assert theirs.session["_auth_user_hash"] == next(iter(sun.get_session_auth_fallback_hash()))
