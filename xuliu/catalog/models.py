"""Offerings and their prices over time."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from xuliu.carrier.models import Carrier
from xuliu.common.models import names_zh_hans
from xuliu.common.reasons import MOST_LETTERS


class Offering(models.Model):
    """A renewal (a new period with data) or an add-on (data within the period) of one carrier."""

    class Kind(models.TextChoices):
        RENEWAL = "renewal"
        ADD_ON = "add_on"

    class Start(models.TextChoices):
        """When the bought period begins."""

        END_OF_CURRENT = "end_of_current"
        NOW = "now"
        NEXT_MONTH = "next_month"

    class AfterExpiry(models.TextChoices):
        """From which day the renewal of an expired SIM counts."""

        TODAY = "today"
        OLD_END = "old_end"

    class Proof(models.TextChoices):
        """What proves the delivery, in the carrier contract's words."""

        PERIOD_END = "period_end"
        GRANTED_TOTAL = "granted_total"
        PLAN_LISTED = "plan_listed"
        ORDER_QUERY = "order_query"

    id = models.BigAutoField(primary_key=True)
    code = models.SlugField(max_length=60, unique=True)
    carrier = models.ForeignKey(Carrier, on_delete=models.PROTECT, related_name="offerings")
    name = models.JSONField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    plan_code = models.CharField(max_length=60)
    months = models.PositiveSmallIntegerField(default=0)
    days = models.PositiveSmallIntegerField(default=0)
    size_bytes = models.BigIntegerField(default=0)
    starts = models.CharField(max_length=16, choices=Start.choices, default=Start.END_OF_CURRENT)
    after_expiry = models.CharField(max_length=10, choices=AfterExpiry.choices, default=AfterExpiry.TODAY)
    is_directional = models.BooleanField(default=False)
    proof = models.CharField(max_length=16, choices=Proof.choices)
    tax_basis_points = models.PositiveIntegerField(default=600)
    cost_minor = models.BigIntegerField(default=0)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_why = models.CharField(max_length=MOST_LETTERS, blank=True, default="")
    paused_detail = models.TextField(blank=True, default="")

    class Meta:
        constraints = (
            names_zh_hans("offering_name_zh_hans"),
            models.CheckConstraint(
                name="offering_renewal_has_term_add_on_has_bytes",
                condition=(Q(kind="renewal") & (Q(months__gt=0) | Q(days__gt=0)))
                | (Q(kind="add_on", months=0, days=0) & Q(size_bytes__gt=0)),
            ),
            models.CheckConstraint(name="offering_sizes", condition=Q(size_bytes__gte=0) & Q(cost_minor__gte=0)),
            models.CheckConstraint(name="offering_tax", condition=Q(tax_basis_points__lt=10_000)),
        )

    def __str__(self) -> str:
        return str(self.name.get("zh-hans", self.code))


class PriceList(models.Model):
    """A set of prices in one currency, of one seller."""

    id = models.BigAutoField(primary_key=True)
    code = models.SlugField(max_length=40, unique=True)
    name = models.JSONField()
    currency = models.CharField(max_length=3)
    seller = models.ForeignKey("party.Seller", on_delete=models.PROTECT, related_name="price_lists")
    is_public = models.BooleanField(default=False)

    class Meta:
        constraints = (
            names_zh_hans("price_list_name_zh_hans"),
            models.UniqueConstraint(fields=("is_public",), condition=Q(is_public=True), name="price_list_one_public"),
        )

    def __str__(self) -> str:
        return self.code


class Price(models.Model):
    """What an offering costs on a list, from–to (half-open). Prices never overlap."""

    id = models.BigAutoField(primary_key=True)
    price_list = models.ForeignKey(PriceList, on_delete=models.PROTECT, related_name="prices")
    offering = models.ForeignKey(Offering, on_delete=models.PROTECT, related_name="prices")
    amount_minor = models.BigIntegerField()
    valid = DateTimeRangeField()

    class Meta:
        constraints = (
            models.CheckConstraint(name="price_not_negative", condition=Q(amount_minor__gte=0)),
            ExclusionConstraint(
                name="price_never_overlaps",
                expressions=(
                    ("price_list", RangeOperators.EQUAL),
                    ("offering", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ),
            ),
        )

    def __str__(self) -> str:
        return f"{self.offering_id}: {self.amount_minor}"
