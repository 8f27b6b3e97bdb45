"""Postings and checkpoints. Only this package imports this file."""

from django.db import models

from xuliu.common.models import CodeField


class Posting(models.Model):
    """One movement of money, source → destination. Append-only: the database refuses UPDATE, DELETE, TRUNCATE."""

    id = models.BigAutoField(primary_key=True)
    reference = CodeField(max_length=120, unique=True)
    source = models.CharField(max_length=80)
    destination = models.CharField(max_length=80)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()
    order_id = models.BigIntegerField(null=True)
    line_id = models.BigIntegerField(null=True)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(name="posting_moves_something", condition=models.Q(amount_minor__gt=0)),
            models.CheckConstraint(
                name="posting_goes_somewhere_else", condition=~models.Q(source=models.F("destination"))
            ),
        )
        indexes = (
            models.Index(fields=("source", "currency", "id"), name="posting_out_of"),
            models.Index(fields=("destination", "currency", "id"), name="posting_into"),
            models.Index(fields=("order_id",), condition=models.Q(order_id__isnull=False), name="posting_of_order"),
        )

    def __str__(self) -> str:
        return self.reference


class Checkpoint(models.Model):
    """The sum of an address up to and including a posting, so that a balance only adds later postings."""

    id = models.BigAutoField(primary_key=True)
    address = models.CharField(max_length=80)
    currency = models.CharField(max_length=3)
    up_to_posting_id = models.BigIntegerField()
    balance_minor = models.BigIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("address", "currency", "up_to_posting_id"), name="checkpoint_once"),
        )

    def __str__(self) -> str:
        return f"{self.address} up to {self.up_to_posting_id}"
