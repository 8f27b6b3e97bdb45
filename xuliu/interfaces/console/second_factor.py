"""The second factor: its secret lies sealed, and whoever has just proven it need not prove it again in this session."""

from base64 import b64decode, b64encode

from allauth.account.internal.flows.login import record_authentication
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm

from xuliu.common import crypto
from xuliu.common.actor import acting
from xuliu.common.events import record
from xuliu.interfaces.console.gate import actor_of

PURPOSE = "second factor"


class SealedFactors(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """Keeps secrets and recovery codes as `key id:ciphertext`; allauth by itself would keep them in the open."""

    def encrypt(self, text: str) -> str:
        """The text, sealed."""
        key_id, sealed = crypto.seal(text.encode(), purpose=PURPOSE)
        return f"{key_id}:{b64encode(sealed).decode()}"

    def decrypt(self, encrypted_text: str) -> str:
        """What was sealed. Raises CannotOpen."""
        key_id, sealed = encrypted_text.split(":", 1)
        return crypto.unseal(key_id, b64decode(sealed), purpose=PURPOSE).decode()


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
