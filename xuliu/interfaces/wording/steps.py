"""The steps of a top-up (`ordering.progress`), before and after."""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from xuliu.ordering.progress import StepCode


class StepWords(NamedTuple):
    """`part` is one word for a column; `done` says what happened, `ahead` what is to come."""

    part: Promise
    done: Promise
    ahead: Promise


STEPS: Mapping[str, StepWords] = {
    StepCode.PAID: StepWords(_("pay"), _("Paid"), _("Paid")),
    StepCode.SUBMITTED: StepWords(_("provision"), _("Sent to %(carrier)s"), _("Send to %(carrier)s")),
    StepCode.DELIVERED: StepWords(_("provision"), _("%(carrier)s says it is done"), _("%(carrier)s carries it out")),
    StepCode.VERIFIED: StepWords(
        _("verify"), _("Checked against the carrier's record"), _("Check against the carrier's record")
    ),
    StepCode.RECEIPTED: StepWords(_("receipt"), _("Receipt issued"), _("Issue the receipt")),
    StepCode.REFUNDED: StepWords(_("refund"), _("Money sent back"), _("Money goes back")),
    StepCode.REJECTED: StepWords(_("provision"), _("Not delivered"), _("Not delivered")),
    StepCode.DISPUTED: StepWords(_("verify"), _("A person looks into it"), _("A person looks into it")),
}


def step(code: StepCode, *, is_done: bool, carrier: str) -> str:
    """What happened, or what is to come."""
    words = STEPS[code]
    return str(words.done if is_done else words.ahead) % {"carrier": carrier}
