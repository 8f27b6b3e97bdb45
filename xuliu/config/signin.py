"""Sign-in's rules of this installation."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class NoSignUp(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """People are made by the operator; nobody makes themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
