"""The console's table of events: every change of state, and who made it."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from xuliu.common.models import Event
from xuliu.interfaces.console.kit import columns
from xuliu.interfaces.console.kit.listing import Table, choice_filter, subject_link
from xuliu.interfaces.wording import figures
from xuliu.interfaces.wording.reasons import reason
from xuliu.interfaces.wording.subjects import ACTORS


@columns.computed(_("Subject"))
def subject(event: Event) -> SafeString | str:
    """A link to the object."""
    return subject_link(event.kind, event.subject_id)


@columns.computed(_("Move"))
def moved(event: Event) -> SafeString:
    """From → to."""
    return format_html('<span class="x-code">{} → {}</span>', event.was or figures.NONE, event.became)


@columns.computed(_("Reason"))
def why(event: Event) -> str:
    """The reason, translated if it is one of our own."""
    return reason(event.why_code, event.detail) or figures.NONE


@admin.register(Event)
class EventTable(Table):
    """Append-only."""

    singular, plural = _("Event"), _("Events")
    list_display = (
        columns.moment("at", _("At")),
        subject,
        moved,
        why,
        columns.word("actor_kind", _("Who"), ACTORS),
        columns.plain("actor_label", _("Name"), in_order=False),
    )
    list_filter = (choice_filter(_("Who"), "actor_kind", ACTORS),)
    shown = list_display
