"""The console's tables of carriers, our accounts there, and the calls made."""

from datetime import timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from xuliu.carrier import operations
from xuliu.carrier.accounts import credentials, set_credentials
from xuliu.carrier.models import Call, Carrier, CarrierAccount, ReadCount
from xuliu.carrier.registry import all_connectors
from xuliu.interfaces.console.kit import columns
from xuliu.interfaces.console.kit.account_table import AccountTable, tried
from xuliu.interfaces.console.kit.listing import Table, choice_filter, is_paused, kill_switch, timeline_of
from xuliu.interfaces.console.kit.names_form import NamesField
from xuliu.party.rights import Right


class CarrierForm(forms.ModelForm[Carrier]):
    """A carrier's code and names."""

    code = forms.SlugField(label=_("Code"), widget=UnfoldAdminTextInputWidget())
    name = NamesField(label=_("Name"))

    class Meta:
        model = Carrier
        fields = ("code", "name")


@admin.register(Carrier)
class CarrierTable(Table):
    """Network operators and platforms."""

    singular, plural = _("Carrier"), _("Carriers")
    is_changed_by = is_added_by = Right.CONFIGURE
    form = CarrierForm
    list_display = (columns.name("name", _("Name")), columns.code("code", _("Code")))
    search_fields = ("code",)


@admin.register(CarrierAccount)
class CarrierAccountTable(AccountTable):
    """Our accounts at carriers."""

    singular, plural = _("Carrier account"), _("Carrier accounts")
    kind_field = "connector"
    kinds = staticmethod(all_connectors)
    opened = staticmethod(credentials)
    configure = set_credentials
    pause = operations.pause
    resume = operations.resume
    list_display = (
        columns.code("code", _("Code")),
        columns.name("carrier", _("Carrier")),
        columns.code("connector", _("Connector")),
        columns.yes_no("is_sandbox", _("Sandbox")),
        kill_switch,
    )
    list_select_related = ("carrier",)
    list_filter = (is_paused(),)
    search_fields = ("code",)
    shown = (
        columns.code("code", _("Code")),
        columns.name("carrier", _("Carrier")),
        columns.code("connector", _("Connector")),
        columns.yes_no("is_sandbox", _("Sandbox")),
        tried,
        timeline_of(),
    )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new account proposes the zone of its connector's carrier."""
        connector = all_connectors().get(request.GET.get("kind", ""))
        return {"zone": connector.capabilities.zone} if connector else {}

    def own_fields(self, *, is_new: bool) -> dict[str, forms.Field]:
        """The account's own limits; an empty one is the connector's."""
        text = UnfoldAdminTextInputWidget
        new: dict[str, forms.Field] = {
            "code": forms.SlugField(label=_("Code"), widget=text()),
            "carrier": forms.ModelChoiceField(Carrier.objects, label=_("Carrier"), widget=UnfoldAdminSelectWidget()),
            "is_sandbox": forms.BooleanField(label=_("Sandbox"), required=False),
        }
        limits: dict[str, Any] = {
            "zone": forms.CharField(
                label=_("Time zone of its billing days"), widget=text(), initial="Asia/Shanghai", validators=[_is_zone]
            ),
            "calls_per_second": forms.FloatField(
                label=_("Calls a second"), required=False, min_value=0.01, widget=text(), help_text=_LEFT_EMPTY
            ),
            "parallel": forms.IntegerField(
                label=_("Calls at once"), required=False, min_value=1, widget=text(), help_text=_LEFT_EMPTY
            ),
            "settles_within": forms.DurationField(
                label=_("Settles within"),
                required=False,
                validators=_DURATION,
                widget=text(),
                help_text=_("h:mm:ss; after that the carrier's “not found” proves that nothing happened"),
            ),
            "verify_within": forms.DurationField(
                label=_("Verifies within"),
                required=False,
                validators=_DURATION,
                widget=text(),
                help_text=_("h:mm:ss; after that an unproven line is disputed"),
            ),
        }
        return {**(new if is_new else {}), **limits}


def _is_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(_("There is no such time zone; write it like Asia/Shanghai or UTC."))


_DURATION = [MinValueValidator(timedelta(0)), MaxValueValidator(timedelta(days=365))]
CHANGES = {"1": _("Changes something"), "0": _("Only asks")}
_LEFT_EMPTY = _("Left empty: as the connector says.")


@admin.register(Call)
class CallTable(Table):
    """Calls that could change something, or that failed. Redacted before they were stored."""

    singular, plural = _("Carrier call"), _("Carrier calls")
    list_display = (
        columns.moment("started_at", _("At")),
        columns.plain("operation", _("Operation"), in_order=False),
        columns.related("account_id", _("Account"), to="carrier.carrieraccount"),
        columns.code("reference", _("Reference")),
        columns.figure("status", _("HTTP status")),
        columns.figure("took_ms", _("Milliseconds")),
        columns.plain("failure", _("Failure"), in_order=False),
    )
    list_filter = (choice_filter(_("Kind"), "is_change", CHANGES),)
    search_fields = ("reference__exact",)
    search_help_text = _("Reference")
    shown = (
        *list_display,
        columns.document("request", _("Request")),
        columns.document("answer", _("Answer")),
    )


@admin.register(ReadCount)
class ReadCountTable(Table):
    """Reading calls per minute."""

    singular, plural = _("Readings by minute"), _("Readings by minute")
    list_display = (
        columns.moment("minute", _("Minute")),
        columns.related("account_id", _("Account"), to="carrier.carrieraccount"),
        columns.plain("operation", _("Operation"), in_order=False),
        columns.figure("made", _("Made")),
        columns.figure("failed", _("Failed")),
    )
    shown = list_display
