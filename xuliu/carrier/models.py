"""Carriers, our accounts with them, and the log of calls."""

from django.db import models

from xuliu.common.models import CallRecord, ConfiguredAccount, names_zh_hans


class Carrier(models.Model):
    """A network operator, or the platform that sells its SIMs."""

    id = models.BigAutoField(primary_key=True)
    code = models.SlugField(max_length=40, unique=True)
    name = models.JSONField()

    class Meta:
        constraints = (names_zh_hans("carrier_name_zh_hans"),)

    def __str__(self) -> str:
        return str(self.name.get("zh-hans", self.code))


class CarrierAccount(ConfiguredAccount):
    """Our credentials and limits at a carrier platform. Billing days are civil dates in `zone`."""

    carrier = models.ForeignKey(Carrier, on_delete=models.PROTECT, related_name="accounts")
    connector = models.CharField(max_length=40)
    zone = models.CharField(max_length=40, default="Asia/Shanghai")
    calls_per_second = models.FloatField(null=True, blank=True)
    parallel = models.PositiveSmallIntegerField(null=True, blank=True)
    settles_within = models.DurationField(null=True, blank=True)
    verify_within = models.DurationField(null=True, blank=True)


class AccountToken(models.Model):
    """The account's one access token, sealed, shared by all processes."""

    account = models.OneToOneField(CarrierAccount, primary_key=True, on_delete=models.CASCADE)
    key_id = models.CharField(max_length=8)
    sealed = models.BinaryField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"token of {self.account_id}"


class AccountBudget(models.Model):
    """The account's rate budget: when the next call may leave, by the database's clock."""

    account = models.OneToOneField(CarrierAccount, primary_key=True, on_delete=models.CASCADE)
    next_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"budget of {self.account_id}"


class Call(CallRecord):
    """One call to a carrier that could change something, or that failed."""

    class Meta:
        indexes = (models.Index(fields=("reference", "id"), name="call_by_reference"),)


class ReadCount(models.Model):
    """How many reading calls an account made per minute and how they ended: reads are counted, not recorded one by
    one."""

    id = models.BigAutoField(primary_key=True)
    account_id = models.BigIntegerField()
    minute = models.DateTimeField()
    operation = models.CharField(max_length=60)
    made = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("account_id", "minute", "operation"), name="read_count_once_a_minute"),
        )

    def __str__(self) -> str:
        return f"{self.operation} {self.minute}"
