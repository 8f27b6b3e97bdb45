"""The steps of a top-up (`ordering.queries.progress`), before and after."""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class StepWords(NamedTuple):
    """`part` is one word for a column; `done` says what happened, `ahead` what is to come."""

    part: Promise
    done: Promise
    ahead: Promise


STEPS: Mapping[str, StepWords] = {
    "paid": StepWords(_("pay"), _("Paid"), _("Paid")),
    "submitted": StepWords(_("provision"), _("Sent to %(carrier)s"), _("Send to %(carrier)s")),
    "delivered": StepWords(_("provision"), _("%(carrier)s says it is done"), _("%(carrier)s carries it out")),
    "verified": StepWords(
        _("verify"), _("Checked against the carrier's record"), _("Check against the carrier's record")
    ),
    "receipted": StepWords(_("receipt"), _("Receipt issued"), _("Issue the receipt")),
    "refunded": StepWords(_("refund"), _("Money sent back"), _("Money goes back")),
    "rejected": StepWords(_("provision"), _("Not delivered"), _("Not delivered")),
    "disputed": StepWords(_("verify"), _("A person looks into it"), _("A person looks into it")),
}


def step(code: str, *, is_done: bool, carrier: str) -> str:
    """What happened, or what is to come."""
    words = STEPS[code]
    return str(words.done if is_done else words.ahead) % {"carrier": carrier}
