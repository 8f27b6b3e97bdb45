"""The console's tables of orders, lines and receipts. Decisions about a line are taken on its own page."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from xuliu.interfaces.console.kit import columns
from xuliu.interfaces.console.kit.listing import Table, choice_filter
from xuliu.interfaces.wording.states import LINE_STATES, ORDER_STATES, Word
from xuliu.interfaces.wording.subjects import CHANNELS
from xuliu.ordering.models import Order, OrderLine, Receipt

SET_ASIDE = {"1": _("Set aside"), "0": _("Not set aside")}


@admin.register(Order)
class OrderTable(Table):
    """Orders, newest first."""

    singular, plural = _("Order"), _("Orders")
    list_display = (
        columns.code("number", _("Number")),
        columns.state(ORDER_STATES),
        columns.money("total_minor", _("Total")),
        columns.figure("line_count", _("Lines")),
        columns.plain("merchant", _("Merchant"), in_order=False),
        columns.word("channel", _("Channel"), CHANNELS),
        columns.moment("quoted_at", _("Quoted")),
        columns.moment("paid_at", _("Paid")),
    )
    list_select_related = ("merchant",)
    list_filter = (choice_filter(_("State"), "state", ORDER_STATES), choice_filter(_("Channel"), "channel", CHANNELS))
    search_fields = ("number__exact", "code__exact")
    search_help_text = _("Whole order number or code")
    shown = list_display


@columns.computed(_("State"))
def state_of_line(line: OrderLine) -> SafeString:
    """The state, with a mark if the line is set aside."""
    aside = columns.badge("1", {"1": Word(_("Set aside"), "dark")}) if line.is_set_aside else ""
    return format_html("{} {}", columns.badge(line.state, LINE_STATES), aside)


@admin.register(OrderLine)
class OrderLineTable(Table):
    """Order lines, newest first."""

    singular, plural = _("Order line"), _("Order lines")
    list_display = (
        columns.plain("id", _("Line")),
        columns.related("order_id", _("Order"), to="ordering.order", text="order__number"),
        columns.related("sim_id", _("SIM"), to="inventory.sim", text="sim__iccid"),
        columns.name("offering", _("Offering")),
        state_of_line,
        columns.money("price_minor", _("Charged"), currency="order__currency"),
        columns.moment("state_at", _("In this state since")),
    )
    list_select_related = ("order", "sim", "offering")
    list_filter = (
        choice_filter(_("State"), "state", LINE_STATES),
        choice_filter(_("Set aside"), "is_set_aside", SET_ASIDE),
        "account",
    )
    search_fields = ("order__number__exact", "sim__iccid__exact")
    search_help_text = _("Whole order number or ICCID")
    shown = list_display


@admin.register(Receipt)
class ReceiptTable(Table):
    """Receipts, newest first."""

    singular, plural = _("Receipt"), _("Receipts")
    list_display = (
        columns.code("text_number", _("Number")),
        columns.related("order_id", _("Order"), to="ordering.order", text="order__number"),
        columns.name("seller", _("Seller")),
        columns.money("amount_minor", _("Amount")),
        columns.money("tax_minor", _("Tax in it")),
        columns.moment("issued_at", _("Issued")),
    )
    list_select_related = ("order", "seller")
    list_filter = ("seller",)
    search_fields = ("text_number__exact", "check_code__exact", "order__number__exact")
    search_help_text = _("Receipt number, check code or order number")
    shown = (*list_display, columns.code("check_code", _("Check code")))
