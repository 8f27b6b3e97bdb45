"""The carrier's latest figures for each SIM, and the bytes granted to it."""

from django.db import models
from django.db.models import Q

from xuliu.inventory.models import Sim


class Reading(models.Model):
    """The newest reading of a SIM. None where the carrier gives no figure.

    `requested_at` is set while somebody waits for a fresh one; `asked_at` keeps us from asking the carrier twice within
    five minutes.
    """

    sim = models.OneToOneField(Sim, primary_key=True, on_delete=models.CASCADE, db_constraint=False)
    as_of = models.DateTimeField(null=True)
    carrier_state = models.CharField(max_length=20, db_default="")
    period_end_on = models.DateField(null=True)
    granted_bytes = models.BigIntegerField(null=True)
    used_bytes = models.BigIntegerField(null=True)
    left_bytes = models.BigIntegerField(null=True)
    counted_from = models.DateField(null=True)
    imei = models.CharField(max_length=15, db_default="")
    blocked_why = models.CharField(max_length=200, db_default="")
    refused = models.CharField(max_length=200, db_default="")
    requested_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=("requested_at",), condition=Q(requested_at__isnull=False), name="reading_wanted"),
        )

    def __str__(self) -> str:
        return f"{self.sim_id} as of {self.as_of}"


class ProvenReading(models.Model):
    """The latest reading that proved a delivered line of a SIM: later readings must not show less without a reason.

    Decisions rest on it, so it is kept apart from the newest reading, which nobody has checked.
    """

    sim = models.OneToOneField(
        Sim, primary_key=True, on_delete=models.CASCADE, related_name="proven", db_constraint=False
    )
    line_id = models.BigIntegerField()
    as_of = models.DateTimeField()
    period_end_on = models.DateField(null=True)
    granted_bytes = models.BigIntegerField(null=True)
    counted_from = models.DateField(null=True)
    plans = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.sim_id} as proven by line {self.line_id}"


class Bucket(models.Model):
    """Bytes granted to a SIM by one delivered line, valid from–to (exclusive)."""

    id = models.BigAutoField(primary_key=True)
    sim = models.ForeignKey(Sim, on_delete=models.PROTECT, related_name="buckets", db_constraint=False)
    line_id = models.BigIntegerField(unique=True)
    granted_bytes = models.BigIntegerField()
    starts_on = models.DateField()
    ends_on = models.DateField()

    class Meta:
        constraints = (
            models.CheckConstraint(name="bucket_grants", condition=Q(granted_bytes__gte=0)),
            models.CheckConstraint(name="bucket_runs_forward", condition=Q(ends_on__gte=models.F("starts_on"))),
        )

    def __str__(self) -> str:
        return f"{self.granted_bytes} bytes to {self.sim_id}"
