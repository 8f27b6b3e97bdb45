"""The console's table of cases. A case is closed with a reason and never reopened."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from xuliu.common.deciding import PersonReason
from xuliu.interfaces.console.kit import columns
from xuliu.interfaces.console.kit.listing import Table, choice_filter, subject_link, timeline_of
from xuliu.interfaces.wording import figures
from xuliu.interfaces.wording.cases import CASE_KINDS
from xuliu.interfaces.wording.facts import named
from xuliu.interfaces.wording.states import CASE_STATES
from xuliu.party.permission import may
from xuliu.ticket.models import Case
from xuliu.ticket.operations import close_case


class ClosingForm(forms.ModelForm[Case]):
    """Why the case is closed."""

    why = forms.CharField(
        label=_("Close the case: what was done"), max_length=500, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )

    class Meta:
        model = Case
        fields: tuple[str, ...] = ()


@columns.computed(_("About"))
def subject(case: Case) -> SafeString | str:
    """A link to what the case is about."""
    return subject_link(case.subject_kind, case.subject_id)


@columns.computed(_("Facts"))
def facts(case: Case) -> SafeString | str:
    """The facts for a decision, as they were when the case was opened."""
    if not case.facts:
        return figures.NONE
    rows = format_html_join("", "<dt>{}</dt><dd>{}</dd>", named(case.facts, subject_kind=case.subject_kind))
    return format_html('<dl class="x-facts">{}</dl>', rows)


@admin.register(Case)
class CaseTable(Table):
    """Open ones first, the oldest at the top."""

    singular, plural = _("Case"), _("Cases")
    form = ClosingForm
    ordering = ("-state", "opened_at", "id")
    list_display = (
        columns.word("kind", _("What happened"), CASE_KINDS),
        subject,
        columns.state(CASE_STATES),
        columns.moment("opened_at", _("Opened")),
    )
    list_filter = (
        choice_filter(_("State"), "state", CASE_STATES),
        choice_filter(_("What happened"), "kind", CASE_KINDS),
    )
    shown = (*list_display, facts, timeline_of(CASE_STATES))

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """The case's page, titled with its question."""
        kind = Case.objects.filter(id=object_id).values_list("kind", flat=True).first() if object_id.isdecimal() else ""
        called = CASE_KINDS.get(kind or "", kind)
        return super().change_view(request, object_id, form_url, {"called": called, **(extra_context or {})})

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An open case may be closed by staff who may decide."""
        return may(request.user, close_case) and obj is not None and obj.state == Case.State.OPEN

    def save_model(self, request: HttpRequest, obj: Case, form: forms.Form, change: bool) -> None:
        """Close it."""
        close_case(obj.pk, why=PersonReason.A_PERSON_SAYS, detail=form.cleaned_data["why"])
