"""Cases: questions for a person to decide."""

from typing import ClassVar

from django.db import models

from xuliu.common.models import StateField


class Case(models.Model):
    """One open question about one subject. The subject is a pair of plain values: a case knows no other package."""

    class State(models.TextChoices):
        OPEN = "OPEN"
        CLOSED = "CLOSED"

    MOVES: ClassVar = {State.OPEN: frozenset({State.CLOSED})}

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    facts = models.JSONField(default=dict)
    state = StateField(choices=State.choices, default=State.OPEN)
    state_at = models.DateTimeField()
    opened_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "subject_kind", "subject_id"),
                condition=models.Q(state="OPEN"),
                name="case_open_once",
            ),
        )
        indexes = (models.Index(fields=("subject_kind", "subject_id"), name="case_of_subject"),)

    def __str__(self) -> str:
        return f"{self.kind}: {self.subject_kind} {self.subject_id}"


class Failure(models.Model):
    """How often in a row one row made a step fail in the same way. A single failure is no case."""

    id = models.BigAutoField(primary_key=True)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    what = models.CharField(max_length=200)
    count = models.PositiveSmallIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("subject_kind", "subject_id"), name="failure_once_a_subject"),)

    def __str__(self) -> str:
        return f"{self.subject_kind} {self.subject_id}: {self.what}"
