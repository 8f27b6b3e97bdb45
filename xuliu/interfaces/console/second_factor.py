"""The second factor: its secret is stored sealed, and each code works once."""

from base64 import b64decode, b64encode
from typing import Any

from allauth.account.internal.stagekit import clear_login
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import DefaultMFAAdapter, get_adapter
from allauth.mfa.base import forms as entering
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings
from django.db import connection
from django.shortcuts import redirect
from django.utils.translation import gettext

from xuliu.common import clock, crypto, guard, signs
from xuliu.interfaces.console import tries
from xuliu.party.models import Person

PURPOSE = "second factor"
STEP_SECONDS = 30
ENTERED = "xuliu_entered"  # in a session between password and second factor: who typed the password, and when


class SealedFactors(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """Keeps secrets and recovery codes as `key id:ciphertext`; allauth by itself would store them in plain text."""

    def encrypt(self, text: str) -> str:
        """The text, sealed."""
        key_id, sealed = crypto.seal(text.encode(), purpose=PURPOSE)
        return f"{key_id}:{b64encode(sealed).decode()}"

    def decrypt(self, encrypted_text: str) -> str:
        """What was sealed. Raises CannotOpen."""
        key_id, sealed = encrypted_text.split(":", 1)
        return crypto.unseal(key_id, b64decode(sealed), purpose=PURPOSE).decode()


def counter_of(secret: str, code: str) -> int | None:
    """The counter of the half minute whose code this is, the latest first; None if it is none of the valid codes."""
    now = int(clock.now().timestamp()) // STEP_SECONDS
    for counter in range(now + settings.MFA_TOTP_TOLERANCE, now - settings.MFA_TOTP_TOLERANCE - 1, -1):
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, counter))):
            return counter
    return None


def use(authenticator_id: int, counter: int) -> bool:
    """Use up this code and all earlier ones; False if that has happened already."""
    with connection.cursor() as cursor:
        cursor.execute(USE, {"counter": counter, "id": authenticator_id})
        return bool(cursor.rowcount)


def opens(authenticator: Authenticator, code: str) -> bool:
    """Whether the code is valid; it will not be again."""
    if authenticator.type != Authenticator.Type.TOTP:
        return bool(authenticator.wrap().validate_code(code))
    counter = counter_of(get_adapter().decrypt(authenticator.data["secret"]), code)
    return counter is not None and use(authenticator.pk, counter)


class _CountedCode:
    """A form with a code; each try is counted before the code is checked."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]  # type: ignore[attr-defined]  # of allauth's form beside this
        field.label = field.widget.attrs["placeholder"] = gettext("Code from your app")

    def clean_code(self: Any) -> str:
        """The code of this person's app, or one of their recovery codes. Raises TooManyTries."""
        code: str = self.cleaned_data["code"].translate(signs.PLAIN)  # a Chinese keyboard may type full-width digits
        _refuse_who_is_no_more(self.user)
        budgets = tries.of_code(context.request, self.user)
        guard.require(budgets)
        for authenticator in Authenticator.objects.filter(user=self.user).order_by("-type"):
            if opens(authenticator, code):
                authenticator.user = self.user
                self.authenticator = authenticator
                guard.give_back(budgets)
                return code
        raise get_adapter().validation_error("incorrect_code")


def _refuse_who_is_no_more(person: Person) -> None:
    """Start over if the password was typed before it was changed, or before all sessions were ended."""
    request = context.request
    if not request.user.is_authenticated and request.session.get(ENTERED) != person.get_session_auth_hash():
        clear_login(request)
        raise ImmediateHttpResponse(redirect("account_login"))


class AuthenticateForm(_CountedCode, entering.AuthenticateForm):  # type: ignore[misc]  # allauth ships no types
    """The code at sign-in."""


class ReauthenticateForm(_CountedCode, entering.ReauthenticateForm):  # type: ignore[misc]  # allauth ships no types
    """The code again, from somebody who is signed in."""


class ActivateForm(ActivateTOTPForm):  # type: ignore[misc]  # allauth ships no types
    """The first code of a new secret. The secret is shown on the page, so there is nothing to guess."""

    counter: int

    def clean_code(self) -> str:
        """The code, if it fits the new secret."""
        code: str = self.cleaned_data["code"].translate(signs.PLAIN)
        counter = counter_of(self.secret, code)
        if counter is None:
            raise get_adapter().validation_error("incorrect_code")
        self.counter = counter
        return code


USE = """
    UPDATE mfa_authenticator SET data = jsonb_set(data, '{last_counter}', to_jsonb(%(counter)s::bigint))
    WHERE id = %(id)s AND COALESCE((data->>'last_counter')::bigint, -1) < %(counter)s"""
