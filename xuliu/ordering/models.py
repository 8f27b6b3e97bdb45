"""Orders, their lines, what is with a carrier now, each attempt, and receipts."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from xuliu.carrier.models import CarrierAccount
from xuliu.catalog.models import Offering, PriceList
from xuliu.common.codes import new_code
from xuliu.common.models import CodeField, StateField
from xuliu.common.reasons import MOST_LETTERS
from xuliu.inventory.models import Sim
from xuliu.party.models import Merchant, Seller


class Channel(models.TextChoices):
    """The surface through which an order was placed."""

    MERCHANT = "merchant"  # a phone page
    COMMAND = "command"


class Order(models.Model):
    """Everything paid for by one payment. In QUOTED it is a quote. `code` opens its page; `number` is for people."""

    class State(models.TextChoices):
        QUOTED = "QUOTED"
        AWAITING_PAYMENT = "AWAITING_PAYMENT"
        PAID = "PAID"
        COMPLETED = "COMPLETED"
        PARTIAL = "PARTIAL"
        FAILED = "FAILED"
        LAPSED = "LAPSED"
        CANCELLED = "CANCELLED"
        EXPIRED = "EXPIRED"

    MOVES: ClassVar = {
        State.QUOTED: frozenset({State.AWAITING_PAYMENT, State.LAPSED}),
        State.AWAITING_PAYMENT: frozenset({State.PAID, State.CANCELLED, State.EXPIRED}),
        State.PAID: frozenset({State.COMPLETED, State.PARTIAL, State.FAILED}),
    }

    id = models.BigAutoField(primary_key=True)
    code = CodeField(max_length=26, unique=True, default=new_code)
    number = CodeField(max_length=24, unique=True)
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT)
    price_list = models.ForeignKey(PriceList, on_delete=models.PROTECT)
    merchant = models.ForeignKey(Merchant, null=True, blank=True, on_delete=models.PROTECT)
    channel = models.CharField(max_length=12, choices=Channel.choices)
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    line_count = models.IntegerField()
    is_waited_for = models.BooleanField(default=False)
    state = StateField(choices=State.choices, default=State.QUOTED)
    state_at = models.DateTimeField()
    quoted_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    is_receipted = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = (models.CheckConstraint(name="order_total_not_negative", condition=Q(total_minor__gte=0)),)
        indexes = (
            models.Index(fields=("id",), condition=Q(state="PAID"), name="order_paid"),
            models.Index(
                fields=("valid_until",), condition=Q(state__in=("QUOTED", "AWAITING_PAYMENT")), name="order_unpaid"
            ),
            models.Index(
                fields=("seller", "id"),
                condition=Q(state__in=("COMPLETED", "PARTIAL"), is_receipted=False),
                name="order_wants_receipt",
            ),
        )

    def __str__(self) -> str:
        return self.number


class PageOrder(models.Model):
    """Which browser made an order on a page, kept for a day to tell visitors apart.

    `sim` is its first line's. `browser` is the hash of the browser's code; `shares` are the keys whose budgets its
    openings use, with addresses hashed (`openings`).
    """

    order = models.OneToOneField(Order, primary_key=True, on_delete=models.CASCADE, related_name="made_on_page")
    sim = models.ForeignKey(Sim, on_delete=models.PROTECT, db_constraint=False, db_index=False, related_name="+")
    browser = models.CharField(max_length=64)
    shares = models.JSONField()
    is_by_sticker = models.BooleanField()
    valid_until = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=("sim", "valid_until"), name="page_order_open"),
            models.Index(fields=("valid_until",), name="page_order_ages"),
        )

    def __str__(self) -> str:
        return f"order {self.order_id} of a page"


class OrderLine(models.Model):
    """One thing sold: a SIM × an offering.

    The foreign keys have no constraint: the only statement that inserts lines proves them by its joins (ADR 0010).
    `rank` and `turn` order an account's READY lines: lines a person waits for come first, then orders take turns.
    """

    class Kind(models.TextChoices):
        DATA = "data"

    class State(models.TextChoices):
        WAITING = "WAITING"
        DROPPED = "DROPPED"
        READY = "READY"
        SUBMITTING = "SUBMITTING"
        ACCEPTED = "ACCEPTED"
        VERIFYING = "VERIFYING"
        UNKNOWN = "UNKNOWN"
        COMPLETED = "COMPLETED"
        REJECTED = "REJECTED"
        DISPUTED = "DISPUTED"
        REVERSED = "REVERSED"

    MOVES: ClassVar = {
        State.WAITING: frozenset({State.READY, State.DROPPED, State.REJECTED}),
        State.READY: frozenset({State.SUBMITTING, State.REJECTED}),
        State.SUBMITTING: frozenset({State.READY, State.ACCEPTED, State.VERIFYING, State.UNKNOWN, State.REJECTED}),
        State.UNKNOWN: frozenset({State.READY, State.ACCEPTED, State.VERIFYING, State.REJECTED}),
        State.ACCEPTED: frozenset({State.READY, State.VERIFYING, State.REJECTED}),
        State.VERIFYING: frozenset({State.COMPLETED, State.DISPUTED}),
        State.DISPUTED: frozenset({State.COMPLETED, State.REJECTED}),
        State.COMPLETED: frozenset({State.REVERSED}),
    }
    OPEN: ClassVar = (
        State.WAITING,
        State.READY,
        State.SUBMITTING,
        State.ACCEPTED,
        State.VERIFYING,
        State.UNKNOWN,
        State.DISPUTED,
    )

    class Rank(models.IntegerChoices):
        """What goes first at a carrier."""

        PERSON_WAITS = 0
        GOES_DARK = 1
        CAN_WAIT = 2

    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="lines", db_constraint=False, db_index=False
    )
    position = models.IntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.DATA, db_default=Kind.DATA)
    sim = models.ForeignKey(Sim, on_delete=models.PROTECT, db_constraint=False, db_index=False)
    offering = models.ForeignKey(Offering, on_delete=models.PROTECT, db_constraint=False, db_index=False)
    account = models.ForeignKey(CarrierAccount, on_delete=models.PROTECT, db_constraint=False, db_index=False)
    reference = models.UUIDField()
    list_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0, db_default=0)
    price_minor = models.BigIntegerField()
    tax_basis_points = models.PositiveIntegerField()
    tax_minor = models.BigIntegerField()
    cost_minor = models.BigIntegerField()
    starts_on = models.DateField()
    ends_on = models.DateField()
    state = StateField(choices=State.choices, default=State.WAITING)
    state_at = models.DateTimeField()
    due_at = models.DateTimeField()
    rank = models.PositiveSmallIntegerField(default=Rank.CAN_WAIT, db_default=Rank.CAN_WAIT)
    turn = models.BigIntegerField(default=0, db_default=0)
    attempt = models.PositiveSmallIntegerField(default=0, db_default=0)
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    is_set_aside = models.BooleanField(default=False, db_default=False)
    refund_id = models.BigIntegerField(null=True)
    refunded_minor = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("order", "position"), name="line_once_a_position"),
            models.CheckConstraint(
                name="line_price_is_list_less_discount",
                condition=Q(price_minor=F("list_minor") - F("discount_minor"))
                & Q(discount_minor__gte=0)
                & Q(price_minor__gte=0),
            ),
            models.CheckConstraint(
                name="line_refunded_within_price",
                condition=Q(refunded_minor__gte=0) & Q(refunded_minor__lte=F("price_minor")),
            ),
            models.CheckConstraint(name="line_period_runs_forward", condition=Q(ends_on__gte=F("starts_on"))),
        )
        indexes = (
            models.Index(
                fields=("account", "rank", "turn", "id"),
                condition=Q(state="READY", is_set_aside=False),
                name="line_ready",
            ),
            models.Index(
                fields=("account", "rank", "due_at", "id"),
                condition=Q(state__in=("ACCEPTED", "VERIFYING", "UNKNOWN", "DISPUTED"), is_set_aside=False),
                name="line_due",
            ),
            models.Index(
                fields=("order",),
                condition=Q(
                    state__in=("WAITING", "READY", "SUBMITTING", "ACCEPTED", "VERIFYING", "UNKNOWN", "DISPUTED")
                ),
                name="line_open",
            ),
            models.Index(
                fields=("sim",),
                condition=Q(state__in=("READY", "SUBMITTING", "ACCEPTED", "VERIFYING", "UNKNOWN", "DISPUTED")),
                name="line_under_way",
            ),
        )

    def __str__(self) -> str:
        return f"{self.order_id}/{self.position}"


class Flight(models.Model):
    """A line that is with a carrier now; one per SIM, by the primary key. A narrow table: a claim inserts, an end
    deletes."""

    sim_id = models.BigIntegerField(primary_key=True)
    line_id = models.BigIntegerField(unique=True)
    account_id = models.BigIntegerField()
    attempt = models.PositiveSmallIntegerField()
    sent_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("lease_until",), condition=Q(lease_until__isnull=False), name="flight_leased"),)

    def __str__(self) -> str:
        return f"line {self.line_id} attempt {self.attempt}"


class Attempt(models.Model):
    """One sending of a line: the reading before, the answer, the reading after and what it proved.

    `stands_in` is what we knew where the reading before was silent. An attempt with a reading but no `sent_at` was held
    back because of that reading (`why_code`); `is_let_through`: two people decided to send anyway.
    """

    id = models.BigAutoField(primary_key=True)
    line = models.ForeignKey(
        OrderLine, on_delete=models.PROTECT, related_name="attempts_made", db_constraint=False, db_index=False
    )
    number = models.PositiveSmallIntegerField()
    account_id = models.BigIntegerField()
    before = models.JSONField(null=True)
    stands_in = models.JSONField(null=True)
    is_let_through = models.BooleanField(db_default=False)
    sent_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, db_default="")
    reason = models.CharField(max_length=10, db_default="")
    why_code = models.CharField(max_length=MOST_LETTERS, db_default="")
    carrier_number = models.CharField(max_length=64, db_default="")
    detail = models.TextField(db_default="")
    after = models.JSONField(null=True)
    proof = models.CharField(max_length=16, db_default="")
    recheck_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("line", "number"), name="attempt_once_a_number"),)
        indexes = (models.Index(fields=("recheck_at",), condition=Q(recheck_at__isnull=False), name="attempt_recheck"),)

    def __str__(self) -> str:
        return f"attempt {self.number} of line {self.line_id}"


class Receipt(models.Model):
    """Numbered per seller without gaps; `code` opens it, `check_code` proves to a stranger that it is genuine."""

    id = models.BigAutoField(primary_key=True)
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="receipt")
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT)
    number = models.BigIntegerField()
    text_number = models.CharField(max_length=32)
    code = CodeField(max_length=26, unique=True)
    check_code = CodeField(max_length=26, unique=True)
    issued_at = models.DateTimeField()
    amount_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("seller", "number"), name="receipt_numbered_once"),)

    def __str__(self) -> str:
        return self.text_number


class Approval(models.Model):
    """One person's decision on a line's newest attempt, where two people must decide the same.

    A person has one decision per attempt: a new one takes back the old one.
    """

    class Decision(models.TextChoices):
        SEND_AGAIN = "send_again"
        SEND_ON_READING = "send_on_reading"
        ACCEPT = "accept"

    id = models.BigAutoField(primary_key=True)
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="approvals", db_constraint=False)
    attempt = models.PositiveSmallIntegerField()
    decision = models.CharField(max_length=16, choices=Decision.choices)
    person_id = models.BigIntegerField()
    why = models.TextField()
    at = models.DateTimeField()
    taken_back_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("line", "attempt", "person_id"),
                condition=Q(taken_back_at__isnull=True),
                name="approval_one_word_a_person",
            ),
            models.CheckConstraint(
                name="approval_of_a_known_decision",
                condition=Q(decision__in=("send_again", "send_on_reading", "accept")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.person_id} for line {self.line_id}"
