"""The console's tables of SIMs, terminals and which SIM is in which."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import gettext_lazy as _

from xuliu.common import clock
from xuliu.interfaces.console.kit import columns
from xuliu.interfaces.console.kit.listing import Table, choice_filter
from xuliu.interfaces.wording.states import SIM_STATES
from xuliu.inventory import numbers
from xuliu.inventory.finding import sim_by_iccid, sim_by_msisdn
from xuliu.inventory.models import Binding, Sim, Terminal, TerminalModel


class GoesDark(admin.SimpleListFilter):
    """Filters SIMs in service by how soon their period ends."""

    title = _("Goes dark")
    parameter_name = "dark"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> Iterable[tuple[str, Any]]:
        """Already ended, within a week, within a month."""
        return [("now", _("Is dark")), ("7", _("Within 7 days")), ("30", _("Within 30 days"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Sim]) -> QuerySet[Sim]:
        """SIMs in service whose first day without service falls into the span."""
        value, today = self.value(), clock.civil_date(clock.now(), get_current_timezone_name())
        served = queryset.filter(state=Sim.State.ACTIVE)
        if value == "now":
            return served.filter(period_end_on__lte=today)
        if value in ("7", "30"):
            return served.filter(period_end_on__gt=today, period_end_on__lte=today + timedelta(days=int(value)))
        return queryset


class TableOfNumbers(Table):
    """A table searched by number: a whole number in any form, or its beginning."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """The rows with that number."""
        sim = sim_by_iccid(search_term) or sim_by_msisdn(search_term) if search_term else None
        found, may_repeat = super().get_search_results(
            request, queryset, sim.iccid if sim else numbers.beginning_of(search_term)
        )
        return found, bool(may_repeat)


@admin.register(Sim)
class SimTable(TableOfNumbers):
    """Data SIMs, newest first."""

    singular, plural = _("SIM"), _("SIMs")
    list_display = (
        columns.code("iccid", _("ICCID")),
        columns.code("msisdn", _("MSISDN")),
        columns.name("account__carrier", _("Carrier")),
        columns.plain("merchant", _("Merchant"), in_order=False),
        columns.state(SIM_STATES),
        columns.day("period_end_on", _("Last day served"), is_exclusive_end=True),
    )
    list_select_related = ("account__carrier", "merchant")
    list_filter = (GoesDark, choice_filter(_("State"), "state", SIM_STATES), "account")
    search_fields = ("iccid__startswith", "msisdn__startswith")
    search_help_text = _("ICCID or MSISDN from its first digit")
    shown = (*list_display, columns.day("period_start_on", _("Since")))


@admin.register(Terminal)
class TerminalTable(TableOfNumbers):
    """POS devices."""

    singular, plural = _("Terminal"), _("Terminals")
    list_display = (
        columns.code("serial_number", _("Serial number")),
        columns.plain("model", _("Model"), in_order=False),
        columns.code("imei", _("IMEI")),
        columns.plain("merchant", _("Merchant"), in_order=False),
    )
    list_select_related = ("model", "merchant")
    list_filter = ("model",)
    search_fields = ("serial_number__startswith", "imei__startswith")
    search_help_text = _("Serial number or IMEI from its first digit")
    shown = list_display


@admin.register(TerminalModel)
class TerminalModelTable(Table):
    """Makes of terminals."""

    singular, plural = _("Terminal model"), _("Terminal models")
    list_display = (columns.plain("brand", _("Brand")), columns.plain("name", _("Model")))
    shown = list_display


@admin.register(Binding)
class BindingTable(TableOfNumbers):
    """Which SIM is, or was, in which terminal."""

    singular, plural = _("Binding"), _("Bindings")
    list_display = (
        columns.related("sim_id", _("SIM"), to="inventory.sim", text="sim__iccid"),
        columns.related("terminal_id", _("Terminal"), to="inventory.terminal", text="terminal__serial_number"),
        columns.moment("bound_at", _("Bound")),
        columns.moment("unbound_at", _("Unbound")),
    )
    list_select_related = ("sim", "terminal")
    search_fields = ("sim__iccid__exact", "terminal__serial_number__exact")
    search_help_text = _("Whole ICCID or serial number")
    shown = list_display
