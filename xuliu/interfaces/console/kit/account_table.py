"""The console's table of accounts at carriers or providers: the kind is chosen once, secrets never come out."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django import forms
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from xuliu.common import examining
from xuliu.interfaces.console.kit.account_form import AccountForm, SwitchForm, form_for
from xuliu.interfaces.console.kit.columns import badge, computed
from xuliu.interfaces.console.kit.listing import Table
from xuliu.interfaces.wording import figures
from xuliu.interfaces.wording.accounts import FOUND
from xuliu.party.permission import StaffAction, may
from xuliu.party.rights import Right

SWITCH = ("is_stopped", "stopped_why")
AWAITED = "awaited"


@computed(_("Tried"))
def tried(account: Any) -> SafeString | str:
    """What trying the account showed, and what that means for payers."""
    rows = [
        (badge(one["shown"], FOUND), figures.localised(one["about"]), figures.localised(one["why"]))
        for one in account.findings
    ]
    each = format_html_join("", '<li>{} {} <span class="x-soft">{}</span></li>', rows)
    at = figures.instant(account.examined_at) if rows else ""
    return format_html('<ul class="x-found">{}</ul><p class="x-soft">{}</p><p>{}</p>', each, at, _meaning(account))


def _meaning(account: Any) -> Any:
    if account.is_untried and account.examine_at and not account.findings:
        return _("A worker is trying it. It takes no money until it is found right.")
    if account.is_untried:
        return _("It takes no money until it is found right. To use it untried, end the pause and say why.")
    return "" if account.findings else _("Never tried. Save its access once more, or run: xuliu check-account")


class AccountTable(Table):
    """Staff who may configure can write; who may only pause sees just the switch. `shown` ends with the timeline."""

    is_changed_by = Right.PAUSE
    is_added_by = Right.CONFIGURE
    kind_field: ClassVar[str]
    # Set per kind of account: the classes by code, how to read and store a Config, the switch.
    kinds: ClassVar[Callable[[], Mapping[str, type[Any]]]]
    opened: ClassVar[Callable[..., Any]]
    configure: ClassVar[StaffAction[..., None]]
    pause: ClassVar[StaffAction[..., object]]
    resume: ClassVar[StaffAction[..., object]]

    def own_fields(self, *, is_new: bool) -> dict[str, forms.Field]:
        """The model's own fields that may be written, with the form fields that take them."""
        raise NotImplementedError

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponseBase:
        """First the choice of kind, then its form."""
        kinds = type(self).kinds()
        if request.GET.get("kind") in kinds or not self.has_add_permission(request):
            return super().add_view(request, form_url, extra_context)  # type: ignore[no-any-return]  # unfold has no types
        if len(kinds) == 1:
            return redirect(f"{request.path}?kind={next(iter(kinds))}")
        choices = [(code, figures.localised(kind)) for code, kind in kinds.items()]
        context = {**self.admin_site.each_context(request), "title": self.singular, "choices": choices}
        return TemplateResponse(request, "console/choose_kind.html", context)

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """The page's sections: the account, its Config, the switch, its history."""
        fields = self.get_fields(request, obj)
        switch = [name for name in fields if name in SWITCH]
        written = [name for name in fields if isinstance(name, str) and name not in SWITCH]
        parts: list[tuple[Any, list[Any]]] = [
            (None, list(self.shown[:-1]) if obj else []),
            (_("Access and limits"), written),
            (_("Kill switch"), switch),
            (_("Timeline"), list(self.shown[-1:]) if obj else []),
        ]
        return [(title, {"fields": names}) for title, names in parts if names]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form made from the Config of the account's kind."""
        kwargs["form"] = self._form(request, obj)
        kwargs["fields"] = list(kwargs["form"].Meta.fields)
        return super().get_form(request, obj, change=change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: forms.Form, change: bool) -> None:
        """Store its own fields and its Config with the secrets sealed, and turn the switch where it was turned."""
        if isinstance(form, AccountForm):
            if change:
                obj.save(update_fields=list(self.own_fields(is_new=False)))
            else:
                setattr(obj, self.kind_field, request.GET["kind"])
                obj.save()
            if not change or form.changes_access:
                type(self).configure(obj, form.given)
                examining.want(obj)
        if isinstance(form, SwitchForm):
            form.turn(
                pause=lambda key, **said: type(self).pause([key], **said),
                resume=lambda key, **said: type(self).resume([key], **said),
            )

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Go to the account's page, which shows the result of trying it."""
        return self._its_page(obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Likewise, if its access was changed."""
        return self._its_page(obj) or super().response_change(request, obj)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """The page refreshes itself while a worker tries the account."""
        response = super().change_view(request, object_id, form_url, extra_context)
        if AWAITED in request.GET and self._is_being_tried(object_id):
            response.headers["Refresh"] = "2"
        return response  # type: ignore[no-any-return]  # unfold has no types

    def _its_page(self, obj: Any) -> HttpResponse | None:
        address = f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change"
        return redirect(f"{reverse(address, args=[obj.pk])}?{AWAITED}=1") if self._is_being_tried(obj.pk) else None

    def _is_being_tried(self, key: Any) -> bool:
        return bool(self.model._default_manager.filter(pk=key, examine_at__isnull=False).exists())

    def _form(self, request: HttpRequest, obj: Model | None) -> type[SwitchForm]:
        code = getattr(obj, self.kind_field) if obj else request.GET.get("kind", "")
        kind = type(self).kinds().get(code)
        if kind is None or not may(request.user, type(self).configure):
            return SwitchForm
        opened = type(self).opened
        return form_for(kind.Config, model=self.model, fields=self.own_fields(is_new=obj is None), opened=opened)
