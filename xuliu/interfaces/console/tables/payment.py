"""The console's tables of payments, refunds, notices and our accounts at providers. Money is only read."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from xuliu.interfaces.console.kit import columns
from xuliu.interfaces.console.kit.account_table import AccountTable, tried
from xuliu.interfaces.console.kit.listing import Table, choice_filter, is_paused, kill_switch, timeline_of
from xuliu.interfaces.ways.wording import way_name
from xuliu.interfaces.wording.states import NOTICE_STATES, PAYMENT_STATES, REFUND_STATES
from xuliu.party.models import Seller
from xuliu.party.rights import Right
from xuliu.payment import accounts
from xuliu.payment.models import Notice, Payment, ProviderAccount, ProviderCall, Refund
from xuliu.payment.registry import all_providers, all_ways

WAYS = {code: lazy(way_name, str)(code) for code in all_ways()}
SUBJECTS = {"payment": _("Payment"), "refund": _("Refund")}
PUSHED = {"1": _("Pushed to us"), "0": _("Found by asking")}


@admin.register(ProviderAccount)
class ProviderAccountTable(AccountTable):
    """Our accounts at payment providers."""

    singular, plural = _("Provider account"), _("Provider accounts")
    is_seen_by = Right.SEE_MONEY
    kind_field = "provider"
    kinds = staticmethod(all_providers)
    opened = staticmethod(accounts.credentials)
    configure = accounts.set_credentials
    pause = accounts.pause
    resume = accounts.resume
    list_display = (
        columns.code("code", _("Code")),
        columns.code("provider", _("Provider")),
        columns.name("seller", _("Seller")),
        columns.yes_no("is_sandbox", _("Sandbox")),
        kill_switch,
    )
    list_select_related = ("seller",)
    list_filter = (is_paused(),)
    search_fields = ("code",)
    shown = (
        columns.code("code", _("Code")),
        columns.code("provider", _("Provider")),
        columns.name("seller", _("Seller")),
        columns.yes_no("is_sandbox", _("Sandbox")),
        tried,
        timeline_of(),
    )

    def own_fields(self, *, is_new: bool) -> dict[str, forms.Field]:
        """Code and seller are set once."""
        if not is_new:
            return {}
        new: dict[str, Any] = {
            "code": forms.SlugField(label=_("Code"), widget=UnfoldAdminTextInputWidget()),
            "seller": forms.ModelChoiceField(Seller.objects, label=_("Seller"), widget=UnfoldAdminSelectWidget()),
            "is_sandbox": forms.BooleanField(label=_("Sandbox"), required=False),
        }
        return new


@admin.register(Payment)
class PaymentTable(Table):
    """Payments, newest first."""

    singular, plural = _("Payment"), _("Payments")
    is_seen_by = Right.SEE_MONEY
    list_display = (
        columns.code("reference", _("Reference")),
        columns.related("order_id", _("Order"), to="ordering.order"),
        columns.state(PAYMENT_STATES),
        columns.money("amount_minor", _("Amount")),
        columns.word("way", _("Way to pay"), WAYS),
        columns.plain("account", _("Account"), in_order=False),
        columns.moment("opened_at", _("Opened")),
        columns.moment("paid_at", _("Paid")),
    )
    list_select_related = ("account",)
    list_filter = (
        choice_filter(_("State"), "state", PAYMENT_STATES),
        choice_filter(_("Way to pay"), "way", WAYS),
        "account",
    )
    search_fields = ("reference__exact", "number__exact")
    search_help_text = _("Our reference or the provider's number")
    shown = list_display


@admin.register(Refund)
class RefundTable(Table):
    """Money on its way back."""

    singular, plural = _("Refund"), _("Refunds")
    is_seen_by = Right.SEE_MONEY
    list_display = (
        columns.code("reference", _("Reference")),
        columns.related("payment__order_id", _("Order"), to="ordering.order"),
        columns.related("payment_id", _("Payment"), to="payment.payment"),
        columns.state(REFUND_STATES),
        columns.money("amount_minor", _("Amount")),
        columns.moment("requested_at", _("Wanted")),
        columns.moment("sent_at", _("Sent")),
    )
    list_select_related = ("payment",)
    list_filter = (choice_filter(_("State"), "state", REFUND_STATES),)
    search_fields = ("numbers__reference__exact", "numbers__number__exact")
    search_help_text = _("Our reference or the provider's number")
    shown = list_display


@admin.register(Notice)
class NoticeTable(Table):
    """Providers' notices. The body is not shown: it may name the payer."""

    singular, plural = _("Notice"), _("Notices")
    is_seen_by = Right.SEE_MONEY
    list_display = (
        columns.moment("received_at", _("Received")),
        columns.word("subject", _("About"), SUBJECTS),
        columns.state(NOTICE_STATES),
        columns.word("is_pushed", _("How"), {True: _("Pushed to us"), False: _("Found by asking")}),
        columns.related("account_id", _("Account"), to="payment.provideraccount"),
        columns.code("notice_id", _("Notice number")),
    )
    list_filter = (
        choice_filter(_("State"), "state", NOTICE_STATES),
        choice_filter(_("About"), "subject", SUBJECTS),
        choice_filter(_("How"), "is_pushed", PUSHED),
    )
    search_fields = ("notice_id__exact",)
    search_help_text = _("Notice number")
    shown = (*list_display, timeline_of(NOTICE_STATES))

    def get_queryset(self, request: Any) -> Any:
        """Notices without their bodies."""
        return super().get_queryset(request).defer("body")


@admin.register(ProviderCall)
class ProviderCallTable(Table):
    """Calls that could change something, or that failed. Redacted before they were stored."""

    singular, plural = _("Provider call"), _("Provider calls")
    is_seen_by = Right.SEE_MONEY
    list_display = (
        columns.moment("started_at", _("At")),
        columns.plain("operation", _("Operation"), in_order=False),
        columns.related("account_id", _("Account"), to="payment.provideraccount"),
        columns.code("reference", _("Reference")),
        columns.figure("status", _("HTTP status")),
        columns.figure("took_ms", _("Milliseconds")),
        columns.plain("failure", _("Failure"), in_order=False),
    )
    search_fields = ("reference__exact",)
    search_help_text = _("Reference")
    shown = (
        *list_display,
        columns.document("request", _("Request")),
        columns.document("answer", _("Answer")),
    )
