"""Reads terminals in sets. `look_ups` finds one SIM without sign-in."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from xuliu.carrier.models import CarrierAccount
from xuliu.inventory.models import Sim, Terminal


@dataclass(frozen=True, slots=True)
class Sticker:
    """What a terminal's sticker shows, and the code in its QR."""

    code: str
    serial_number: str
    model: str


def stickers(*, merchant_code: str = "", serial_numbers: Sequence[str] = ()) -> list[Sticker]:
    """The stickers of a merchant's terminals, of these terminals, or of all terminals, by shop. One query."""
    terminals = Terminal.objects.order_by("merchant__code", "serial_number")
    if merchant_code:
        terminals = terminals.filter(merchant__code=merchant_code)
    if serial_numbers:
        terminals = terminals.filter(serial_number__in=list(serial_numbers))
    columns = ("sticker_code", "serial_number", "model__brand", "model__name")
    return [Sticker(code, number, f"{brand} {name}") for code, number, brand, name in terminals.values_list(*columns)]


def accounts_with_sims() -> list[int]:
    """The carrier accounts that have SIMs. Each gets its own lanes, and each lane a connection, so others get
    none. A SIM stays with its account."""
    has_sim = Exists(Sim.objects.filter(account_id=OuterRef("pk")))
    return list(CarrierAccount.objects.filter(has_sim).order_by("id").values_list("id", flat=True))
