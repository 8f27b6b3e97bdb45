"""The terms of what is sold: its kind, when it starts, and what proves that it was delivered."""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from xuliu.catalog.models import Offering


class ProofWords(NamedTuple):
    """A proof's name for staff, what the line's page expects of it, and what the receipt says."""

    name: Promise
    promise: Promise
    receipt: Promise


KINDS: Mapping[str, Promise] = {Offering.Kind.RENEWAL: _("Renewal"), Offering.Kind.ADD_ON: _("Add-on data")}
STARTS: Mapping[str, Promise] = {
    Offering.Start.END_OF_CURRENT: _("When the running period ends"),
    Offering.Start.NOW: _("At once"),
    Offering.Start.NEXT_MONTH: _("On the first of next month"),
}
AFTER_EXPIRY: Mapping[str, Promise] = {
    Offering.AfterExpiry.TODAY: _("From today"),
    Offering.AfterExpiry.OLD_END: _("From the old end"),
}
PROOFS: Mapping[str, ProofWords] = {
    Offering.Proof.PERIOD_END: ProofWords(
        _("The period ends later"),
        _("Delivered when the period's last day is %(day)s or later."),
        _("checked: the carrier's record shows the new period end"),
    ),
    Offering.Proof.GRANTED_TOTAL: ProofWords(
        _("More bytes are granted in all"),
        _("Delivered when %(size)s more are granted than before."),
        _("checked: the carrier's record shows the added data"),
    ),
    Offering.Proof.PLAN_LISTED: ProofWords(
        _("The plan is listed"),
        _("Delivered when the plan %(plan)s is listed with its start."),
        _("checked: the carrier lists the plan for this card"),
    ),
    Offering.Proof.ORDER_QUERY: ProofWords(
        _("The carrier's order query says so"),
        _("Delivered when the carrier's order query says so."),
        _("checked: the carrier confirms the delivery"),
    ),
}
PROVEN_BY_A_PERSON = _("confirmed by a person after looking into it")


def receipt_proof(code: str) -> str:
    """The proof as the receipt words it; `person` if somebody accepted the delivery."""
    return str(PROOFS[code].receipt if code in PROOFS else PROVEN_BY_A_PERSON)
