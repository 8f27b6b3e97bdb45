"""What a case asks of a person, by its kind."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from xuliu.balance.refresh import CarrierCase
from xuliu.ordering.buying.verdict import VerdictCase
from xuliu.ordering.delivering.reasons import LineCase
from xuliu.ordering.patience import OverdueCase
from xuliu.ordering.set_aside import SetAsideCase
from xuliu.payment.cases import PaymentCase

CASE_KINDS: Mapping[str, Promise] = {
    OverdueCase.LINE: _("A line takes longer than it may"),
    LineCase.SENT_IN_VAIN: _("Sent to the carrier several times and never done"),
    OverdueCase.LOOK_BACK: _("A line that has ended cannot be looked at again"),
    LineCase.DISPUTED: _("Carrier says done, the SIM does not show it"),
    SetAsideCase.LINE: _("A step failed on this line"),
    LineCase.HELD_BACK: _("Not sent: the carrier shows less than was proven"),
    LineCase.DELIVERED_MORE: _("The carrier delivered more than was sold"),
    LineCase.DELIVERED_AFTER_REFUSAL: _("Delivered after it was refused and given back"),
    PaymentCase.PROVIDER_FAILS: _("A payment provider's code fails"),
    CarrierCase.CONNECTOR_FAILS: _("A carrier's connector fails"),
    LineCase.ACCOUNT_PAUSED: _("Carrier account paused itself"),
    PaymentCase.ACCOUNT_PAUSED: _("Provider account paused itself: it refuses our keys"),
    OverdueCase.CARRIER_ACCOUNT: _("Lines wait at a carrier account"),
    OverdueCase.PROVIDER_ACCOUNT: _("Payments or refunds wait at a provider account"),
    OverdueCase.OFFERING: _("Lines wait for a paused offering"),
    PaymentCase.NOTICE_SET_ASIDE: _("A notice could not be read"),
    OverdueCase.NOTICE: _("A notice is not applied"),
    VerdictCase.UNKNOWN: _("Money came for no payment of ours"),
    VerdictCase.OF_NO_ORDER: _("Money came for no order of ours"),
    VerdictCase.TO_ANOTHER_MERCHANT: _("Paid to another merchant id"),
    VerdictCase.IN_ANOTHER_CURRENCY: _("Paid in another currency"),
    VerdictCase.OF_ANOTHER_AMOUNT: _("Paid another amount"),
    VerdictCase.DOUBTED: _("A notice says something else than was asked for"),
    VerdictCase.ANNOUNCED_AGAIN: _("A payment was announced again with other facts"),
    PaymentCase.REFUNDED_OUTSIDE: _("A refund was made outside Xuliu"),
    OverdueCase.ORDER: _("An order comes to no end"),
    OverdueCase.SELLER: _("Orders come to no end"),
    SetAsideCase.ORDER: _("A step failed on this order"),
    PaymentCase.PAYMENT_SET_ASIDE: _("A step failed on this payment"),
    PaymentCase.CANNOT_BE_OPENED: _("Payers cannot pay: our account at the provider does not work"),
    OverdueCase.PAYMENT: _("A payment can be neither opened nor asked about nor closed"),
    PaymentCase.SIGN_IN_SET_ASIDE: _("A step failed on this payer's sign-in"),
    PaymentCase.REFUND_SET_ASIDE: _("A step failed on this refund"),
    OverdueCase.REFUND: _("A refund takes longer than a day"),
    PaymentCase.REFUND_WAITS: _("A refund waits: the provider does not take it yet"),
    PaymentCase.REFUND_SENT_IN_VAIN: _("A refund was sent several times and never taken"),
    PaymentCase.REFUND_REFUSED: _("The provider refuses a refund"),
    PaymentCase.REFUND_FAILED: _("A refund waits for a person at the provider"),
    PaymentCase.REFUND_CLOSED: _("The provider closed a refund"),
    PaymentCase.REFUNDED_TWICE: _("A refund was paid twice"),
    PaymentCase.REFUND_STRANGE: _("A refund that we never asked for"),
}
