"""Words that several of the console's pages share."""

from collections.abc import Mapping
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from xuliu.interfaces.console.kit.columns import NONE, States
from xuliu.interfaces.console.tables.inventory import SIM_STATES
from xuliu.interfaces.console.tables.ordering import LINE_STATES, ORDER_STATES
from xuliu.interfaces.console.tables.payment import NOTICE_STATES, PAYMENT_STATES, REFUND_STATES
from xuliu.interfaces.console.tables.ticket import CASE_STATES

MINUTE, HOUR, DAY = 60, 3600, 86400
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


def ago(at: datetime | None, now: datetime) -> str:
    """How long something has stood: `40 s`, `12 min`, `3 h`, `5 days`."""
    if at is None:
        return NONE
    seconds = max(0, int((now - at).total_seconds()))
    if seconds < MINUTE:
        return gettext("%(count)s s") % {"count": seconds}
    if seconds < HOUR:
        return gettext("%(count)s min") % {"count": seconds // MINUTE}
    if seconds < 2 * DAY:
        return gettext("%(count)s h") % {"count": seconds // HOUR}
    return ngettext("%(count)s day", "%(count)s days", seconds // DAY) % {"count": seconds // DAY}


def who(kind: str, label: str) -> str:
    """Who acted, for a timeline."""
    return label or str(ACTORS.get(kind, kind))
