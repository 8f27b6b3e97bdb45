"""The console's door: staff, signed in with password and second factor. Everybody else sees nothing."""

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from xuliu.common.actor import Actor
from xuliu.party.models import Person

LABEL_LENGTH = 80


def is_let_in(request: HttpRequest) -> bool:
    """Whether this is active staff whose current session has passed the second factor."""
    person = request.user
    if not isinstance(person, Person) or not (person.is_active and person.is_staff):
        return False
    return has_second_factor(person) and _has_shown_it(request)


def refusal(request: HttpRequest) -> HttpResponse | None:
    """The response to whoever is not let in: sign in, set up a second factor, or a refusal."""
    person = request.user
    if not isinstance(person, Person):
        return redirect_to_login(request.get_full_path())
    if not (person.is_active and person.is_staff):
        return render(request, "console/refused.html", status=403)
    if not has_second_factor(person):
        return redirect("mfa_activate_totp")
    if not _has_shown_it(request):
        # Signed in by password alone before the second factor was set up in another session.
        logout(request)
        return redirect_to_login(request.get_full_path())
    return None


def has_second_factor(person: Person) -> bool:
    """Whether the person has set up TOTP."""
    return bool(is_mfa_enabled(person, types=[Authenticator.Type.TOTP]))


def actor_of(request: HttpRequest) -> Actor:
    """The actor of this request, as recorded on events, postings and calls."""
    person = request.user
    return Actor("person", person.pk, str(getattr(person, "sign_in_name", ""))[:LABEL_LENGTH])


def _has_shown_it(request: HttpRequest) -> bool:
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, request.user))
