"""The console's tables of readings and buckets."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from xuliu.balance.models import Bucket, Reading
from xuliu.interfaces.console.kit import columns
from xuliu.interfaces.console.kit.listing import Table
from xuliu.interfaces.wording.states import CARRIER_STATES


@admin.register(Reading)
class ReadingTable(Table):
    """The newest reading of each SIM."""

    singular, plural = _("Reading"), _("Readings")
    ordering = ("-sim",)
    list_display = (
        columns.related("sim_id", _("SIM"), to="inventory.sim", text="sim__iccid"),
        columns.moment("as_of", _("As of")),
        columns.word("carrier_state", _("State at the carrier"), CARRIER_STATES, in_order=False),
        columns.day("period_end_on", _("Last day served"), is_exclusive_end=True),
        columns.size("left_bytes", _("Left")),
        columns.size("granted_bytes", _("Granted")),
        columns.moment("failed_at", _("Failed")),
    )
    list_select_related = ("sim",)
    search_fields = ("sim__iccid__exact",)
    search_help_text = _("Whole ICCID")
    shown = (
        *list_display,
        columns.size("used_bytes", _("Used")),
        columns.day("counted_from", _("Counted since")),
        columns.plain("blocked_why", _("Renewal blocked because")),
        columns.plain("refused", _("Refused because")),
        columns.moment("asked_at", _("Last asked")),
    )


@admin.register(Bucket)
class BucketTable(Table):
    """Bytes granted by a delivered line."""

    singular, plural = _("Bucket"), _("Buckets")
    list_display = (
        columns.related("sim_id", _("SIM"), to="inventory.sim", text="sim__iccid"),
        columns.related("line_id", _("Line"), to="ordering.orderline"),
        columns.size("granted_bytes", _("Granted")),
        columns.day("starts_on", _("From")),
        columns.day("ends_on", _("Last day"), is_exclusive_end=True),
    )
    list_select_related = ("sim",)
    search_fields = ("sim__iccid__exact",)
    search_help_text = _("Whole ICCID")
    shown = list_display
