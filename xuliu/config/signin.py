"""Sign-in's rules of this installation."""

from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from django.http import HttpRequest

from xuliu.common import clock
from xuliu.common.addresses import client_of

STILL_FRESH = timedelta(minutes=5)


class NoSignUp(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """People are made by the operator; nobody makes themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not from whoever typed the password a moment ago, as everybody has who sets up a second factor."""
        records = get_authentication_records(context.request, context.request.user)
        fresh = (clock.now() - STILL_FRESH).timestamp()
        is_fresh = bool(records) and records[-1]["at"] > fresh
        return not is_fresh and bool(super().is_reauthentication_required(app=app, **kwargs))

    def get_client_ip(self, request: HttpRequest) -> str:
        """Where the browser is."""
        return str(client_of(request))

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """A name is locked for the address that guesses at it: otherwise anybody could lock anybody out."""
        return f"{super()._get_login_attempts_cache_key(request, **credentials)}:{client_of(request)}"


def address_of(request: HttpRequest) -> str | None:
    """The browser's address as a column for addresses takes it. Those whom nobody names are NULL, one count."""
    address = client_of(request).address
    return str(address) if address else None
