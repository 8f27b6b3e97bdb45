"""Cases that wait for a person."""

from collections.abc import Sequence

from django.db.models import QuerySet

from xuliu.ticket.models import Case


def open_cases() -> QuerySet[Case]:
    """What waits for a person, oldest first."""
    return Case.objects.filter(state=Case.State.OPEN).order_by("opened_at", "id")


def open_cases_of(subject_kind: str, subject_ids: Sequence[int]) -> QuerySet[Case]:
    """The open cases about these subjects, oldest first."""
    return open_cases().filter(subject_kind=subject_kind, subject_id__in=subject_ids)
