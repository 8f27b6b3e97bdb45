"""What the console's tables share: who may see and change them, translated titles, bounded counts.

A module of `tables` names the columns and filters. Nothing can be deleted, and nothing changed unless the table
names the right to do so.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.apps import apps
from django.contrib.admin import ModelAdmin as DjangoModelAdmin
from django.contrib.admin import SimpleListFilter
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from xuliu.common.models import Event
from xuliu.interfaces.console.kit.columns import Column, badge, computed, link
from xuliu.interfaces.wording import figures
from xuliu.interfaces.wording.reasons import reason
from xuliu.interfaces.wording.states import SWITCH_STATES, States, Text
from xuliu.interfaces.wording.subjects import who
from xuliu.party.rights import Right

COUNTED_AT_MOST = 10_000
EVENTS_SHOWN = 50


class BoundedPaginator(Paginator[Model]):
    """Counts to 10,000 at most, so that a table of millions opens as fast as a small one."""

    most = COUNTED_AT_MOST

    @cached_property
    def count(self) -> int:
        """How many rows there are, at most `most`."""
        rows = self.object_list
        return rows.order_by()[: self.most].count() if isinstance(rows, QuerySet) else len(rows)


class Table(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """A read-only table, unless `is_changed_by` or `is_added_by` names a right to write."""

    ordering: Sequence[str] = ("-id",)
    singular: ClassVar[Text]
    plural: ClassVar[Text]
    is_seen_by: ClassVar[Right] = Right.SEE
    is_changed_by: ClassVar[Right | None] = None
    is_added_by: ClassVar[Right | None] = None
    # Read-only fields on the page of one row, after the form's fields.
    shown: ClassVar[tuple[Column | str, ...]] = ()

    actions = None
    list_per_page = 50
    list_max_show_all = 50
    list_fullwidth = True
    show_full_result_count = False
    show_facets = "NEVER"
    paginator = BoundedPaginator

    def __init__(self, model: type[Model], admin_site: Any) -> None:
        # Titles and buttons use the model's names; our models have no names meant for a screen.
        names: Any = model._meta  # whose stubs know only one kind of lazy text
        names.verbose_name, names.verbose_name_plural = self.singular, self.plural
        super().__init__(model, admin_site)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the table is in the navigation."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """By `is_seen_by`."""
        return _may(request, self.is_seen_by)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """By `is_added_by`."""
        return _may(request, self.is_added_by)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """By `is_changed_by`."""
        return _may(request, self.is_changed_by)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: history stays."""
        return False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """The form's fields, then what is only shown."""
        can_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        written = list(self.get_form(request, obj).base_fields) if can_write else []
        return written + (list(self.shown) if obj else [])

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Everything in `shown`."""
        return list(self.shown)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form as declared; Django would call `get_fields`, which needs the form."""
        kwargs.setdefault("fields", self.form_fields(request, obj))
        return super().get_form(request, obj, change=change, **kwargs)

    def form_fields(self, request: HttpRequest, obj: Any) -> list[str]:
        """The names of the model's own fields that the form writes."""
        meta = getattr(self.form, "_meta", None)
        return list(getattr(meta, "fields", None) or [])

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list, titled with the plural."""
        return super().changelist_view(request, {"title": self.plural, **(extra_context or {})})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """The page of one row, titled with the singular."""
        extra = {"title": self.singular, "show_save_and_add_another": False, **(extra_context or {})}
        extra.setdefault("show_save_and_continue", False)
        return super().changeform_view(request, object_id, form_url, extra)


def choice_filter(title: Text, field: str, words: Mapping[Any, Any]) -> type[SimpleListFilter]:
    """A filter by a field's value, in words. `words` maps a value to its word, or to (word, tone)."""

    class Picked(SimpleListFilter):
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: DjangoModelAdmin[Any]) -> Iterable[tuple[str, Any]]:
            return [(str(value), text[0] if isinstance(text, tuple) else text) for value, text in words.items()]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(**{field: self.value()}) if self.value() else queryset

    Picked.title = title  # type: ignore[assignment]  # the stubs know only one kind of lazy text
    return Picked


def is_paused() -> type[SimpleListFilter]:
    """A filter: running or paused."""

    class Paused(SimpleListFilter):
        title = _("Kill switch")
        parameter_name = "paused"

        def lookups(self, request: HttpRequest, model_admin: DjangoModelAdmin[Any]) -> list[tuple[str, Any]]:
            return [("no", _("Running")), ("yes", _("Paused"))]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(paused_at__isnull=self.value() == "no") if self.value() else queryset

    return Paused


@computed(_("Kill switch"))
def kill_switch(row: Any) -> SafeString:
    """Running, or paused since when and why."""
    if row.paused_at is None:
        return format_html('<span class="x-badge x-well">{}</span>', _("Running"))
    why = _("waits to be tried") if getattr(row, "is_untried", False) else reason(row.paused_why, row.paused_detail)
    words = (_("Paused"), figures.instant(row.paused_at), why)
    return format_html('<span class="x-badge x-dark">{}</span> <span class="x-soft">{} {}</span>', *words)


def timeline_of(states: States = SWITCH_STATES) -> Column:
    """A column with the row's history, newest last: when, new state, who, why."""

    @computed(_("Timeline"))
    def timeline(row: Any) -> SafeString | str:
        events = Event.objects.filter(kind=row._meta.model_name, subject_id=row.pk).order_by("-id")[:EVENTS_SHOWN]
        rows = [
            (
                figures.instant(event.at),
                badge(event.became, states),
                who(event.actor_kind, event.actor_label),
                reason(event.why_code, event.detail),
            )
            for event in reversed(events)
        ]
        each = format_html_join("", '<li><b>{}</b> {} <span class="x-soft">{}</span> {}</li>', rows)
        return format_html('<ol class="x-timeline">{}</ol>', each) if rows else figures.NONE

    return timeline


def subject_link(kind: str, subject_id: int) -> SafeString | str:
    """A link to the object named by (kind, id), if the console has a page for it."""
    for model in apps.get_models():
        if model._meta.model_name == kind:
            return link(model._meta.label_lower, subject_id, f"{model._meta.verbose_name} {subject_id}")
    return f"{kind} {subject_id}"


def _may(request: HttpRequest, right: Right | None) -> bool:
    return right is not None and request.user.has_perm(right)
