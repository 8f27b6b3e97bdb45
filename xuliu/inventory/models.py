"""SIMs, terminals and which SIM is in which terminal."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from xuliu.carrier.models import CarrierAccount
from xuliu.common.codes import new_code
from xuliu.common.models import CodeField, StateField
from xuliu.party.models import Merchant


class TerminalModel(models.Model):
    """A make of terminal, such as Newland N910."""

    id = models.BigAutoField(primary_key=True)
    brand = models.CharField(max_length=60)
    name = models.CharField(max_length=60)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("brand", "name"), name="terminal_model_once"),)

    def __str__(self) -> str:
        return f"{self.brand} {self.name}"


class Terminal(models.Model):
    """A POS device. Its QR sticker contains `sticker_code`: whoever has the code may top up its SIM."""

    id = models.BigAutoField(primary_key=True)
    serial_number = CodeField(max_length=40, unique=True)
    imei = models.CharField(max_length=15, blank=True)
    model = models.ForeignKey(TerminalModel, on_delete=models.PROTECT)
    merchant = models.ForeignKey(Merchant, null=True, blank=True, on_delete=models.PROTECT, related_name="terminals")
    sticker_code = CodeField(max_length=26, unique=True, default=new_code)

    def __str__(self) -> str:
        return self.serial_number


class Sim(models.Model):
    """The subscription in a terminal. `period_end_on` is exclusive; the anchor day outlives short months."""

    class State(models.TextChoices):
        IN_STOCK = "IN_STOCK"
        ASSIGNED = "ASSIGNED"
        ACTIVE = "ACTIVE"
        SUSPENDED = "SUSPENDED"
        TERMINATED = "TERMINATED"

    MOVES: ClassVar = {
        State.IN_STOCK: frozenset({State.ASSIGNED}),
        State.ASSIGNED: frozenset({State.ACTIVE}),
        State.ACTIVE: frozenset({State.SUSPENDED, State.TERMINATED}),
        State.SUSPENDED: frozenset({State.ACTIVE, State.TERMINATED}),
        State.TERMINATED: frozenset(),
    }

    id = models.BigAutoField(primary_key=True)
    iccid = CodeField(max_length=20, unique=True)
    msisdn = CodeField(max_length=15, blank=True, db_index=True)
    account = models.ForeignKey(CarrierAccount, on_delete=models.PROTECT, related_name="sims")
    merchant = models.ForeignKey(Merchant, null=True, blank=True, on_delete=models.PROTECT, related_name="sims")
    state = StateField(choices=State.choices, default=State.IN_STOCK)
    state_at = models.DateTimeField()
    period_start_on = models.DateField(null=True, blank=True)
    period_end_on = models.DateField(null=True, blank=True)
    anchor_day = models.PositiveSmallIntegerField(null=True, blank=True)
    service_password = models.CharField(max_length=160, blank=True, editable=False)

    class Meta:
        constraints = (
            models.CheckConstraint(name="sim_iccid_shape", condition=Q(iccid__regex=r"^[0-9A-Z]{18,20}$")),
            models.CheckConstraint(
                name="sim_period_runs_forward",
                condition=Q(period_start_on__isnull=True)
                | Q(period_end_on__isnull=True)
                | Q(period_end_on__gte=models.F("period_start_on")),
            ),
            models.CheckConstraint(
                name="sim_anchor_day", condition=Q(anchor_day__isnull=True) | Q(anchor_day__range=(1, 31))
            ),
        )
        indexes = (models.Index(fields=("period_end_on",), name="sim_goes_dark_on"),)

    def __str__(self) -> str:
        return self.iccid


class Binding(models.Model):
    """This SIM is in this terminal, from–to. The only statement that writes bindings looks both up (ADR 0010)."""

    id = models.BigAutoField(primary_key=True)
    sim = models.ForeignKey(Sim, on_delete=models.PROTECT, related_name="bindings", db_constraint=False)
    terminal = models.ForeignKey(Terminal, on_delete=models.PROTECT, related_name="bindings", db_constraint=False)
    bound_at = models.DateTimeField()
    unbound_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("sim",), condition=Q(unbound_at__isnull=True), name="sim_bound_once"),
            models.UniqueConstraint(
                fields=("terminal",), condition=Q(unbound_at__isnull=True), name="terminal_holds_one_sim"
            ),
        )

    def __str__(self) -> str:
        return f"{self.sim_id} in {self.terminal_id}"
