"""How often somebody may try to sign in: per address and name, or per browser that signed in before."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from allauth.account.internal.userkit import get_user_by_username
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from xuliu.common import browsers
from xuliu.common.addresses import client_of
from xuliu.common.guard import Budget, TooManyTries, of_address
from xuliu.interfaces.wording.refusals import try_again
from xuliu.party.models import Person

View = Callable[..., HttpResponseBase]

QUARTER, HOUR, DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
PASSWORDS_OF_ADDRESS = 10  # an hour
PASSWORDS_OF_NAME = 20  # a quarter of an hour, all strangers together; more than an address has, so none closes a name
PASSWORDS_OF_BROWSER = 10  # a quarter of an hour
CODES_AT_ONCE = 5  # a quarter of an hour
CODES_A_DAY = 20  # of a million codes: a guesser with the password has one chance in 15,000 per day


def of_password(request: HttpRequest, name: str) -> list[Budget]:
    """The budgets that a try at this name's password uses."""
    # Counted per person if there is one, however the name is spelt.
    person = get_user_by_username(name.strip())
    whom = _person(person) if person else f"name {name.strip().casefold()}"
    if browser := browsers.known(request, whom):
        return [Budget(kind="passwords of a browser", key=browser, limit=PASSWORDS_OF_BROWSER, window=QUARTER)]
    address = str(client_of(request))
    return [
        *of_address(kind="passwords", address=address, limit=PASSWORDS_OF_ADDRESS, window=HOUR),
        Budget(kind="passwords of a name", key=whom, limit=PASSWORDS_OF_NAME, window=QUARTER),
    ]


def of_code(request: HttpRequest, person: Person) -> list[Budget]:
    """The budgets that a try at this person's second factor uses. Whoever gets this far knows the password."""
    whom = _person(person)
    browser = browsers.known(request, whom)
    kind, key = ("codes of a browser", browser) if browser else ("codes of a name", whom)
    return [
        Budget(kind=kind, key=key, limit=CODES_AT_ONCE, window=QUARTER),
        Budget(kind=f"{kind} a day", key=key, limit=CODES_A_DAY, window=DAY),
    ]


def of_own_password(person: Person) -> list[Budget]:
    """What a try at the present password counts against of who is signed in already and changes it."""
    return [Budget(kind="own password", key=_person(person), limit=PASSWORDS_OF_BROWSER, window=QUARTER)]


def remember(request: HttpRequest, response: HttpResponseBase, person: Person) -> None:
    """Remember that this person signed in with this browser."""
    browsers.remember(request, response, _person(person))


def closed_when_used_up(view: View) -> View:
    """The view; once a budget is used up, the page that says when to come back."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except TooManyTries as refused:
            response = render(request, "console/locked.html", {"again": try_again(refused.minutes)}, status=429)
            response.headers["Retry-After"] = str(refused.retry_after_seconds)
            return response

    return guarded


def _person(person: Person) -> str:
    return f"person {person.pk}"
