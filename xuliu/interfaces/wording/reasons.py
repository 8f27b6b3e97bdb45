"""Why something moved, in the reader's language. The steps write their reasons in English or as a code."""

import re

from django.utils.translation import gettext as in_their_language
from django.utils.translation import gettext_noop

from xuliu.ordering.delivering.decide import PROOF

REASONS = (
    gettext_noop("cancelled by the payer"),
    gettext_noop("closed at the provider"),
    gettext_noop("does not match; see its case"),
    gettext_noop("it is back"),
    gettext_noop("its worker died after it was sent"),
    gettext_noop("its worker died before it was sent"),
    gettext_noop("more stands on the SIM than before"),
    gettext_noop("not found"),
    gettext_noop("not tried yet"),
    gettext_noop("not proven in time"),
    gettext_noop("nothing to pay"),
    gettext_noop("our balance there is empty"),
    gettext_noop("proven: the carrier never did it"),
    gettext_noop("proven: the provider never had it"),
    gettext_noop("an earlier sending did it"),
    gettext_noop("not sent: an earlier sending did it"),
    gettext_noop("not sent: the carrier shows an earlier end than was proven"),
    gettext_noop("not sent: the carrier shows fewer bytes than were proven"),
    gettext_noop("not sent: the carrier shows an earlier end than when the SIM was looked up"),
    gettext_noop("not sent: the carrier shows fewer bytes than when the SIM was looked up"),
    gettext_noop("not sent: the carrier does not list every plan that was proven"),
    gettext_noop("not sent: the carrier says no end, and no other is known"),
    gettext_noop("not sent: the carrier says no bytes granted, without which nothing can be proven"),
    gettext_noop("not sent: the carrier lists no plans, and no other are known"),
    gettext_noop("the answer names another SIM"),
    gettext_noop("set aside before it was sent"),
    gettext_noop("still empty"),
    gettext_noop("the carrier gave no end in time"),
    gettext_noop("it did not reach the payer"),
    gettext_noop("made outside Xuliu"),
    gettext_noop("nothing is left to try it with"),
    gettext_noop("the provider closed it"),
    gettext_noop("the provider is down"),
    gettext_noop("the provider refuses us"),
    gettext_noop("the provider says so"),
    gettext_noop("the provider takes us again"),
    gettext_noop("two people have seen it"),
    gettext_noop("two people said so, and the provider says once more that the old number is closed"),
    gettext_noop("the readings do not say"),
    gettext_noop("the SIM is as it was before"),
    gettext_noop("the time for this call was used up"),
    gettext_noop("tried and found right"),
)
ACCEPTED = gettext_noop("%(why)s; proof: %(proof)s")
# Codes; those of a payment have the provider's number behind them: `paid_late:4200002345`.
CODES = {
    "not_provisioned": gettext_noop("the carrier did not deliver"),
    "outside": gettext_noop("refunded outside Xuliu"),
    "paid_again": gettext_noop("the same payment was paid again"),
    "paid_late": gettext_noop("paid after the quote had lapsed"),
    "paid_twice": gettext_noop("the order was paid twice"),
    "rest": gettext_noop("what was left of it"),
}
_CODE = re.compile(rf"(?P<code>{'|'.join(CODES)})(:(?P<number>.{{0,200}}))?", re.DOTALL)


def reason(why: str) -> str:
    """The reason of a move in the reader's language, where it is one of the steps' own; else as it was written.

    Of what a person accepted, the word before their proof as well.
    """
    if coded := _CODE.fullmatch(why):
        said = in_their_language(CODES[coded["code"]])
        return f"{said} ({coded['number']})" if coded["number"] else said
    said, between, proof = why.partition(PROOF)
    if between:
        return in_their_language(ACCEPTED) % {"why": said, "proof": proof}
    return in_their_language(why) if why in REASONS else why
