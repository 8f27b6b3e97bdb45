"""Why something moved, in words: by the codes of `common.reasons.WhyCode`, with what others said behind them."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xuliu.carrier.notes import Note
from xuliu.carrier.reasons import CarrierReason
from xuliu.common.deciding import PersonReason
from xuliu.common.examining import TrialReason
from xuliu.interfaces.wording.cases import CASE_KINDS
from xuliu.ordering.buying.reasons import OrderReason, SignInReason
from xuliu.ordering.buying.verdict import VerdictCase, VerdictCode
from xuliu.ordering.delivering.reasons import LineReason, Short
from xuliu.ordering.ending.reasons import WithdrawalReason
from xuliu.payment.reasons import AccountReason, NoticeReason, PaymentReason, RefundMove, RefundReason
from xuliu.ticket.kinds import CaseReason

REASONS: Mapping[str, str | Promise] = {
    PersonReason.A_PERSON_SAYS: "",  # in their own words
    PersonReason.ASKED_AGAIN: _("asked again"),
    TrialReason.NOT_TRIED: _("not tried yet"),
    TrialReason.FOUND_RIGHT: _("tried and found right"),
    CaseReason.NO_LONGER_SO: _("it is so no longer"),
    CaseReason.WORKS_AGAIN: _("it works again"),
    CarrierReason.US_REFUSED: _("the carrier refuses us"),
    PaymentReason.REFUSED: _("the provider refuses to open it"),
    PaymentReason.CLOSED_BY_US: _("closed at the provider"),
    PaymentReason.NEVER_THERE: _("proven: the provider never had it"),
    PaymentReason.SAID_CLOSED: _("closed, the provider says"),
    PaymentReason.SAID_FAILED: _("failed, the provider says"),
    RefundReason.NOT_PROVISIONED: _("the carrier did not deliver"),
    RefundReason.PAID_TWICE: _("the order was paid twice"),
    RefundReason.PAID_LATE: _("paid after the quote had lapsed"),
    RefundReason.OUTSIDE: _("refunded outside Xuliu"),
    RefundReason.REST: _("what was left of it"),
    RefundMove.NOT_SENT: _("certainly not sent"),
    RefundMove.NO_ANSWER: _("the provider gave no clear answer"),
    RefundMove.REFUSED: _("the provider refuses it"),
    RefundMove.US_REFUSED: _("the provider refuses us"),
    RefundMove.NOT_FOUND: _("not found"),
    RefundMove.CLOSED: _("the provider closed it"),
    RefundMove.NOT_REACHED: _("it did not reach the payer"),
    RefundMove.MADE_OUTSIDE: _("made outside Xuliu"),
    RefundMove.ASKED_ANEW: _("two people said so, and the provider says once more that the old number is closed"),
    NoticeReason.CANNOT_BE_APPLIED: _("it cannot be applied"),
    NoticeReason.DOES_NOT_FIT: _("does not match; see its case"),
    AccountReason.TAKEN_AGAIN: _("the provider takes us again"),
    AccountReason.NOTHING_TO_TRY: _("nothing is left to try it with"),
    AccountReason.HAS_PAUSED_ITSELF: _("the account has paused itself; see the case of that"),
    OrderReason.CANCELLED_BY_PAYER: _("cancelled by the payer"),
    OrderReason.MADE_ROOM: _("another order of the SIM took its place"),
    OrderReason.NOTHING_TO_PAY: _("nothing to pay"),
    SignInReason.NOT_TOLD: _("the provider did not say who pays"),
    SignInReason.NOT_PLACED: _("the order could not be placed"),
    VerdictCode.APPLIED: _("counts for its order"),
    VerdictCode.REPEAT: _("told before"),
    **{kind: CASE_KINDS[kind] for kind in VerdictCase},
    WithdrawalReason.BY_PAYER: _("withdrawn by the payer"),
    LineReason.SET_ASIDE_UNSENT: _("set aside before it was sent"),
    LineReason.READING_FAILED: _("the reading before failed"),
    LineReason.READING_SILENT: _("nothing usable was said of the SIM"),
    LineReason.REFUSED_ON_READING: _("the carrier on reading the SIM"),
    LineReason.DONE_EARLIER: _("an earlier sending did it"),
    LineReason.NOT_SENT: _("not sent"),
    LineReason.SAID_DONE: _("the carrier says that it is done"),
    LineReason.SAID_ACCEPTED: _("the carrier has taken it on"),
    LineReason.NO_ANSWER: _("the carrier gave no clear answer"),
    LineReason.REFUSED: _("the carrier refused"),
    LineReason.REFUSED_FOR_SIM: _("the carrier refused because of the SIM"),
    LineReason.REFUSED_FOR_PLAN: _("the carrier refused because of the plan"),
    LineReason.DIED_UNSENT: _("its worker died before it was sent"),
    LineReason.DIED_SENT: _("its worker died after it was sent"),
    LineReason.NEVER_DONE: _("proven: the carrier never did it"),
    LineReason.NO_END_IN_TIME: _("the carrier gave no end in time"),
    LineReason.NOT_PROVEN_IN_TIME: _("not proven in time"),
    LineReason.SEEN_BY_TWO: _("two people have seen it"),
    LineReason.ACCEPTED_ON_PROOF: _("%(why)s; proof: %(proof)s"),
    Short.END: _("not sent: the carrier shows an earlier end than was proven"),
    Short.BYTES: _("not sent: the carrier shows fewer bytes than were proven"),
    Short.PLANS: _("not sent: the carrier does not list every plan that was proven"),
    Short.SHOWN_END: _("not sent: the carrier shows an earlier end than when the SIM was looked up"),
    Short.SHOWN_BYTES: _("not sent: the carrier shows fewer bytes than when the SIM was looked up"),
    Short.NO_END: _("not sent: the carrier says no end, and no other is known"),
    Short.NO_BYTES: _("not sent: the carrier says no bytes granted, without which nothing can be proven"),
    Short.NO_PLANS: _("not sent: the carrier lists no plans, and no other are known"),
}
# What we noted of an answer where the carrier's own words stand else.
NOTES: Mapping[str, Promise] = {
    Note.ANOTHER_SIM: _("the answer names another SIM"),
    Note.READINGS_SILENT: _("the readings do not say"),
    Note.MORE_THAN_BEFORE: _("more stands on the SIM than before"),
    Note.AS_BEFORE: _("the SIM is as it was before"),
    Note.TIME_USED_UP: _("the time for this call was used up"),
}


def reason(code: str, detail: str = "") -> str:
    """Why, and what somebody said of it. A person's words stand alone."""
    if code == LineReason.ACCEPTED_ON_PROOF:
        return accepted(detail)
    why, said = str(REASONS.get(code, code)), note(detail)
    return gettext("%(why)s: %(said)s") % {"why": why, "said": said} if why and said else why or said


def accepted(detail: str) -> str:
    """What a person accepted: why, and on the last line their proof."""
    why, _line, proof = detail.rpartition("\n")
    return str(REASONS[LineReason.ACCEPTED_ON_PROOF]) % {"why": why, "proof": proof}


def refund_reason(code: str, number: str) -> str:
    """Why money goes back, with the provider's number of what was paid or refunded."""
    why = str(REASONS.get(code, code))
    return gettext("%(why)s (%(number)s)") % {"why": why, "number": number} if number else why


def note(detail: str) -> str:
    """What a carrier, a provider or a person said, as they said it; what we noted, in words."""
    return str(NOTES.get(detail, detail))
