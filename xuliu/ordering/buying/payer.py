"""Identifies the payer: asks the provider who came back from signing in, and places the order for them.

A browser's code is valid once, for minutes: without an answer, the payer has to sign in again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from xuliu.common import stops
from xuliu.common.state import move
from xuliu.ordering.buying.cannot_place import CannotPlace
from xuliu.ordering.buying.place import place
from xuliu.ordering.buying.reasons import SignInReason
from xuliu.ordering.buying.refusals import RefusalCode
from xuliu.payment.accounts import provider_of, session_of
from xuliu.payment.contract import Malformed, NoAnswer, NotSent
from xuliu.payment.models import SignIn
from xuliu.payment.provider_calls import AT_ONCE, ask_together, claim, store


@dataclass(frozen=True, slots=True)
class PayerAnswer:
    """The payer the provider named, or why it named nobody."""

    payer_id: str
    said: str = ""


def know_payers(limit: int = AT_ONCE) -> int:
    """Ask about payers who came back; returns how many were asked about."""
    claimed = claim(SignIn, [SignIn.State.RETURNED], limit, stop="payer.claim")
    store(ask_together(claimed, _ask), _place_for, stop="payer.known")
    return len(claimed)


def _ask(returned: SignIn) -> PayerAnswer:
    account = returned.account
    try:
        with stops.call("payer.ask"):
            return PayerAnswer(provider_of(account).payer_id(session_of(account), returned.code))
    except (NoAnswer, NotSent, Malformed) as error:
        return PayerAnswer("", str(error))


def _place_for(told: Sequence[tuple[SignIn, PayerAnswer]]) -> None:
    """Place each order separately: they are few, and a refusal is recorded with its reason."""
    for returned, who in told:
        if not who.payer_id:
            _end(returned, refused=RefusalCode.PAYER_NOT_TOLD, why=SignInReason.NOT_TOLD, detail=who.said)
            continue
        try:
            payment_id = place(order_id=returned.order_id, way=returned.way, payer_id=who.payer_id)
        except CannotPlace as no:
            _end(returned, refused=no.code, why=SignInReason.NOT_PLACED, detail=no.code)
        else:
            _end(returned, payment_id=payment_id)


def _end(
    returned: SignIn,
    *,
    payment_id: int | None = None,
    refused: RefusalCode | None = None,
    why: SignInReason | None = None,
    detail: str = "",
) -> None:
    state = SignIn.State.REFUSED if refused else SignIn.State.KNOWN
    also = {"code": "", "payment_id": payment_id, "refused": refused or "", "lease_until": None}
    move(SignIn, [returned.pk], to=state, why=why, detail=detail, also=also)
