"""Payments, refunds, and the inbox of providers' notices."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from xuliu.common.codes import new_code
from xuliu.common.models import CallRecord, CodeField, ConfiguredAccount, StateField
from xuliu.common.reasons import MOST_LETTERS
from xuliu.party.models import Seller


class ProviderAccount(ConfiguredAccount):
    """Our merchant id and keys at a payment provider. Belongs to a seller.

    `refused` names the latest requests in a row that the provider refused because of our keys. An account that paused
    itself retries one of them, `trial`, and resumes automatically; only a person ends a person's pause.
    """

    provider = models.CharField(max_length=40)
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="provider_accounts")
    refused = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    is_self_paused = models.BooleanField(default=False, db_default=False)
    tried_at = models.DateTimeField(null=True)
    trial = models.CharField(max_length=40, blank=True, default="", db_default="")

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="provider_account_pauses_itself_paused",
                condition=Q(is_self_paused=False) | Q(paused_at__isnull=False),
            ),
        )


class Payment(models.Model):
    """One attempt to pay one order (a plain id: orders are a package above). The provider knows our `reference`."""

    class State(models.TextChoices):
        OPENING = "OPENING"
        PENDING = "PENDING"
        SUCCEEDED = "SUCCEEDED"
        CLOSED = "CLOSED"
        FAILED = "FAILED"

    MOVES: ClassVar = {
        State.OPENING: frozenset({State.PENDING, State.SUCCEEDED, State.CLOSED, State.FAILED}),
        State.PENDING: frozenset({State.SUCCEEDED, State.CLOSED, State.FAILED}),
        State.CLOSED: frozenset({State.SUCCEEDED}),
        State.FAILED: frozenset({State.SUCCEEDED}),
        State.SUCCEEDED: frozenset(),
    }
    LIVE: ClassVar = (State.OPENING, State.PENDING)

    id = models.BigAutoField(primary_key=True)
    reference = CodeField(max_length=32, unique=True, default=new_code)
    order_id = models.BigIntegerField(db_index=True)
    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT)
    way = models.CharField(max_length=20)
    payer_id = models.CharField(max_length=128, blank=True, db_default="")
    description = models.CharField(max_length=127)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = StateField(choices=State.choices, default=State.OPENING)
    state_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(db_default=0)
    lease_until = models.DateTimeField(null=True)
    close_requested_at = models.DateTimeField(null=True)
    token = models.CharField(max_length=512, blank=True, db_default="")
    number = models.CharField(max_length=64, blank=True, db_default="")
    paid_at = models.DateTimeField(null=True)
    is_applied = models.BooleanField(db_default=False, default=False)
    trouble_at = models.DateTimeField(null=True)  # since when our own trouble keeps it from opening
    doubted_at = models.DateTimeField(null=True)  # a notice did not match: query the provider, even if ended
    failed_why = models.CharField(max_length=200, blank=True, db_default="")

    class Meta:
        constraints = (
            models.CheckConstraint(name="payment_of_something", condition=Q(amount_minor__gt=0)),
            models.UniqueConstraint(
                fields=("order_id",), condition=Q(is_applied=True), name="payment_applied_once_an_order"
            ),
            models.UniqueConstraint(
                fields=("order_id", "way", "payer_id"),
                condition=Q(state__in=("OPENING", "PENDING")),
                name="payment_live_once_a_way",
            ),
            models.UniqueConstraint(  # a provider's number belongs to one payment of ours
                fields=("number", "account"), condition=~Q(number=""), name="payment_once_a_number"
            ),
        )
        indexes = (
            models.Index(fields=("due_at",), condition=Q(state__in=("OPENING", "PENDING")), name="payment_due"),
            models.Index(fields=("due_at",), condition=Q(doubted_at__isnull=False), name="payment_doubted"),
        )

    def __str__(self) -> str:
        return self.reference


class SignIn(models.Model):
    """The payer's trip to the provider and back, to say who is paying an order (a plain id).

    `mark` is the hash of a random word that goes along and is valid once, for that browser; `code` is what came back,
    kept until the provider has said whose it is.
    """

    class State(models.TextChoices):
        LEFT = "LEFT"
        RETURNED = "RETURNED"
        KNOWN = "KNOWN"
        REFUSED = "REFUSED"

    MOVES: ClassVar = {
        State.LEFT: frozenset({State.RETURNED}),
        State.RETURNED: frozenset({State.KNOWN, State.REFUSED}),
        State.KNOWN: frozenset(),
        State.REFUSED: frozenset(),
    }

    id = models.BigAutoField(primary_key=True)
    mark = CodeField(max_length=64, unique=True)
    browser = CodeField(max_length=64)
    order_id = models.BigIntegerField()
    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT)
    way = models.CharField(max_length=20)
    state = StateField(choices=State.choices, default=State.LEFT)
    state_at = models.DateTimeField()
    left_at = models.DateTimeField()
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(db_default=0)
    lease_until = models.DateTimeField(null=True)
    code = models.CharField(max_length=200, blank=True, db_default="")
    payment_id = models.BigIntegerField(null=True)
    refused = models.CharField(max_length=40, blank=True, db_default="")

    class Meta:
        indexes = (
            models.Index(fields=("order_id", "browser", "id"), name="sign_in_of_browser"),
            models.Index(fields=("due_at",), condition=Q(state="RETURNED"), name="sign_in_due"),
            models.Index(fields=("left_at",), name="sign_in_left"),
        )

    def __str__(self) -> str:
        return f"sign-in {self.pk} for order {self.order_id}"


class Refund(models.Model):
    """Money sent back the way it came. `reference` is its current number; RefundNumber has all of them.

    `is_outside`: made in the provider's own pages. `due_at` is empty if it is not queried automatically any more.
    """

    class State(models.TextChoices):
        PENDING = "PENDING"
        SENT = "SENT"
        SUCCEEDED = "SUCCEEDED"
        FAILED = "FAILED"
        UNKNOWN = "UNKNOWN"

    MOVES: ClassVar = {
        State.PENDING: frozenset({State.SENT, State.SUCCEEDED}),  # an earlier number of it succeeded late
        State.SENT: frozenset({State.SUCCEEDED, State.FAILED, State.UNKNOWN}),
        State.UNKNOWN: frozenset({State.SUCCEEDED, State.FAILED, State.PENDING}),
        State.SUCCEEDED: frozenset(),
        State.FAILED: frozenset({State.SUCCEEDED, State.PENDING}),  # a late success; two people, under a new number
    }
    LIVE: ClassVar = (State.PENDING, State.SENT, State.UNKNOWN)

    id = models.BigAutoField(primary_key=True)
    reference = CodeField(max_length=32, unique=True, default=new_code)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    why = models.CharField(max_length=MOST_LETTERS)
    why_number = models.CharField(max_length=64, blank=True, db_default="")  # the provider's number behind the reason
    state = StateField(choices=State.choices, default=State.PENDING)
    state_at = models.DateTimeField()
    requested_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(db_default=0)
    sendings = models.PositiveSmallIntegerField(default=0, db_default=0)  # sendings that may have reached the provider
    lease_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    number = models.CharField(max_length=64, blank=True, db_default="")
    detail = models.CharField(max_length=200, blank=True, db_default="")
    is_outside = models.BooleanField(default=False, db_default=False)
    anew_requested_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(name="refund_of_something", condition=Q(amount_minor__gt=0)),
            models.UniqueConstraint(fields=("payment", "why", "why_number"), name="refund_once_a_reason"),
        )
        indexes = (models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="refund_due"),)

    def __str__(self) -> str:
        return self.reference


class RefundNumber(models.Model):
    """One number under which a refund was requested, and the provider's latest report on it.

    `status` is empty until there is a report. A notice finds its refund by any of the numbers.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        SUCCEEDED = "succeeded"
        CLOSED = "closed"  # final: the money stayed with us, and may be requested under a new number
        FAILED = "failed"  # not final: the provider holds the money until a person deals with it there
        REFUSED = "refused"  # the request was refused, and the provider has not been queried since
        NOT_FOUND = "not_found"

    id = models.BigAutoField(primary_key=True)
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="numbers")
    reference = CodeField(max_length=64, unique=True)
    asked_at = models.DateTimeField()
    status = models.CharField(max_length=12, choices=Status.choices, blank=True, default="", db_default="")
    said_at = models.DateTimeField(null=True)
    number = models.CharField(max_length=64, blank=True, default="", db_default="")
    detail = models.CharField(max_length=200, blank=True, default="", db_default="")

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="refund_number_status",
                condition=Q(
                    status__in=("", "pending", "succeeded", "closed", "failed", "refused", "not_found"),
                ),
            ),
        )

    def __str__(self) -> str:
        return self.reference


