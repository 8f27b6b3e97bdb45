"""Setting up the second factor: whoever has just proven it need not prove it again in this session."""

from allauth.account.internal.flows.login import record_authentication
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm

from xuliu.common.actor import acting
from xuliu.common.events import record
from xuliu.interfaces.console.gate import actor_of


class ActivateForm(ActivateTOTPForm):  # type: ignore[misc]  # allauth ships no types
    """Allauth's form; a code that fits counts as shown, and leaves an event."""

    def clean_code(self) -> str:
        """The code, where it fits the secret on the page."""
        code: str = super().clean_code()
        request = context.request
        record_authentication(request, self.user, "mfa", type=Authenticator.Type.TOTP)
        with acting(actor_of(request)):
            record(self.user, was="NO_SECOND_FACTOR", became="SECOND_FACTOR")
        return code
