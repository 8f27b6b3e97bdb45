"""What trying an account showed, and why one of its settings cannot be used."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from xuliu.common.findings import TryResult
from xuliu.interfaces.wording.states import States, Word

FOUND: States = {
    TryResult.RIGHT: Word(_("Right"), "well"),
    TryResult.WRONG: Word(_("Wrong"), "dark"),
    TryResult.UNTRIED: Word(_("Not tried"), "soon"),
}
# By the codes of `payment.keys`.
FAULTS: Mapping[str, Promise] = {
    "empty": _("This is needed too."),
    "not_a_key": _("This is not a key: paste the whole file, from -----BEGIN to -----END."),
    "not_rsa": _("This is a key of another kind; an RSA key is needed."),
    "too_short": _("This key is too short; 2,048 bits are the least."),
    "encrypted": _("This key is locked with a password; paste it unlocked."),
    "is_private": _("This is a private key and does not belong here."),
    "is_public": _("This is a public key and does not belong here."),
    "is_certificate": _("This is a certificate and does not belong here."),
    "several": _("These are several; paste the one that belongs here alone."),
    "wrong_length": _("This has another length than such a key has; copy it once more."),
}
UNUSABLE = _("This cannot be used; check it and enter it again.")


def fault_of_setting(code: str) -> str:
    """Why a field cannot be used, and what to put there."""
    return str(FAULTS.get(code, UNUSABLE))
