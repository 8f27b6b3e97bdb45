"""The console's tables of people, merchants and sellers. Contacts are hidden; their own page shows them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextInputWidget,
)

from xuliu.interfaces.console.kit import columns
from xuliu.interfaces.console.kit.listing import Table, timeline_of
from xuliu.interfaces.console.kit.names_form import NamesField
from xuliu.interfaces.wording import figures
from xuliu.interfaces.wording.states import PERSON_EVENTS
from xuliu.party.models import Merchant, Person, Seller
from xuliu.party.rights import Right
from xuliu.party.roles import ADMINISTRATOR, FINANCE, SUPPORT
from xuliu.party.staff import store_person

ROLES = {ADMINISTRATOR: _("Administrator"), FINANCE: _("Finance"), SUPPORT: _("Support")}
KEEP = _("Leave empty to keep it.")


class PersonForm(forms.ModelForm[Person]):
    """A person's sign-in and role. The password is set here and never shown."""

    sign_in_name = forms.CharField(label=_("Sign-in name"), max_length=150, widget=UnfoldAdminTextInputWidget())
    display_name = forms.CharField(label=_("Name"), max_length=150, required=False, widget=UnfoldAdminTextInputWidget())
    is_active = forms.BooleanField(label=_("May sign in"), required=False, initial=True)
    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=list(ROLES.items()), required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget()
    )
    new_password = forms.CharField(
        label=_("New password"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
    )

    class Meta:
        model = Person
        fields = ("sign_in_name", "display_name", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:  # noqa: SLF001  # Django documents it for a row that is not stored yet
            self.fields["new_password"].required = True
        else:
            self.fields["roles"].initial = list(self.instance.groups.values_list("name", flat=True))
            self.fields["new_password"].help_text = KEEP

    def clean_new_password(self) -> str:
        """Refuse a password weaker than the settings require."""
        password: str = self.cleaned_data["new_password"]
        if password:
            validate_password(password, self.instance)
        return password


@columns.computed(_("Roles"))
def roles(person: Person) -> str:
    """The person's roles in words."""
    if person.is_superuser:
        return str(_("Everything"))
    return ", ".join(str(ROLES.get(group.name, group.name)) for group in person.groups.all()) or figures.NONE


@columns.computed(_("Contacts and second factor"))
def private_page(person: Person) -> SafeString:
    """A link to the page that shows contacts."""
    return format_html('<a class="x-link" href="../private/">{}</a>', pgettext("button", "Open"))


@admin.register(Person)
class PersonTable(Table):
    """Everybody who signs in. Nobody is deleted: what they did stands under their number."""

    singular, plural = _("Person"), _("People")
    is_seen_by = is_changed_by = is_added_by = Right.EMPLOY
    form = PersonForm
    list_display = (
        columns.code("sign_in_name", _("Sign-in name")),
        columns.plain("display_name", _("Name")),
        roles,
        columns.yes_no("is_active", _("May sign in")),
        columns.moment("last_login", _("Last signed in")),
    )
    search_fields = ("sign_in_name", "display_name")
    shown = (
        columns.moment("joined_at", _("Since")),
        columns.moment("last_login", _("Last signed in")),
        private_page,
        timeline_of(PERSON_EVENTS),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        """People with their roles, in one more query."""
        return super().get_queryset(request).prefetch_related("groups")

    def save_model(self, request: HttpRequest, obj: Person, form: forms.Form, change: bool) -> None:
        """Store the person. A new password or changed roles leave an event and end the person's sessions."""
        given = form.cleaned_data
        is_over = store_person(obj, roles=given["roles"], new_password=given["new_password"])
        if is_over and obj == request.user:
            update_session_auth_hash(request, obj)


class MerchantForm(forms.ModelForm[Merchant]):
    """A shop's code and name."""

    code = forms.CharField(label=_("Code"), max_length=40, widget=UnfoldAdminTextInputWidget())
    name = forms.CharField(label=_("Name"), max_length=200, widget=UnfoldAdminTextInputWidget())

    class Meta:
        model = Merchant
        fields = ("code", "name")


@admin.register(Merchant)
class MerchantTable(Table):
    """Shops and chains."""

    singular, plural = _("Merchant"), _("Merchants")
    is_changed_by = is_added_by = Right.CONFIGURE
    form = MerchantForm
    list_display = (columns.code("code", _("Code")), columns.plain("name", _("Name")))
    search_fields = ("code__startswith", "name__startswith")
    search_help_text = _("Code or name from its first letter")


class SellerForm(forms.ModelForm[Seller]):
    """A legal entity. A step gives out its receipt numbers; nobody types them."""

    code = forms.SlugField(label=_("Code"), widget=UnfoldAdminTextInputWidget())
    name = NamesField(label=_("Name"))
    tax_number = forms.CharField(
        label=_("Tax number"), max_length=40, required=False, widget=UnfoldAdminTextInputWidget()
    )
    receipt_prefix = forms.CharField(
        label=_("Receipt numbers begin with"), max_length=12, initial="XL", widget=UnfoldAdminTextInputWidget()
    )
    contact_text = NamesField(label=_("Whom customers ask"), required=False)

    class Meta:
        model = Seller
        fields = ("code", "name", "tax_number", "receipt_prefix", "contact_text")


@admin.register(Seller)
class SellerTable(Table):
    """Legal entities that sell."""

    singular, plural = _("Seller"), _("Sellers")
    is_changed_by = is_added_by = Right.CONFIGURE
    form = SellerForm
    list_display = (
        columns.name("name", _("Name")),
        columns.code("code", _("Code")),
        columns.code("tax_number", _("Tax number")),
        columns.figure("last_receipt_number", _("Last receipt")),
    )
    shown = (columns.figure("last_receipt_number", _("Last receipt")),)

    def save_model(self, request: HttpRequest, obj: Seller, form: forms.Form, change: bool) -> None:
        """Store everything except the last receipt number, which a step writes."""
        fields = list(SellerForm.Meta.fields)
        obj.save(update_fields=fields if change else None)