class RefundApproval(models.Model):
    """One of the two decisions to request a refund closed under this number under a new one."""

    id = models.BigAutoField(primary_key=True)
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="approvals")
    reference = CodeField(max_length=32)
    person_id = models.BigIntegerField()
    why = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("reference", "person_id"), name="refund_approval_once_a_person"),
        )

    def __str__(self) -> str:
        return f"{self.person_id} for refund {self.refund_id}"


class OutsideEntry(models.Model):
    """One of the two entries of a refund made in the provider's own pages."""

    id = models.BigAutoField(primary_key=True)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="outside_entries")
    number = models.CharField(max_length=64)
    amount_minor = models.BigIntegerField()
    person_id = models.BigIntegerField()
    why = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(name="outside_entry_of_something", condition=Q(amount_minor__gt=0)),
            models.UniqueConstraint(fields=("payment", "number", "person_id"), name="outside_entry_once_a_person"),
        )

    def __str__(self) -> str:
        return f"{self.person_id} for {self.number}"


class Notice(models.Model):
    """A provider's notice, raw, stored once: pushed to us or found by a query. No foreign keys to or from here."""

    class State(models.TextChoices):
        STORED = "STORED"
        APPLIED = "APPLIED"
        SET_ASIDE = "SET_ASIDE"

    MOVES: ClassVar = {
        State.STORED: frozenset({State.APPLIED, State.SET_ASIDE}),
        State.SET_ASIDE: frozenset({State.APPLIED}),
        State.APPLIED: frozenset(),
    }

    id = models.BigAutoField(primary_key=True)
    account_id = models.BigIntegerField()
    notice_id = models.CharField(max_length=80)
    subject = models.CharField(max_length=10)
    is_pushed = models.BooleanField()
    body = models.BinaryField()
    received_at = models.DateTimeField()
    state = StateField(choices=State.choices, db_default=State.STORED, default=State.STORED)
    state_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account_id", "notice_id"), name="notice_stored_once"),)
        indexes = (models.Index(fields=("id",), condition=Q(state="STORED"), name="notice_waiting"),)

    def __str__(self) -> str:
        return self.notice_id


class ProviderCall(CallRecord):
    """One call to a provider that could change something, or that failed."""

    class Meta:
        indexes = (models.Index(fields=("reference", "id"), name="provider_call_by_reference"),)
