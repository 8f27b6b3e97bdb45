"""Why a person's decision could not be taken (`common.deciding.CannotDecide`), by what it was about."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from xuliu.common.deciding import NotDecided

REASON_NEEDED = _("Say why: the next person reads it.")
ANY_DECISION: Mapping[str, Promise] = {
    NotDecided.NO_REASON: REASON_NEEDED,
    NotDecided.NOT_A_PERSON: _("Only a person who is signed in can decide this."),
}
OF_LINE: Mapping[str, Promise] = {
    **ANY_DECISION,
    NotDecided.NOT_STUCK: _("The line has moved on in the meantime; look at it again."),
    NotDecided.TOO_EARLY: _("Too early: the carrier may still do it. Ask again, or come back when the time is over."),
    NotDecided.NO_READING: _("The line is not held back for a reading any more; look at it again."),
    NotDecided.NO_PROOF: _("Say what shows that it was delivered, and where it can be seen."),
}
OF_REFUND: Mapping[str, Promise] = {
    **ANY_DECISION,
    NotDecided.NOT_STUCK: _("The refund has moved on in the meantime; look at it again."),
    NotDecided.NOT_CLOSED: _("Only what the provider has closed can be asked for under another number."),
}
OF_PAYMENT: Mapping[str, Promise] = {
    **ANY_DECISION,
    NotDecided.NOT_STUCK: _("Nothing is in question about this payment any more."),
    NotDecided.NO_AMOUNT: _(
        "Enter the provider's number of the refund, and an amount that is not above what was paid."
    ),
}
OF_PERSON: Mapping[str, Promise] = {
    **ANY_DECISION,
    NotDecided.OWN_FACTOR: _("Your own second factor you change on your own page."),
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
