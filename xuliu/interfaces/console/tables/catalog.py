"""The console's tables of offerings and prices. Terms never change; a price changes from an instant on."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminSplitDateTimeWidget, UnfoldAdminTextInputWidget

from xuliu.carrier.models import Carrier
from xuliu.catalog.models import Offering, Price, PriceList
from xuliu.catalog.operations import PriceInThePast, pause_offering, resume_offering, set_price, store_offering
from xuliu.common import clock
from xuliu.interfaces.console.kit import columns
from xuliu.interfaces.console.kit.account_form import SwitchForm
from xuliu.interfaces.console.kit.listing import Table, choice_filter, is_paused, kill_switch, timeline_of
from xuliu.interfaces.console.kit.names_form import MoneyField, NamesField
from xuliu.interfaces.wording import figures
from xuliu.interfaces.wording.terms import AFTER_EXPIRY, KINDS, PROOFS, STARTS
from xuliu.party.models import Seller
from xuliu.party.permission import may
from xuliu.party.rights import Right

PROOF_NAMES = {proof: words.name for proof, words in PROOFS.items()}


def _choice(label: Any, words: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=list(words.items()), widget=UnfoldAdminSelectWidget())


def _whole(label: Any, *, initial: int = 0) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, initial=initial, widget=UnfoldAdminTextInputWidget())


class NewOfferingForm(forms.ModelForm[Offering]):
    """All terms, once."""

    code = forms.SlugField(label=_("Code"), widget=UnfoldAdminTextInputWidget())
    carrier = forms.ModelChoiceField(Carrier.objects, label=_("Carrier"), widget=UnfoldAdminSelectWidget())
    name = NamesField(label=_("Name"))
    kind = _choice(_("Kind"), KINDS)
    plan_code = forms.CharField(label=_("Plan code at the carrier"), widget=UnfoldAdminTextInputWidget())
    months = _whole(_("Months"))
    days = _whole(_("Days"))
    size_bytes = _whole(_("Bytes"))
    starts = _choice(_("Starts"), STARTS)
    after_expiry = _choice(_("Renewed after its end"), AFTER_EXPIRY)
    is_directional = forms.BooleanField(label=_("Directional data only"), required=False)
    proof = _choice(_("Proven by"), PROOF_NAMES)
    tax_basis_points = _whole(_("Tax in hundredths of a per cent"), initial=600)
    cost_minor = MoneyField(label=_("What it costs us"), initial="0.00")

    class Meta:
        model = Offering
        fields = (
            "code", "carrier", "name", "kind", "plan_code", "months", "days", "size_bytes", "starts", "after_expiry",
            "is_directional", "proof", "tax_basis_points", "cost_minor",
        )  # fmt: skip

    def clean(self) -> dict[str, Any] | None:
        """A renewal has a term; an add-on has bytes and none."""
        cleaned = super().clean()
        given = self.cleaned_data
        has_term = bool(given.get("months") or given.get("days"))
        if given.get("kind") == Offering.Kind.RENEWAL and not has_term:
            raise ValidationError(gettext("A renewal runs for months or days."))
        if given.get("kind") == Offering.Kind.ADD_ON and (has_term or not given.get("size_bytes")):
            raise ValidationError(gettext("Add-on data has bytes, and no term of its own."))
        return cleaned


class OfferingForm(SwitchForm):
    """The parts of an offering that may change: its name, its cost to us, the switch."""

    name = NamesField(label=_("Name"))
    cost_minor = MoneyField(label=_("What it costs us"))

    class Meta:
        model = Offering
        fields = ("name", "cost_minor")


@admin.register(Offering)
class OfferingTable(Table):
    """Renewals and add-ons."""

    singular, plural = _("Offering"), _("Offerings")
    is_changed_by = Right.PAUSE
    is_added_by = Right.SELL
    form = OfferingForm
    ordering = ("carrier", "kind", "months", "days", "id")
    list_display = (
        columns.name("name", _("Name")),
        columns.name("carrier", _("Carrier")),
        columns.word("kind", _("Kind"), KINDS),
        columns.figure("months", _("Months")),
        columns.figure("days", _("Days")),
        columns.size("size_bytes", _("Data")),
        kill_switch,
    )
    list_select_related = ("carrier",)
    list_filter = ("carrier", choice_filter(_("Kind"), "kind", KINDS), is_paused())
    search_fields = ("code", "plan_code")
    shown = (
        columns.code("code", _("Code")),
        columns.name("carrier", _("Carrier")),
        columns.word("kind", _("Kind"), KINDS),
        columns.code("plan_code", _("Plan code at the carrier")),
        columns.figure("months", _("Months")),
        columns.figure("days", _("Days")),
        columns.size("size_bytes", _("Data")),
        columns.word("starts", _("Starts"), STARTS),
        columns.word("after_expiry", _("Renewed after its end"), AFTER_EXPIRY),
        columns.yes_no("is_directional", _("Directional data only")),
        columns.word("proof", _("Proven by"), PROOF_NAMES),
        columns.figure("tax_basis_points", _("Tax in hundredths of a per cent")),
        kill_switch,
        timeline_of(),
    )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """All terms for a new offering; afterwards the fields that this person may change."""
        if obj is None:
            kwargs["form"] = NewOfferingForm
        elif not may(request.user, store_offering):
            kwargs["form"] = SwitchForm
        kwargs["fields"] = list(kwargs.get("form", self.form).Meta.fields)
        return super().get_form(request, obj, change=change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Offering, form: forms.Form, change: bool) -> None:
        """Store the offering, and pause or resume it if the switch was turned."""
        if not change or isinstance(form, OfferingForm):
            store_offering(obj, fields=["name", "cost_minor"] if change else None)
        if isinstance(form, SwitchForm):
            form.turn(
                pause=lambda key, **said: pause_offering(offering_id=key, **said),
                resume=lambda key, **said: resume_offering(offering_id=key, **said),
            )


class PriceListForm(forms.ModelForm[PriceList]):
    """A list's names and whether visitors buy from it."""

    code = forms.SlugField(label=_("Code"), widget=UnfoldAdminTextInputWidget())
    name = NamesField(label=_("Name"))
    currency = forms.RegexField(r"^[A-Z]{3}$", label=_("Currency"), initial="CNY", widget=UnfoldAdminTextInputWidget())
    seller = forms.ModelChoiceField(Seller.objects, label=_("Seller"), widget=UnfoldAdminSelectWidget())
    is_public = forms.BooleanField(label=_("Visitors buy from it"), required=False)

    class Meta:
        model = PriceList
        fields = ("code", "name", "currency", "seller", "is_public")


