"""What could not be had, as a sentence that a shopkeeper can act on. The code below it is for support."""

from dataclasses import dataclass

from django.utils.translation import gettext


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """`text` for the reader, `code` for whoever helps them."""

    text: str
    code: str


def refusal(code: str) -> Sentence | None:
    """The sentence for a refusal's code; None where no code was given, a general one where it is not known."""
    if not code:
        return None
    general = gettext(
        "That did not work and nothing was paid. Load the page again; if it stays so, call your provider."
    )
    return Sentence(text=_sentences().get(code, general), code=code if code in _sentences() else "unexpected")


def _sentences() -> dict[str, str]:
    return {
        "not_priced": gettext("This plan is no longer sold. Choose another one."),
        "unknown_offering": gettext("This plan is no longer sold. Choose another one."),
        "wrong_carrier": gettext("This plan belongs to another carrier and does not fit your SIM. Choose another one."),
        "unknown_sim": gettext("This SIM is no longer in our records. Call your service provider."),
        "sim_not_in_service": gettext("This SIM is not in service and cannot be renewed. Call your service provider."),
        "sim_unknown_at_carrier": gettext(
            "The carrier says that it does not know this SIM, so we take no money for it. Call your service provider."
        ),
        "sim_blocked": gettext(
            "The carrier blocks this SIM, and a renewal does not lift the block. Call your service provider."
        ),
        "no_running_period": gettext("Data can be added only while a service period runs. Renew the SIM first."),
        "offering_paused": gettext("This plan cannot be had at the moment. Choose another one, or come back later."),
        "account_paused": gettext(
            "This carrier's renewals are stopped for the moment. Nothing was paid; come back later."
        ),
        "provider_paused": gettext("Payments are stopped for the moment. Nothing was paid; come back later."),
        "no_provider": gettext("It cannot be paid this way here. Call your service provider."),
        "way_unknown": gettext("It cannot be paid this way here. Call your service provider."),
        "too_many_open": gettext(
            "Too many orders for this SIM wait to be paid. Wait until they end, 15 minutes at most, or scan the sticker"
            " on the terminal: with it you can order at once."
        ),
        "too_many_open_here": gettext(
            "Ten orders for this SIM wait to be paid. Pay one on the phone where it was opened, or wait: what is not"
            " paid ends within 15 minutes."
        ),
        "too_many_lines": gettext("This order is too large to be repeated here. Whoever placed it can place it again."),
        "too_many_openings": gettext(
            "Too many payments were begun in the last minute. Nothing was paid; wait a minute and press again."
        ),
        "lapsed": gettext("The price was held for 15 minutes and these are over. Ask for it again below."),
        "already_paid": gettext("It is already paid. You need not pay again."),
        "no_plan_chosen": gettext("Choose a plan first."),
        "too_late": gettext("It has already been sent to the carrier and can no longer be withdrawn."),
        "payer_not_told": gettext("We were not told who pays. Nothing was paid; press the button again."),
    }
