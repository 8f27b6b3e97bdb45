"""Words that several of the console's pages share."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from xuliu.interfaces.console.kit.columns import States
from xuliu.interfaces.console.tables.inventory import SIM_STATES
from xuliu.interfaces.console.tables.ordering import LINE_STATES, ORDER_STATES
from xuliu.interfaces.console.tables.payment import NOTICE_STATES, PAYMENT_STATES, REFUND_STATES
from xuliu.interfaces.console.tables.ticket import CASE_STATES

KINDS: dict[str, Promise] = {
    "order": _("Order"),
    "orderline": _("Line"),
    "payment": _("Payment"),
    "refund": _("Refund"),
    "case": _("Case"),
}
ACTORS: dict[str, Promise] = {
    "worker": _("Worker"),
    "visitor": _("Payer's page"),
    "provider": _("Payment provider"),
    "carrier": _("Carrier"),
    "command": _("Command line"),
}

# Why a SIM cannot have what its carrier's SIMs are sold (`ordering.buying.offers.Refusal`).
REFUSALS: dict[str, Promise] = {
    "sim_not_in_service": _("the SIM is not in service"),
    "sim_unknown_at_carrier": _("the carrier does not know the SIM"),
    "sim_blocked": _("the carrier blocks the SIM"),
    "account_paused": _("the carrier account is paused"),
    "offering_paused": _("the offering is paused"),
    "no_running_period": _("no period runs that data could be added to"),
}


def state_words() -> Mapping[str, States]:
    """The states' words by what they are states of; an event calls a line `orderline`."""
    return {
        "order": ORDER_STATES,
        "line": LINE_STATES,
        "orderline": LINE_STATES,
        "payment": PAYMENT_STATES,
        "refund": REFUND_STATES,
        "notice": NOTICE_STATES,
        "case": CASE_STATES,
        "sim": SIM_STATES,
    }


def who(kind: str, label: str) -> str:
    """Who acted, for a timeline."""
    return label or str(ACTORS.get(kind, kind))
