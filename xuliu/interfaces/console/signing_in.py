"""The addresses under `/accounts/`: sign-in, second factor and password, and nothing else that allauth could do.

Every try that a stranger can make is counted (`tries`). Whoever changes their own password or second factor ends all
their sessions but the current one.
"""

from typing import Any

from allauth.account import views as account
from allauth.account.forms import ChangePasswordForm as PasswordForm
from allauth.account.internal.flows.login import record_authentication
from allauth.core.internal.httpkit import authenticated_user
from allauth.mfa.base import views as factor
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path

from xuliu.common import guard
from xuliu.common.actor import acting
from xuliu.common.events import record
from xuliu.interfaces.console import tries
from xuliu.interfaces.console.gate import actor_of
from xuliu.interfaces.console.second_factor import use
from xuliu.party.models import Person
from xuliu.party.operations import end_sessions


class ChangePasswordForm(PasswordForm):  # type: ignore[misc]  # allauth ships no types
    """A change of one's own password: a try at the present one is counted before it is checked."""

    def clean_oldpassword(self) -> str:
        """The present password. Raises TooManyTries."""
        budgets = tries.of_own_password(self.user)
        guard.require(budgets)
        given: str = super().clean_oldpassword()
        guard.give_back(budgets)
        return given


class _OfOneself:
    """A form about one's own access: allauth's change and what follows from it, in one transaction."""

    request: HttpRequest
    was, became = "", ""

    def form_valid(self, form: Any) -> HttpResponse:
        """Store the change and end the person's other sessions."""
        person: Person = authenticated_user(self.request)
        with transaction.atomic(), acting(actor_of(self.request)):
            Person.objects.select_for_update(no_key=True).only("id").get(id=person.pk)
            response: HttpResponse = super().form_valid(form)  # type: ignore[misc]  # of allauth's view beside this
            self.finish(form)
            end_sessions(person)
            record(person, was=self.was, became=self.became)
        update_session_auth_hash(self.request, person)
        return response

    def finish(self, form: Any) -> None:
        """What else the change requires."""


class ChangePassword(_OfOneself, account.PasswordChangeView):  # type: ignore[misc]  # allauth ships no types
    """A new password."""

    was, became = "PASSWORD", "NEW_PASSWORD"


class Activate(_OfOneself, totp.ActivateTOTPView):  # type: ignore[misc]  # allauth ships no types
    """A new second factor. The code that sets it up counts as passed and is used up."""

    was, became = "NO_SECOND_FACTOR", "SECOND_FACTOR"

    def finish(self, form: Any) -> None:
        """Use up the code; let this session in."""
        made = Authenticator.objects.get(user=self.request.user, type=Authenticator.Type.TOTP)
        use(made.pk, form.counter)
        record_authentication(self.request, self.request.user, "mfa", type=made.type)


class Deactivate(_OfOneself, totp.DeactivateTOTPView):  # type: ignore[misc]  # allauth ships no types
    """Remove the second factor, to set up another."""

    was, became = "SECOND_FACTOR", "NO_SECOND_FACTOR"


class GenerateCodes(_OfOneself, recovery.GenerateRecoveryCodesView):  # type: ignore[misc]  # allauth ships no types
    """New recovery codes in place of the old ones."""

    was, became = "RECOVERY_CODES", "NEW_RECOVERY_CODES"


_closed = tries.closed_when_used_up
urlpatterns = [
    path("login/", _closed(account.login), name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", _closed(account.reauthenticate), name="account_reauthenticate"),
    path("password/change/", _closed(login_required(ChangePassword.as_view())), name="account_change_password"),
    path("2fa/", factor.index, name="mfa_index"),
    path("2fa/authenticate/", _closed(factor.authenticate), name="mfa_authenticate"),
    path("2fa/reauthenticate/", _closed(factor.reauthenticate), name="mfa_reauthenticate"),
    path("2fa/totp/activate/", login_required(Activate.as_view()), name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", login_required(Deactivate.as_view()), name="mfa_deactivate_totp"),
    path("2fa/recovery-codes/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("2fa/recovery-codes/generate/", login_required(GenerateCodes.as_view()), name="mfa_generate_recovery_codes"),
    path("2fa/recovery-codes/download/", recovery.download_recovery_codes, name="mfa_download_recovery_codes"),
]
