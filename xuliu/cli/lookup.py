"""Look up a SIM: what the carrier reports now, when it was read, and which plans fit."""

import argparse
from datetime import date, datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from xuliu.balance.models import Reading
from xuliu.balance.operations import request_readings
from xuliu.balance.queries import reading_of
from xuliu.catalog.models import PriceList
from xuliu.catalog.queries import public_price_list
from xuliu.cli import chosen, layout, speech, waiting, wall_clock
from xuliu.cli.failure import CommandFailed
from xuliu.cli.guard import refuse_unfit
from xuliu.common import clock
from xuliu.interfaces.wording import figures, sims
from xuliu.interfaces.wording.states import SIMS
from xuliu.inventory.models import Sim
from xuliu.ordering.buying.offers import SimOffers, offers
from xuliu.ordering.queries import under_way

WAIT_SECONDS = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which SIM."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("number", nargs="?", metavar="ICCID|MSISDN|SN", help="the card's number, or its terminal's")
    which.add_argument("--sticker", metavar="CODE", help="the code or the address of the terminal's sticker")
    parser.add_argument("--wait", type=float, default=WAIT_SECONDS, metavar="SECONDS", help="for the carrier's answer")
    speech.add_language(parser)
    parser.add_argument("--demo", action="store_true", help="allow the demo secret and sandbox accounts")


def run(args: argparse.Namespace) -> int:
    """Ask for a fresh reading, wait for it briefly, and show what is known."""
    refuse_unfit(is_demo=args.demo)
    with override(args.language):
        found = chosen.by_sticker(args.sticker) if args.sticker else chosen.by_number(args.number)
        refreshed(found.sim, seconds=args.wait)
        print(_heading(found))
        print("\n".join(layout.columns(facts(found.sim), indent=2)))
        plans = _plans(found.sim)
        if plans:
            print("\n" + "\n".join(layout.columns(plans, right=[2], indent=2)))
        if found.terminal:
            page = reverse("merchant:sticker", args=[found.terminal.sticker_code])
            print(f"\n  {settings.XULIU_BASE_URL}{page}")
    return 0


def refreshed(sim: Sim, *, seconds: float) -> None:
    """Request a fresh reading, unless one was made in the last five minutes, and wait for it."""
    if request_readings(sim_ids=[sim.pk]) or _is_being_asked(sim.pk):
        waiting.fresh_reading(sim.pk, seconds=seconds)


def summary(sim: Sim) -> str:
    """What is known of the SIM in one line: state, period, data."""
    return " · ".join(text for _name, text in facts(sim)[:3])


def facts(sim: Sim) -> list[tuple[str, str]]:
    """What is known of the SIM, by name; the carrier's figures before ours."""
    sim.refresh_from_db()
    reading, now = reading_of(sim.pk), clock.now()
    ends_on = offers(sim_ids=[sim.pk], price_list_id=None, at=now)[sim.pk].ends_on
    known = [(_("State"), _state(sim, reading)), (_("Service period"), _period(sim, ends_on, now))]
    if reading and reading.left_bytes is not None:
        known.append((_("Data"), _data(reading)))
    if reading and (reading.blocked_why or reading.refused):
        known.append((_("Carrier says"), reading.blocked_why or reading.refused))
    known.append((_("As of"), _as_of(sim, reading)))
    if sim.account.paused_at:
        known.append((_("Stopped"), _("Renewals at this carrier are stopped for the moment.")))
    if lines := under_way([sim.pk]).get(sim.pk, []):
        known.append((_("Under way"), sims.until(lines[-1].ends_on)))
    return known


def _is_being_asked(sim_id: int) -> bool:
    """Whether a reading was requested a moment ago and has not arrived."""
    reading = reading_of(sim_id)
    if reading is None:
        return False
    begun = reading.requested_at or reading.asked_at
    return begun is not None and not any(at >= begun for at in (reading.as_of, reading.failed_at) if at)


def _heading(found: chosen.Chosen) -> str:
    parts = [found.sim.iccid, figures.localised(found.sim.account.carrier.name)]
    if found.terminal:
        parts.append(f"{found.terminal.model}, SN {found.terminal.serial_number}")
    return "  ".join(parts)


def _state(sim: Sim, reading: Reading | None) -> str:
    reported = reading.carrier_state.upper() if reading else ""
    return str(SIMS[reported if reported in SIMS else sim.state].payer.text)


def _period(sim: Sim, ends_on: date | None, now: datetime) -> str:
    if ends_on is None:
        return _("end not known")
    days = (ends_on - clock.civil_date(now, sim.account.zone)).days - 1
    if days < 0:
        over = ngettext("ended %(day)s, %(count)s day ago", "ended %(day)s, %(count)s days ago", -days)
        return over % {"day": figures.last_day(ends_on), "count": -days}
    left = ngettext("until %(day)s, %(count)s day left", "until %(day)s, %(count)s days left", days)
    return left % {"day": figures.last_day(ends_on), "count": days}


def _data(reading: Reading) -> str:
    left, granted = max(0, reading.left_bytes or 0), reading.granted_bytes
    if not granted:
        return sims.left(left)
    words = {"left": figures.size(left, like=granted), "granted": figures.size(granted)}
    return _("%(left)s of %(granted)s left") % words


def _as_of(sim: Sim, reading: Reading | None) -> str:
    carrier = figures.localised(sim.account.carrier.name)
    if reading is None or reading.as_of is None:
        return sims.never_asked(carrier)
    words = {"carrier": carrier, "moment": figures.instant(reading.as_of, zone=wall_clock.here())}
    if reading.failed_at and reading.failed_at > reading.as_of:
        return _("%(moment)s, from %(carrier)s; it does not answer at the moment") % words
    return _("%(moment)s, from %(carrier)s") % words


def public_prices() -> PriceList:
    """The public price list. Raises CommandFailed if there is none."""
    prices = public_price_list()
    if prices is None:
        raise CommandFailed("There is no public price list; mark one in the console.")
    return prices


def offers_for(sim: Sim) -> SimOffers:
    """The SIM's offers on the public price list. Raises as `public_prices`."""
    return offers(sim_ids=[sim.pk], price_list_id=public_prices().pk, at=clock.now())[sim.pk]


def _plans(sim: Sim) -> list[tuple[str, str, str, str]]:
    """The plans that this SIM can have: code, name, price and what they bring."""
    return [
        (
            offer.offering.code,
            figures.localised(offer.offering.name),
            figures.amount(offer.amount_minor, offer.offering.currency),
            sims.until(offer.ends_on, kind=offer.offering.terms.kind),
        )
        for offer in offers_for(sim).offers
    ]
