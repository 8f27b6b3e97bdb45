"""The console's table of postings. Read only: the database refuses anything else, too."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from xuliu.interfaces.console.kit import columns
from xuliu.interfaces.console.kit.listing import Table
from xuliu.ledger.models import Posting
from xuliu.party.rights import Right


@admin.register(Posting)
class PostingTable(Table):
    """Movements of money, newest first."""

    singular, plural = _("Posting"), _("Postings")
    is_seen_by = Right.SEE_MONEY
    list_display = (
        columns.moment("at", _("At")),
        columns.code("source", _("Source")),
        columns.code("destination", _("Destination")),
        columns.money("amount_minor", _("Amount")),
        columns.related("order_id", _("Order"), to="ordering.order"),
        columns.related("line_id", _("Line"), to="ordering.orderline"),
        columns.code("reference", _("Reference")),
    )
    search_fields = ("reference__startswith", "source__exact", "destination__exact")
    search_help_text = _("Reference or whole address")
    shown = (
        *list_display,
        columns.plain("actor_kind", _("Who")),
        columns.plain("actor_id", _("Person's number")),
    )
