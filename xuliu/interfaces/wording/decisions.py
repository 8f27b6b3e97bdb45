"""Why a person's decision could not be taken (`common.deciding.CannotDecide`), by what it was about."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REASON_NEEDED = _("Say why: the next person reads it.")
ANY_DECISION: Mapping[str, Promise] = {
    "no_reason": REASON_NEEDED,
    "not_a_person": _("Only a person who is signed in can decide this."),
}
OF_LINE: Mapping[str, Promise] = {
    **ANY_DECISION,
    "not_stuck": _("The line has moved on in the meantime; look at it again."),
    "too_early": _("Too early: the carrier may still do it. Ask again, or come back when the time is over."),
    "no_reading": _("The line is not held back for a reading any more; look at it again."),
    "no_proof": _("Say what shows that it was delivered, and where it can be seen."),
}
OF_REFUND: Mapping[str, Promise] = {
    **ANY_DECISION,
    "not_stuck": _("The refund has moved on in the meantime; look at it again."),
    "not_closed": _("Only what the provider has closed can be asked for under another number."),
}
OF_PAYMENT: Mapping[str, Promise] = {
    **ANY_DECISION,
    "not_stuck": _("Nothing is in question about this payment any more."),
    "no_amount": _("Enter the provider's number of the refund, and an amount that is not above what was paid."),
}
OF_PERSON: Mapping[str, Promise] = {
    **ANY_DECISION,
    "own_factor": _("Your own second factor you change on your own page."),
}
WHY_NOT: Mapping[str, Mapping[str, Promise]] = {
    "line": OF_LINE,
    "refund": OF_REFUND,
    "payment": OF_PAYMENT,
    "person": OF_PERSON,
}


def why_not(about: str, code: str) -> str:
    """Why nothing was decided `about` a line, refund, payment or person."""
    return str(WHY_NOT[about].get(code, code))
