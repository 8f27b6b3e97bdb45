"""Why something is refused: a sentence that payers can act on, and for staff a phrase with its remedy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from xuliu.ordering.buying.refusals import RefusalCode


class RefusalWords(NamedTuple):
    """`staff` completes "It cannot be had: …"; it is empty where staff never meet the refusal."""

    payer: str | Promise
    staff: str | Promise = ""
    remedy: str | Promise = ""


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """`text` for the reader, `code` for whoever helps them."""

    text: str
    code: str


REFUSALS: Mapping[str, RefusalWords] = {
    RefusalCode.NOT_PRICED: RefusalWords(
        _("This plan is no longer sold. Choose another one."),
        _("the offering has no price now"),
        _("Set one in the console."),
    ),
    RefusalCode.UNKNOWN_OFFERING: RefusalWords(
        _("This plan is no longer sold. Choose another one."), _("there is no such offering")
    ),
    RefusalCode.WRONG_CARRIER: RefusalWords(
        _("This plan belongs to another carrier and does not fit your SIM. Choose another one."),
        _("the offering is another carrier's"),
    ),
    RefusalCode.UNKNOWN_SIM: RefusalWords(
        _("This SIM is no longer in our records. Call your service provider."), _("the SIM is not in our records")
    ),
    RefusalCode.SIM_NOT_SERVED: RefusalWords(
        _("This SIM is not in service and cannot be renewed. Call your service provider."),
        _("the SIM is not in service"),
    ),
    RefusalCode.SIM_UNKNOWN_AT_CARRIER: RefusalWords(
        _("The carrier says that it does not know this SIM, so we take no money for it. Call your service provider."),
        _("the carrier does not know the SIM"),
        _("The carrier is being asked again."),
    ),
    RefusalCode.SIM_BLOCKED: RefusalWords(
        _("The carrier blocks this SIM, and a renewal does not lift the block. Call your service provider."),
        _("the carrier blocks the SIM"),
        _("The carrier is being asked again."),
    ),
    RefusalCode.NO_RUNNING_PERIOD: RefusalWords(
        _("Data can be added only while a service period runs. Renew the SIM first."),
        _("no period runs that data could be added to"),
        _("Renew the SIM first."),
    ),
    RefusalCode.OFFERING_PAUSED: RefusalWords(
        _("This plan cannot be had at the moment. Choose another one, or come back later."),
        _("the offering is paused"),
        _("The console says why."),
    ),
    RefusalCode.ACCOUNT_PAUSED: RefusalWords(
        _("This carrier's renewals are stopped for the moment. Nothing was paid; come back later."),
        _("the carrier account is paused"),
        _("The console says why."),
    ),
    RefusalCode.PROVIDER_PAUSED: RefusalWords(
        _("Payments are stopped for the moment. Nothing was paid; come back later."),
        _("the provider account is paused"),
        _("The console says why."),
    ),
    RefusalCode.NO_PROVIDER: RefusalWords(
        _("It cannot be paid this way here. Call your service provider."),
        _("the seller has no provider account that can be paid this way"),
        _("Add one in the console."),
    ),
    RefusalCode.WAY_UNKNOWN: RefusalWords(
        _("It cannot be paid this way here. Call your service provider."),
        _("no provider account of the seller has this way to pay"),
        _("Add one in the console."),
    ),
    RefusalCode.TOO_MANY_OPEN: RefusalWords(
        _(
            "Too many orders for this SIM wait to be paid. Wait until they end, 15 minutes at most, or scan the sticker"
            " on the terminal: with it you can order at once."
        )
    ),
    RefusalCode.TOO_MANY_OPEN_HERE: RefusalWords(
        _(
            "Ten orders for this SIM wait to be paid. Pay one on the phone where it was opened, or wait: what is not"
            " paid ends within 15 minutes."
        )
    ),
    RefusalCode.TOO_MANY_LINES: RefusalWords(
        _("This order is too large to be repeated here. Whoever placed it can place it again.")
    ),
    RefusalCode.TOO_MANY_OPENINGS: RefusalWords(
        _("Too many payments were begun in the last minute. Nothing was paid; wait a minute and press again."),
        _("too many payments were begun in the last minute"),
    ),
    RefusalCode.LAPSED: RefusalWords(
        _("The price was held for 15 minutes and these are over. Ask for it again below."),
        _("the price was held for 15 minutes and these are over"),
    ),
    RefusalCode.ALREADY_PAID: RefusalWords(_("It is already paid. You need not pay again."), _("it is paid already")),
    RefusalCode.NO_PLAN_CHOSEN: RefusalWords(_("Choose a plan first.")),
    RefusalCode.TOO_LATE: RefusalWords(_("It has already been sent to the carrier and can no longer be withdrawn.")),
    RefusalCode.PAYER_NOT_TOLD: RefusalWords(_("We were not told who pays. Nothing was paid; press the button again.")),
}


def for_payer(code: str) -> Sentence | None:
    """The payer's sentence; None without a code, a general sentence for an unknown one."""
    if not code:
        return None
    if code in REFUSALS:
        return Sentence(text=str(REFUSALS[code].payer), code=code)
    general = gettext(
        "That did not work and nothing was paid. Load the page again; if it stays so, call your provider."
    )
    return Sentence(text=general, code="unexpected")


def for_staff(code: str) -> str:
    """The staff's phrase; the code itself if there is none."""
    return str(REFUSALS[code].staff or code) if code in REFUSALS else code


def with_remedy(code: str) -> str:
    """A whole sentence for staff, and what to do about it."""
    facts = {"why": for_staff(code), "remedy": REFUSALS[code].remedy if code in REFUSALS else ""}
    if not facts["remedy"]:
        return gettext("It cannot be had: %(why)s.") % facts
    return gettext("It cannot be had: %(why)s. %(remedy)s") % facts


def try_again(minutes: int) -> str:
    """When somebody who tried too often may try again."""
    return ngettext("Try again in a minute.", "Try again in %(minutes)s minutes.", minutes) % {"minutes": minutes}
