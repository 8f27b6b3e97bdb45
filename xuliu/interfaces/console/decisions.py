"""Takes a person's decision about a stuck line, and words the result."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from xuliu.ordering.delivering import decide
from xuliu.party.permission import NeedsRight

ACTIONS: dict[str, NeedsRight] = {
    "ask": decide.ask_again,
    "send": decide.send_again,
    "let": decide.send_on_reading,
    "refund": decide.refund,
    "accept": decide.accept,
}
DECIDED: dict[str, Any] = {
    "ask": _("The carrier is asked again now."),
    "send": _("It is sent again: two people have said so."),
    "let": _("It is sent on this reading: two people have said so."),
    "first": _("Your word is noted. A second person has to say the same; then it is sent again."),
    "seen": _("Your word is noted. A second person has to say the same; then the line counts as delivered."),
    "refund": _("The line is refused and its money goes back to the payer."),
    "accept": _("The line is accepted as delivered, with your proof."),
    "moved": _("Nothing was done: the line has moved on in the meantime."),
}


def take(what: str, *, line_id: int, why: str, proof: str) -> str:
    """Carry out a decision; returns the key of DECIDED. Raises CannotDecide, NotAllowed."""
    if what == "send":
        is_done, said = decide.send_again(line_id=line_id, why=why), "first"
    elif what == "let":
        is_done, said = decide.send_on_reading(line_id=line_id, why=why), "first"
    elif what == "refund":
        is_done, said = decide.refund(line_id=line_id, why=why), "moved"
    elif what == "accept":
        is_done, said = decide.accept(line_id=line_id, why=why, proof=proof), "seen"
    else:
        decide.ask_again(line_id=line_id, why=why)
        is_done, said = True, ""
    return what if is_done else said
