"""Finding a SIM without sign-in: freely by its sticker, by typing only so often that nobody can walk the numbers.

What counts is what is tried, not what is found: in the hour after the limit a number that exists and one that does not
get the same answer.
"""

from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from django.db import connection, transaction

from xuliu.common.crypto import keyed_hash
from xuliu.inventory import passwords
from xuliu.inventory.models import Binding, Guess, Sim, Terminal
from xuliu.inventory.shapes import compact

WINDOW = timedelta(hours=1)
LOOK_UPS_AN_ADDRESS = 20
PASSWORDS_A_SIM = 10
PASSWORDS_AN_ADDRESS = 30
FORGOTTEN_AT_ONCE = 200
LONGEST_TYPED = 40


class TooManyGuesses(Exception):
    """This address, or this SIM's password, has been tried too often in the last hour."""


def terminal_of_sticker(code: str) -> Terminal | None:
    """The terminal whose sticker carries that code. Never limited: a code of 130 bits is not guessed."""
    return Terminal.objects.select_related("model").filter(sticker_code=code).first()


def sim_in(terminal: Terminal) -> Sim | None:
    """The SIM that is in the terminal now."""
    bound = Binding.objects.select_related("sim__account__carrier").filter(terminal=terminal, unbound_at=None).first()
    return bound.sim if bound else None


def look_up(*, typed: str, address: str, at: datetime) -> Sim | None:
    """The SIM by whole ICCID, or by its terminal's serial number, as typed by a visitor at an address.

    None where there is none. Raises TooManyGuesses after 20 different tries within an hour.
    """
    wanted = normalised(typed)
    if not _count(against=_whose(address), what=wanted, limit=LOOK_UPS_AN_ADDRESS, at=at):
        raise TooManyGuesses
    return _find(wanted)


def unlock(*, typed: str, password: str, address: str, at: datetime) -> Sim | None:
    """The SIM whose service password this is; None where either does not fit, and which is not told.

    Raises TooManyGuesses after 10 different tries at one number, or 30 from one address, within an hour.
    """
    wanted = normalised(typed)
    tried = f"{wanted} {password}"
    if not _count(against=f"passwords {_whose(address)}", what=tried, limit=PASSWORDS_AN_ADDRESS, at=at):
        raise TooManyGuesses
    if not _count(against=f"password of {wanted}", what=tried, limit=PASSWORDS_A_SIM, at=at):
        raise TooManyGuesses
    sim = _find(wanted)
    return sim if sim and passwords.fits(sim.iccid, password, sim.service_password) else None


def normalised(typed: str) -> str:
    """What was typed in the form that is stored (`shapes.compact`), cut to a sane length."""
    return compact(typed[: 2 * LONGEST_TYPED])[:LONGEST_TYPED]


def _find(wanted: str) -> Sim | None:
    sims = Sim.objects.select_related("account__carrier")
    if sim := sims.filter(iccid=wanted).first():
        return sim
    bound = Binding.objects.filter(terminal__serial_number=wanted, unbound_at=None).values("sim_id")[:1]
    return sims.filter(id__in=bound).first()


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
