"""Finding a SIM without sign-in: freely by its sticker, by typing only so often that nobody can walk the numbers.

What counts is what is tried, not what is found: in the hour after the limit a number that exists and one that does not
get the same answer.
"""

from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from django.db import connection, transaction

from xuliu.common.crypto import keyed_hash
from xuliu.inventory import numbers, passwords
from xuliu.inventory.cards import naming
from xuliu.inventory.finding import sim_by_iccid, sim_in, terminal_by_serial_number
from xuliu.inventory.models import Guess, Sim

WINDOW = timedelta(hours=1)
LOOK_UPS_AN_ADDRESS = 20
PASSWORDS_A_SIM = 10
PASSWORDS_AN_ADDRESS = 30
FORGOTTEN_AT_ONCE = 200
LONGEST_TYPED = 40


class TooManyGuesses(Exception):
    """This address, or this SIM's password, has been tried too often in the last hour."""


def look_up(*, typed: str, address: str, at: datetime) -> Sim | None:
    """The SIM by whole ICCID, or by its terminal's serial number, as typed by a visitor at an address.

    None where there is none. Raises TooManyGuesses after 20 different tries within an hour.
    """
    wanted = _wanted(typed)
    if not _count(against=_whose(address), what=wanted, limit=LOOK_UPS_AN_ADDRESS, at=at):
        raise TooManyGuesses
    return _find(typed)


def unlock(*, typed: str, password: str, address: str, at: datetime) -> Sim | None:
    """The SIM whose service password this is; None where either does not fit, and which is not told.

    Raises TooManyGuesses after 10 different tries at one number, or 30 from one address, within an hour.
    """
    wanted = _wanted(typed)
    password = passwords.given(password)
    tried = f"{wanted} {password}"
    if not _count(against=f"passwords {_whose(address)}", what=tried, limit=PASSWORDS_AN_ADDRESS, at=at):
        raise TooManyGuesses
    if not _count(against=f"password of {wanted}", what=tried, limit=PASSWORDS_A_SIM, at=at):
        raise TooManyGuesses
    sim = _find(typed)
    is_theirs = sim and passwords.fits(naming(sim.account.connector)(sim.iccid), password, sim.service_password)
    return sim if is_theirs else None


def _wanted(typed: str) -> str:
    """What was typed in the form that is stored, so that spelling it otherwise is not another try."""
    read = numbers.readings(typed)
    return read.iccid or read.serial_number or typed.strip()[:LONGEST_TYPED]


def _find(typed: str) -> Sim | None:
    if sim := sim_by_iccid(typed):
        return sim
    terminal = terminal_by_serial_number(typed)
    return sim_in(terminal) if terminal else None


def _whose(address: str) -> str:
    """An IPv4 address as it is; of an IPv6 one the /64, which one subscriber has whole."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((known, 64), strict=False)) if known.version == 6 else str(known)


def _count(*, against: str, what: str, limit: int, at: datetime) -> bool:
    """Count a try; False where it would be one more than the limit. The same try again is not counted anew."""
    key, tried = keyed_hash(against, purpose="guess against"), keyed_hash(what, purpose="guess")
    known = _known(key, tried, limit, at)
    if known is not None:  # what stands there now stands there for the hour: no lock is needed to say so
        return known
    with transaction.atomic():
        with connection.cursor() as cursor:
            # One at a time per key: fifty at once see each other's rows.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(key[:8], "big", signed=True)])
        known = _known(key, tried, limit, at)
        if known is None:
            _forget(before=at - WINDOW)
            Guess.objects.update_or_create(against=key, what=tried, defaults={"at": at})
    return known is not False


def _known(key: bytes, tried: bytes, limit: int, at: datetime) -> bool | None:
    """True where that was tried before, False where the limit is reached, None where it is new and there is room."""
    sql = "SELECT count(*), coalesce(bool_or(what = %s), false) FROM inventory_guess WHERE against = %s AND at > %s"
    with connection.cursor() as cursor:
        cursor.execute(sql, (tried, key, at - WINDOW))
        count, is_known = cursor.fetchone()
    if is_known:
        return True
    return False if count >= limit else None


def _forget(*, before: datetime) -> None:
    """Drop some of what has aged, whoever's it was: what is kept about addresses is an hour's worth."""
    aged = Guess.objects.filter(at__lte=before).order_by("id")[:FORGOTTEN_AT_ONCE]
    ids = list(aged.select_for_update(skip_locked=True).values_list("id", flat=True))
    if ids:
        Guess.objects.filter(id__in=ids).delete()
