"""The text of a SIM's page: how long the SIM stays online, what is wrong, and what to do about it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext, ngettext, pgettext

from xuliu.balance.models import Reading
from xuliu.interfaces.wording import figures, sims
from xuliu.inventory.models import Sim

SOON_DAYS = 15
LOW_SHARE = 10  # below a tenth, data is low
IMEI_DIGITS = 14
GIVE_UP_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The page's big answer: `figure` and `unit`, then `say` (what it means) and `advice` (what to do).

    `tone` is well, soon, dark or plain. `wants` is the plan that helps: renewal, add_on, either, or "" if none does.
    """

    tone: str
    figure: str = ""
    unit: str = ""
    say: str
    advice: str = ""
    wants: str = "renewal"


@dataclass(frozen=True, kw_only=True)
class Track:
    """A bar: how many percent are used, with a word at each end."""

    label: str
    value: int
    tone: str
    left: str
    right: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What we and the carrier know of the SIM now. Plans count from `ends_on`."""

    sim: Sim
    reading: Reading | None
    ends_on: date | None
    today: date
    now: datetime

    @property
    def days(self) -> int | None:
        """Days from today to the last day of service; 0 on that day, negative once the SIM is offline."""
        return (self.ends_on - self.today).days - 1 if self.ends_on else None

    @property
    def state(self) -> str:
        """The SIM's state, in inventory's words."""
        said = self.reading.carrier_state.upper() if self.reading else ""
        return said if said in ("SUSPENDED", "TERMINATED") else self.sim.state

    @property
    def is_empty(self) -> bool:
        return bool(self.reading and self.reading.left_bytes is not None and self.reading.left_bytes <= 0)

    @property
    def is_low(self) -> bool:
        reading = self.reading
        if not reading or reading.left_bytes is None or not reading.granted_bytes:
            return False
        return reading.left_bytes * 100 < reading.granted_bytes * LOW_SHARE


def answer(facts: Facts) -> Headline:
    """The headline: the most serious problem wins."""
    return _not_in_service(facts) or _blocked(facts) or _dark(facts) or _soon(facts) or _well(facts)


def _not_in_service(facts: Facts) -> Headline | None:
    if facts.state == Sim.State.TERMINATED:
        return Headline(
            tone="dark",
            unit=pgettext("a SIM", "Cancelled"),
            say=gettext("The carrier has cancelled this SIM for good. It can no longer be renewed."),
            advice=gettext("Ask your service provider for a new SIM and put it into the terminal."),
            wants="",
        )
    if facts.reading and facts.reading.refused:
        return Headline(
            tone="dark",
            unit=gettext("Not known to the carrier"),
            say=gettext("The carrier says that it does not know this SIM."),
            advice=gettext("Do not pay for it. Give your service provider the number of the card; they clear it up."),
            wants="",
        )
    if facts.state == Sim.State.IN_STOCK:
        return Headline(
            tone="plain",
            unit=gettext("Not in service yet"),
            say=gettext("This SIM has not been handed out yet, so there is nothing to renew."),
            advice=gettext("If it is already in your terminal, tell your service provider."),
            wants="",
        )
    return None


def _blocked(facts: Facts) -> Headline | None:
    if not facts.reading or not facts.reading.blocked_why:
        return None
    return Headline(
        tone="dark",
        unit=gettext("Blocked"),
        say=gettext("The carrier blocks this SIM: %(why)s.") % {"why": facts.reading.blocked_why.rstrip("。.")},
        advice=gettext("A renewal does not lift the block, so we take no money for one. Call your service provider."),
        wants="",
    )


def _dark(facts: Facts) -> Headline | None:
    days = facts.days
    if days is not None and days < 0:
        return Headline(
            tone="dark",
            figure=str(-days),
            unit=ngettext("day overdue", "days overdue", -days),
            say=gettext("The service period is over, so the terminal is offline."),
            advice=gettext("Renew now. Once it is done, switch the terminal off and on."),
        )
    if facts.is_empty:
        return Headline(
            tone="dark",
            unit=gettext("Data used up"),
            say=gettext("The service period still runs, but there is no data left, so the terminal is offline."),
            advice=gettext("Add data. Once it is done, switch the terminal off and on."),
            wants="add_on",
        )
    if facts.state == Sim.State.SUSPENDED:
        return Headline(
            tone="dark",
            unit=gettext("Suspended"),
            say=gettext("The carrier has suspended this SIM, although it has time and data left."),
            advice=gettext("A renewal may not switch it back on. Ask your service provider first."),
        )
    return None


def _soon(facts: Facts) -> Headline | None:
    days = facts.days
    if days is None:
        return Headline(
            tone="plain",
            unit=gettext("End not known"),
            say=gettext("The carrier has not told us until when this SIM serves."),
            advice=gettext("Wait a moment for its answer, or renew: the new period is read back from the carrier."),
        )
    if days > SOON_DAYS:
        return None
    low = facts.is_low
    unit = ngettext("day left", "days left", days)
    say = gettext("Little time and little data are left.") if low else gettext("The service period ends soon.")
    if not low and facts.reading and facts.reading.left_bytes is not None:
        say = gettext("There is enough data, but the service period ends soon.")
    if days == 0:
        return Headline(tone="soon", unit=str(sims.ENDS_TODAY), say=gettext("Today is the last day it serves."))
    return Headline(tone="soon", figure=str(days), unit=unit, say=say)


def _well(facts: Facts) -> Headline:
    days = facts.days or 0
    unit = ngettext("day left", "days left", days)
    if facts.is_low and facts.reading and facts.reading.left_bytes is not None:
        left = figures.size(facts.reading.left_bytes, like=facts.reading.granted_bytes)
        say = gettext("Time is left, but only %(left)s of data.") % {"left": left}
        return Headline(tone="soon", figure=str(days), unit=unit, say=say, wants="add_on")
    return Headline(
        tone="well",
        figure=str(days),
        unit=unit,
        say=gettext("All is well."),
        advice=gettext("Nothing to do. Renewing early loses no day."),
    )


def period_track(facts: Facts) -> Track | None:
    """How much of the service period has passed."""
    begins_on, ends_on = facts.sim.period_start_on, facts.ends_on
    if ends_on is None or facts.state in (Sim.State.TERMINATED, Sim.State.IN_STOCK):
        return None
    left = gettext("from %(day)s") % {"day": begins_on.isoformat()} if begins_on else ""
    days = facts.days or 0
    whole = (ends_on - begins_on).days if begins_on else 0
    gone = (facts.today - begins_on).days if begins_on else 0
    return Track(
        label=gettext("Service period"),
        value=100 if days < 0 else min(100, max(0, gone * 100 // whole)) if whole > 0 else 0,
        tone="dark" if days < 0 else "soon" if days <= SOON_DAYS else "well",
        left=left,
        right=gettext("ended %(day)s") % {"day": figures.last_day(ends_on)} if days < 0 else sims.until(ends_on),
    )


def data_track(facts: Facts) -> Track | None:
    """How much of the data is used; None if the carrier does not report it."""
    reading = facts.reading
    if reading is None or reading.left_bytes is None or facts.state == Sim.State.TERMINATED:
        return None
    granted = reading.granted_bytes or 0
    used = reading.used_bytes if reading.used_bytes is not None else max(0, granted - reading.left_bytes)
    return Track(
        label=gettext("Data"),
        value=min(100, max(0, used * 100 // granted)) if granted > 0 else 0,
        tone="dark" if facts.is_empty else "soon" if facts.is_low else "well",
        left=gettext("%(size)s used") % {"size": figures.size(used, like=granted)},
        right=sims.left(reading.left_bytes, like=granted),
    )


def as_of(facts: Facts, *, carrier: str, zone: str) -> str:
    """Whose figures the page shows, and how old they are."""
    if facts.reading is None or facts.reading.as_of is None:
        return sims.never_asked(carrier)
    return gettext("%(carrier)s's figures of %(moment)s, %(ago)s.") % {
        "carrier": carrier,
        "moment": figures.moment(facts.reading.as_of, zone=zone, now=facts.now),
        "ago": figures.ago(facts.reading.as_of, now=facts.now),
    }


def is_waiting(facts: Facts) -> bool:
    """Whether a fresh reading is on its way, so that the page should refresh."""
    reading = facts.reading
    if reading is None or reading.requested_at is None or facts.now - reading.requested_at > GIVE_UP_AFTER:
        return False
    answered = [at for at in (reading.as_of, reading.failed_at) if at is not None]
    return not any(at >= reading.requested_at for at in answered)


def is_silent(reading: Reading | None) -> bool:
    """Whether the carrier failed to answer when it was last asked."""
    if reading is None or reading.failed_at is None:
        return False
    return reading.as_of is None or reading.failed_at > reading.as_of


@dataclass(frozen=True, kw_only=True)
class PendingOrder:
    """A renewal of this SIM that is still under way; with a link only if it was ordered on this phone."""

    since: datetime
    link: str = ""


@dataclass(frozen=True, kw_only=True)
class Said:
    """Something to know before choosing a plan."""

    tone: str
    text: str
    link: str = ""
    link_text: str = ""


def silence(carrier: str) -> str:
    """What a payer must know if the carrier does not answer."""
    text = gettext(
        "%(carrier)s does not answer at the moment. A renewal paid now is delivered as soon as it does; if it"
        " cannot be delivered, the money goes back."
    )
    return text % {"carrier": carrier}


def is_elsewhere(reading: Reading | None, terminal_imei: str) -> bool:
    """Whether the carrier sees the SIM in another device. An IMEI's last digit is a check digit or a version."""
    seen = reading.imei if reading else ""
    return bool(seen and terminal_imei) and seen[:IMEI_DIGITS] != terminal_imei[:IMEI_DIGITS]


def notices(
    facts: Facts, *, carrier: str, under_way: PendingOrder | None, zone: str, terminal_imei: str = ""
) -> list[Said]:
    """What a payer must know first: sales paused, carrier not answering, SIM in another device, renewal under way."""
    said = []
    if facts.sim.account.paused_at:
        text = gettext(
            "Renewals at %(carrier)s are stopped for the moment, so nothing can be paid here. Come back later; what is"
            " already paid is kept and delivered."
        )
        said.append(Said(tone="soon", text=text % {"carrier": carrier}))
    elif is_silent(facts.reading):
        said.append(Said(tone="soon", text=silence(carrier)))
    if is_elsewhere(facts.reading, terminal_imei):
        text = gettext(
            "The carrier sees this SIM in another device. Put it back into the terminal with this sticker: moving it"
            " can get it blocked."
        )
        said.append(Said(tone="soon", text=text))
    if under_way:
        text = gettext(
            "A renewal of this SIM is already under way (last step: %(moment)s). Another comes on top of it."
        )
        moment = figures.moment(under_way.since, zone=zone, now=facts.now)
        link_text = gettext("See how far it is")
        said.append(Said(tone="plain", text=text % {"moment": moment}, link=under_way.link, link_text=link_text))
    return said
