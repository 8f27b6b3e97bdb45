"""Finds the SIM for a command: by ICCID, MSISDN, or its terminal's serial number or sticker."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from xuliu.cli.failure import CommandFailed
from xuliu.common.codes import code_in
from xuliu.interfaces.wording.numbers import refusal_of_number
from xuliu.inventory import numbers
from xuliu.inventory.finding import (
    sim_by_iccid,
    sim_by_msisdn,
    sim_in,
    terminal_by_serial_number,
    terminal_of_sticker,
)
from xuliu.inventory.models import Binding, Sim, Terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A SIM and its terminal, if any."""

    sim: Sim
    terminal: Terminal | None


def by_iccid(typed: str) -> Chosen:
    """Raises CommandFailed if there is no such SIM."""
    sim = sim_by_iccid(typed)
    if sim is None:
        raise CommandFailed(_("There is no SIM %(number)s.") % {"number": _typed(typed)})
    return _with_terminal(sim)


def by_serial_number(typed: str) -> Chosen:
    """Raises CommandFailed if there is no such terminal, or no SIM in it."""
    terminal = terminal_by_serial_number(typed)
    if terminal is None:
        raise CommandFailed(_("There is no terminal %(number)s.") % {"number": _typed(typed)})
    return _in(terminal)


def by_sticker(typed: str) -> Chosen:
    """The code, or the whole address that the sticker's QR holds. Raises as `by_serial_number`."""
    terminal = terminal_of_sticker(code_in(typed))
    if terminal is None:
        raise CommandFailed(_("No terminal has the sticker %(code)s.") % {"code": typed})
    return _in(terminal)


def by_number(typed: str) -> Chosen:
    """By ICCID, MSISDN or serial number, whichever matches. Raises CommandFailed if none does."""
    if sim := sim_by_iccid(typed) or sim_by_msisdn(typed):
        return _with_terminal(sim)
    terminal = terminal_by_serial_number(typed)
    if terminal is None:
        raise CommandFailed(_("There is no SIM and no terminal %(number)s.") % {"number": _typed(typed)})
    return _in(terminal)


def _typed(typed: str) -> str:
    """What was typed, with what looks wrong about it, if anything does."""
    why = numbers.readings(typed).why_none
    return f"{typed} ({refusal_of_number(why)})" if why else typed


def _with_terminal(sim: Sim) -> Chosen:
    bound = Binding.objects.select_related("terminal__model").filter(sim=sim, unbound_at=None).first()
    return Chosen(sim=sim, terminal=bound.terminal if bound else None)


def _in(terminal: Terminal) -> Chosen:
    sim = sim_in(terminal)
    if sim is None:
        raise CommandFailed(_("There is no SIM in the terminal %(number)s.") % {"number": terminal.serial_number})
    return Chosen(sim=sim, terminal=terminal)
