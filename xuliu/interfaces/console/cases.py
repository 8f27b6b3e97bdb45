"""Links to the open cases about an object, for its page."""

from typing import Any

from django.urls import reverse

from xuliu.interfaces.wording import figures
from xuliu.interfaces.wording.cases import CASE_KINDS
from xuliu.ticket.models import Case
from xuliu.ticket.queries import open_cases_of


def case_links(subject_kind: str, subject_id: int) -> list[dict[str, Any]]:
    """The open cases about one subject, oldest first."""
    return [case_link(case) for case in open_cases_of(subject_kind, [subject_id])]


def case_link(case: Case) -> dict[str, Any]:
    """What is asked, since when, and where it is answered."""
    link = reverse("admin:ticket_case_change", args=[case.pk])
    return {"link": link, "what": CASE_KINDS.get(case.kind, case.kind), "at": figures.instant(case.opened_at)}
