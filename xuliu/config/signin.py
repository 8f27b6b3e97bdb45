"""This installation's rules for signing in."""

from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from django.http import HttpRequest, HttpResponse

from xuliu.common import clock, guard
from xuliu.interfaces.console import second_factor, tries

STILL_FRESH = timedelta(minutes=5)


class NoSignUp(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """The operator creates people; nobody signs themselves up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not from somebody who has just typed the password, as everybody has who sets up a second factor."""
        records = get_authentication_records(context.request, context.request.user)
        fresh = (clock.now() - STILL_FRESH).timestamp()
        is_fresh = bool(records) and records[-1]["at"] > fresh
        return not is_fresh and bool(super().is_reauthentication_required(app=app, **kwargs))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """The person with this name and password. The try is counted before the check. Raises TooManyTries."""
        budgets = tries.of_password(request, str(credentials.get("username", "")))
        guard.require(budgets)
        person = super().authenticate(request, **credentials)
        if person:
            guard.give_back(budgets)
        return person

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """The password was right. What follows is for who they are now: see `second_factor`."""
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        request.session[second_factor.ENTERED] = user.get_session_auth_hash()
        return response

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        """Signed in: from now on this browser's tries are counted separately."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        tries.remember(request, response, user)
        return response
