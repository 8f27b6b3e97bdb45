"""The console's table of accounts at somebody outside: the kind is chosen once, secrets never come out."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django import forms
from django.db.models import Model
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from xuliu.common.account_form import AccountForm, SwitchForm, form_for
from xuliu.common.columns import localised
from xuliu.common.listing import Table
from xuliu.common.rights import Right

SWITCH = ("is_stopped", "stopped_why")


class AccountTable(Table):
    """`shown` ends with the timeline. Written by who may configure; who may only pause sees the switch alone."""

    is_changed_by = Right.PAUSE
    is_added_by = Right.CONFIGURE
    kind_field: ClassVar[str]
    # Of the kind of account this is: the classes by code, the Config of a stored account, what stores one, the switch.
    kinds: ClassVar[Callable[[], Mapping[str, type[Any]]]]
    opened: ClassVar[Callable[..., Any]]
    configure: ClassVar[Callable[..., None]]
    pause: ClassVar[Callable[..., object]]
    resume: ClassVar[Callable[..., object]]

    def own_fields(self, *, is_new: bool) -> dict[str, forms.Field]:
        """The model's own fields that may be written, with the form fields that take them."""
        raise NotImplementedError

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponseBase:
        """First which kind, then its form."""
        kinds = type(self).kinds()
        if request.GET.get("kind") in kinds or not self.has_add_permission(request):
            return super().add_view(request, form_url, extra_context)  # type: ignore[no-any-return]  # unfold has no types
        if len(kinds) == 1:
            return redirect(f"{request.path}?kind={next(iter(kinds))}")
        choices = [(code, localised(kind)) for code, kind in kinds.items()]
        context = {**self.admin_site.each_context(request), "title": self.singular, "choices": choices}
        return TemplateResponse(request, "console/choose_kind.html", context)

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """What it is, how it is reached, the switch, what happened."""
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
            type(self).configure(obj, form.given)
        if isinstance(form, SwitchForm):
            form.turn(
                pause=lambda key, why: type(self).pause([key], why=why),
                resume=lambda key, why: type(self).resume([key], why=why),
            )

    def _form(self, request: HttpRequest, obj: Model | None) -> type[SwitchForm]:
        code = getattr(obj, self.kind_field) if obj else request.GET.get("kind", "")
        kind = type(self).kinds().get(code)
        if kind is None or not request.user.has_perm(Right.CONFIGURE):
            return SwitchForm
        opened = type(self).opened
        return form_for(kind.Config, model=self.model, fields=self.own_fields(is_new=obj is None), opened=opened)
