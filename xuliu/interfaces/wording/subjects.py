"""What an event, a case or a count is about, who acted, and by which channel an order came."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from xuliu.ordering.models import Channel

ONE: Mapping[str, Promise] = {
    "order": _("Order"),
    "orderline": _("Line"),
    "payment": _("Payment"),
    "refund": _("Refund"),
    "case": _("Case"),
}
MANY: Mapping[str, Promise] = {
    "line": _("Order lines"),
    "payment": _("Payments"),
    "refund": _("Refunds"),
    "notice": _("Notices"),
}
ACTORS: Mapping[str, Promise] = {
    "person": _("Person"),
    "visitor": _("Visitor"),
    "worker": _("Worker"),
    "provider": _("Payment provider"),
    "carrier": _("Carrier"),
    "command": _("Command line"),
}
CHANNELS: Mapping[str, Promise] = {
    Channel.MERCHANT: _("Phone page"),
    Channel.COMMAND: _("Command line"),
}


def who(kind: str, label: str) -> str:
    """Who acted: by name where there is one."""
    return label or str(ACTORS.get(kind, kind))
