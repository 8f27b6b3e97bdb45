"""Finds a SIM without sign-in: freely by sticker, rate-limited by typed number so that nobody can walk the numbers.

Tries count, found or not: beyond the limit, numbers that exist and numbers that do not get the same answer for an
hour.
"""

from collections.abc import Callable
from datetime import timedelta

from xuliu.common import guard
from xuliu.common.guard import Budget, of_address
from xuliu.inventory import numbers, passwords
from xuliu.inventory.cards import naming
from xuliu.inventory.finding import sim_by_iccid, sim_in, terminal_by_serial_number
from xuliu.inventory.models import Sim

HOUR = timedelta(hours=1)
LOOK_UPS_AN_ADDRESS = 20
PASSWORDS_A_SIM = 10
PASSWORDS_A_BROWSER = 10
PASSWORDS_AN_ADDRESS = 30
LONGEST_TYPED = 40


def look_up(*, typed: str, address: str) -> Sim | None:
    """The SIM with the whole ICCID or terminal serial number that a visitor at this address typed.

    None if there is none. Raises TooManyTries after 20 different tries within an hour.
    """
    guard.require(
        of_address(kind="look-ups", address=address, limit=LOOK_UPS_AN_ADDRESS, window=HOUR), once=_stored_form(typed)
    )
    return _find(typed)


def unlock(*, typed: str, password: str, address: str, browser_of: Callable[[str], str]) -> Sim | None:
    """The SIM with this number and service password; None if either is wrong, without saying which.

    Raises TooManyTries after 10 different tries at one SIM, or 30 from one address, within an hour. `browser_of`
    gives this browser's name if it has opened `whom(sim)` before (common.browsers): it then has its own 10 tries.
    """
    sim, password = _find(typed), passwords.given(password)
    # Counted per SIM if there is one: the card's number and the terminal's lead to the same SIM.
    whose = whom(sim) if sim else f"number {_stored_form(typed)}"
    budgets = _password_budgets(whose, address, browser_of(whose))
    guard.require(budgets, once=f"{whose} {password}")
    if not sim or not passwords.fits(naming(sim.account.connector)(sim.iccid), password, sim.service_password):
        return None
    guard.give_back(budgets)
    return sim


def whom(sim: Sim) -> str:
    """The key under which a browser is remembered for having opened this SIM by password."""
    return f"sim {sim.pk}"


def _password_budgets(whose: str, address: str, browser: str) -> list[Budget]:
    if browser:
        return [Budget(kind="service passwords of a browser", key=browser, limit=PASSWORDS_A_BROWSER, window=HOUR)]
    return [
        *of_address(kind="service passwords", address=address, limit=PASSWORDS_AN_ADDRESS, window=HOUR),
        Budget(kind="service passwords of a SIM", key=whose, limit=PASSWORDS_A_SIM, window=HOUR),
    ]


def _stored_form(typed: str) -> str:
    """What was typed, in stored form, so that another spelling is not another try."""
    read = numbers.readings(typed)
    return read.iccid or read.serial_number or typed.strip()[:LONGEST_TYPED]


def _find(typed: str) -> Sim | None:
    if sim := sim_by_iccid(typed):
        return sim
    terminal = terminal_by_serial_number(typed)
    return sim_in(terminal) if terminal else None
