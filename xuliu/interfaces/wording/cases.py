"""What a case asks of a person, by its kind."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

CASE_KINDS: Mapping[str, Promise] = {
    "line_waits": _("A line takes longer than it may"),
    "line_sent_in_vain": _("Sent to the carrier several times and never done"),
    "look_back_waits": _("A line that has ended cannot be looked at again"),
    "line_disputed": _("Carrier says done, the SIM does not show it"),
    "line_set_aside": _("A step failed on this line"),
    "line_held_back": _("Not sent: the carrier shows less than was proven"),
    "delivered_more_than_sold": _("The carrier delivered more than was sold"),
    "delivered_after_refusal": _("Delivered after it was refused and given back"),
    "provider_fails": _("A payment provider's code fails"),
    "connector_fails": _("A carrier's connector fails"),
    "carrier_account_paused": _("Carrier account paused itself"),
    "provider_account_paused": _("Provider account paused itself: it refuses our keys"),
    "carrier_account_waits": _("Lines wait at a carrier account"),
    "provider_account_waits": _("Payments or refunds wait at a provider account"),
    "offering_waits": _("Lines wait for a paused offering"),
    "notice_set_aside": _("A notice could not be read"),
    "notice_waits": _("A notice is not applied"),
    "payment_unknown": _("Money came for no payment of ours"),
    "payment_of_no_order": _("Money came for no order of ours"),
    "payment_to_another_merchant": _("Paid to another merchant id"),
    "payment_in_another_currency": _("Paid in another currency"),
    "payment_of_another_amount": _("Paid another amount"),
    "payment_doubted": _("A notice says something else than was asked for"),
    "payment_announced_again": _("A payment was announced again with other facts"),
    "payment_refunded_outside": _("A refund was made outside Xuliu"),
    "order_waits": _("An order comes to no end"),
    "seller_waits": _("Orders come to no end"),
    "order_set_aside": _("A step failed on this order"),
    "payment_set_aside": _("A step failed on this payment"),
    "payment_cannot_be_opened": _("Payers cannot pay: our account at the provider does not work"),
    "payment_waits": _("A payment can be neither opened nor asked about nor closed"),
    "refund_set_aside": _("A step failed on this refund"),
    "refund_overdue": _("A refund takes longer than a day"),
    "refund_waits": _("A refund waits: the provider does not take it yet"),
    "refund_sent_in_vain": _("A refund was sent several times and never taken"),
    "refund_refused": _("The provider refuses a refund"),
    "refund_failed": _("A refund waits for a person at the provider"),
    "refund_closed": _("The provider closed a refund"),
    "refunded_twice": _("A refund was paid twice"),
    "refund_strange": _("A refund that we never asked for"),
}