@admin.register(PriceList)
class PriceListTable(Table):
    """Sets of prices."""

    singular, plural = _("Price list"), _("Price lists")
    is_changed_by = is_added_by = Right.SELL
    form = PriceListForm
    list_display = (
        columns.name("name", _("Name")),
        columns.code("code", _("Code")),
        columns.code("currency", _("Currency")),
        columns.name("seller", _("Seller")),
        columns.yes_no("is_public", _("Visitors buy from it")),
    )
    list_select_related = ("seller",)


class PriceForm(forms.ModelForm[Price]):
    """A new price from an instant on."""

    price_list = forms.ModelChoiceField(PriceList.objects, label=_("Price list"), widget=UnfoldAdminSelectWidget())
    offering = forms.ModelChoiceField(Offering.objects, label=_("Offering"), widget=UnfoldAdminSelectWidget())
    amount = MoneyField(label=_("Price, tax included"))
    starts_at = forms.SplitDateTimeField(
        label=_("From"), required=False, widget=UnfoldAdminSplitDateTimeWidget(), help_text=_("Left empty: from now.")
    )

    class Meta:
        model = Price
        fields: tuple[str, ...] = ()

    def clean_amount(self) -> Any:
        """More than 0: strangers could order a free plan again and again at our cost."""
        amount = self.cleaned_data["amount"]
        if amount == 0:
            raise ValidationError(gettext("A price of 0 would give this away to everybody. Stop the offering instead."))
        return amount

    def clean_starts_at(self) -> Any:
        """Never in the past: prices already charged stay as they were."""
        starts_at = self.cleaned_data.get("starts_at")
        if starts_at and starts_at < clock.now():
            raise ValidationError(gettext("A price can be set from now on, not for the past."))
        return starts_at


@columns.computed(_("From"))
def valid_from(price: Price) -> str:
    """When the price begins."""
    return figures.instant(price.valid.lower)


@columns.computed(_("Until"))
def valid_until(price: Price) -> str:
    """When it ends; a dash if no end is set."""
    return figures.instant(price.valid.upper)


@admin.register(Price)
class PriceTable(Table):
    """Past, present and future prices. A new price ends the current one; nothing is rewritten."""

    singular, plural = _("A price"), _("Prices")
    is_added_by = Right.SELL
    form = PriceForm
    ordering = ("price_list", "offering", "-valid")
    list_display = (
        columns.name("offering", _("Offering")),
        columns.name("price_list", _("Price list")),
        columns.money("amount_minor", _("Charged"), currency="price_list__currency"),
        valid_from,
        valid_until,
    )
    list_select_related = ("offering", "price_list")
    list_filter = ("price_list",)
    search_fields = ("offering__code",)
    shown = list_display

    def save_model(self, request: HttpRequest, obj: Price, form: forms.Form, change: bool) -> None:
        """Set the price; the page goes on with the row that now holds."""
        given = form.cleaned_data
        try:
            stored = set_price(
                offering_id=given["offering"].pk,
                price_list_id=given["price_list"].pk,
                amount_minor=given["amount"],
                starts_at=given["starts_at"],
            )
        except PriceInThePast:  # the minute ended between the check and here
            stored = set_price(
                offering_id=given["offering"].pk, price_list_id=given["price_list"].pk, amount_minor=given["amount"]
            )
        obj.__dict__.update(stored.__dict__)
