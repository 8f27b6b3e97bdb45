"""Finds a SIM or terminal by its number, in any form typed (`numbers` reads it, `cards` compares)."""

from django.db.models import Case, Value, When

from xuliu.inventory import numbers
from xuliu.inventory.cards import all_forms, names_anywhere, naming, ways_to_write
from xuliu.inventory.models import Binding, Sim, Terminal


def sim_by_iccid(typed: str) -> Sim | None:
    """The SIM with that ICCID, or with another that means the same card to its carrier."""
    iccid = numbers.readings(typed).iccid
    if not iccid:
        return None
    sims = Sim.objects.select_related("account__carrier").filter(iccid__in=names_anywhere(iccid))
    same = [sim for sim in sims if iccid in (sim.iccid, *naming(sim.account.connector)(sim.iccid))]
    return min(same, key=lambda sim: sim.iccid != iccid, default=None)


def sim_by_msisdn(typed: str) -> Sim | None:
    """The SIM with that number, with or without country code; a terminated one comes last."""
    msisdn = numbers.readings(typed).msisdn
    if not msisdn:
        return None
    is_over = Case(When(state=Sim.State.TERMINATED, then=Value(1)), default=Value(0))
    sims = Sim.objects.select_related("account__carrier").filter(msisdn__in=ways_to_write(msisdn, all_forms()))
    return sims.order_by(is_over, "-id").first()


def terminal_by_serial_number(typed: str) -> Terminal | None:
    """The terminal with that serial number."""
    serial_number = numbers.readings(typed).serial_number
    if not serial_number:
        return None
    return Terminal.objects.select_related("model").filter(serial_number=serial_number).first()


def terminal_of_sticker(code: str) -> Terminal | None:
    """The terminal whose sticker has that code. Not rate-limited: nobody guesses 130 bits."""
    return Terminal.objects.select_related("model").filter(sticker_code=code).first()


def sim_in(terminal: Terminal) -> Sim | None:
    """The SIM that is in the terminal now."""
    bound = Binding.objects.select_related("sim__account__carrier").filter(terminal=terminal, unbound_at=None).first()
    return bound.sim if bound else None
