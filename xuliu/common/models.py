"""Tables and shapes without a business noun: events, and accounts that carry sealed configuration."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from xuliu.common.reasons import MOST_LETTERS


class Event(models.Model):
    """One move of one object: who, from, to, why. Append-only; no foreign key, so that it can be partitioned.

    `why_code` is a `common.reasons.WhyCode`, empty where none is to be given; `detail` is a person's or a stranger's.
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    was = models.CharField(max_length=20)
    became = models.CharField(max_length=20)
    why_code = models.CharField(max_length=MOST_LETTERS, db_default="")
    detail = models.TextField(db_default="")
    actor_kind = models.CharField(max_length=20)
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=80, db_default="")
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("kind", "subject_id", "id"), name="event_of_subject"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}: {self.was} → {self.became}"


class Counter(models.Model):
    """How often something was tried in a window, such as look-ups of an address: `common.guard` alone writes these.

    The key is a keyed hash: neither an address nor a name can be read back.
    """

    key = models.BinaryField(max_length=32, primary_key=True)
    kind = models.CharField(max_length=40)
    most = models.IntegerField()
    count = models.IntegerField()
    ends_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(name="counter_never_above", condition=models.Q(count__lte=models.F("most"))),
        )
        indexes = (models.Index(fields=("ends_at",), name="counter_ends"),)

    def __str__(self) -> str:
        return f"{self.kind}: {self.count} of {self.most}"


class Mark(models.Model):
    """That something was tried or used already, and is not counted anew before `ends_at`. A keyed hash."""

    key = models.BinaryField(max_length=32, primary_key=True)
    ends_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("ends_at",), name="mark_ends"),)

    def __str__(self) -> str:
        return f"a mark until {self.ends_at}"


class ConfiguredAccount(models.Model):
    """An account of ours at somebody outside: configuration in the open, secrets sealed, a kill switch."""

    id = models.BigAutoField(primary_key=True)
    code = models.SlugField(max_length=40, unique=True)
    config = models.JSONField(default=dict)
    secrets_key_id = models.CharField(max_length=8, blank=True)
    secrets_sealed = models.BinaryField(blank=True, editable=False, default=bytes)
    is_sandbox = models.BooleanField(default=False)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_why = models.CharField(max_length=MOST_LETTERS, blank=True, default="")
    paused_detail = models.TextField(blank=True, default="")
    # Tried by a step (`common.examining`): when next, when last, what was found, and whether that keeps it paused.
    examine_at = models.DateTimeField(null=True)
    examined_at = models.DateTimeField(null=True)
    findings = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    is_untried = models.BooleanField(default=False, db_default=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.code


class CallRecord(models.Model):
    """One call to somebody outside that could change something, or that failed: redacted, append-only."""

    id = models.BigAutoField(primary_key=True)
    account_id = models.BigIntegerField()
    operation = models.CharField(max_length=60)
    reference = models.CharField(max_length=40, blank=True)
    is_change = models.BooleanField(default=False)
    request = models.JSONField()
    status = models.SmallIntegerField(null=True)
    answer = models.TextField(blank=True)
    failure = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField()
    took_ms = models.IntegerField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.operation} {self.reference}"


class StateField(models.CharField[str, str]):
    """The state of a row: written by `common.state.move` alone, kept to its choices by a check constraint."""

    # The database checks the choices, so unlike another field's they are part of the column.
    non_db_attrs = tuple(name for name in models.CharField.non_db_attrs if name != "choices")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 20)
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def db_check(self, connection: BaseDatabaseWrapper) -> str:
        """The check constraint of the column."""
        known = ", ".join(f"'{state}'" for state, _ in self.flatchoices)
        return f"{connection.ops.quote_name(str(self.column))} IN ({known})"


class CodeField(models.CharField[str, str]):
    """Text compared byte by byte and found whole or by how it begins: a number on a card, a reference, a code.

    The collation "C" lets one index do both. Django would make a second one for the beginnings, of every unique column
    whose type it knows as "varchar"; by its long name the same type gets none. Each index less is time at every insert.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("db_collation", "C")
        super().__init__(*args, **kwargs)

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """The column's type."""
        return f"character varying({self.max_length})"


def names_zh_hans(name: str, field: str = "name") -> models.CheckConstraint:
    """The check constraint that a localised name has its zh-hans text."""
    return models.CheckConstraint(name=name, condition=models.Q(**{f"{field}__has_key": "zh-hans"}))
