"""Which SIM a command is about: by its ICCID, its terminal's serial number, or the code of its terminal's sticker."""

from dataclasses import dataclass

from xuliu.interfaces.cli.failure import CommandFailed
from xuliu.inventory.look_ups import normalised, sim_in, terminal_of_sticker
from xuliu.inventory.models import Binding, Sim, Terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The SIM and the terminal that it is in, if any."""

    sim: Sim
    terminal: Terminal | None


def by_iccid(typed: str) -> Chosen:
    """Raises CommandFailed where there is no such SIM."""
    sim = Sim.objects.select_related("account__carrier").filter(iccid=normalised(typed)).first()
    if sim is None:
        raise CommandFailed(f"There is no SIM {typed}.")
    bound = Binding.objects.select_related("terminal__model").filter(sim=sim, unbound_at=None).first()
    return Chosen(sim=sim, terminal=bound.terminal if bound else None)


def by_serial_number(typed: str) -> Chosen:
    """Raises CommandFailed where there is no such terminal or no SIM in it."""
    found = Terminal.objects.select_related("model").filter(serial_number=normalised(typed)).first()
    return _in(found, f"There is no terminal {typed}.")


def by_sticker(code: str) -> Chosen:
    """The code, or the whole address that the sticker's QR holds. Raises as `by_serial_number`."""
    found = terminal_of_sticker(code.rstrip("/").rsplit("/", 1)[-1])
    return _in(found, f"No terminal has the sticker {code}.")


def by_number(typed: str) -> Chosen:
    """By ICCID or serial number, whichever it is. Raises CommandFailed where it is neither."""
    if Sim.objects.filter(iccid=normalised(typed)).exists():
        return by_iccid(typed)
    found = Terminal.objects.select_related("model").filter(serial_number=normalised(typed)).first()
    return _in(found, f"There is no SIM and no terminal {typed}.")


def _in(terminal: Terminal | None, otherwise: str) -> Chosen:
    if terminal is None:
        raise CommandFailed(otherwise)
    sim = sim_in(terminal)
    if sim is None:
        raise CommandFailed(f"There is no SIM in the terminal {terminal.serial_number}.")
    return Chosen(sim=sim, terminal=terminal)
