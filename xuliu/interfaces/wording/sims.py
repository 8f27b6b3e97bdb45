"""What is left of a SIM's period and data, and what to say if nobody knows."""

from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xuliu.catalog.models import Offering
from xuliu.interfaces.wording import figures

ENDS_TODAY: Promise = _("Ends today")


def until(ends_on: date, *, kind: str = Offering.Kind.RENEWAL) -> str:
    """Until when a renewal or an add-on lasts; `ends_on` is exclusive."""
    text = gettext("usable until %(day)s") if kind == Offering.Kind.ADD_ON else gettext("until %(day)s")
    return text % {"day": figures.last_day(ends_on)}


def left(size_bytes: int, *, like: int | None = None) -> str:
    """`50 MB left`; never below 0."""
    return gettext("%(size)s left") % {"size": figures.size(max(0, size_bytes), like=like)}


def never_asked(carrier: str) -> str:
    """What to say if the carrier has never given figures."""
    return gettext("From our own records; %(carrier)s has not been asked yet.") % {"carrier": carrier}
