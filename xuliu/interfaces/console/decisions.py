"""What a person decides about a stuck line, and the cases that are answered by it."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from xuliu.ordering.delivering import decide
from xuliu.party.rights import Right
from xuliu.ticket.operations import close_case
from xuliu.ticket.queries import open_cases_of

RIGHTS = {
    "ask": Right.DECIDE,
    "send": Right.DECIDE,
    "let": Right.DECIDE,
    "refund": Right.REFUND,
    "accept": Right.REFUND,
}
# The questions that a decision answers; other cases about the line stay open.
ANSWERED = {
    "ask": ("line_set_aside", "line_held_back", "line_sent_in_vain"),
    "send": ("line_waits", "line_set_aside", "line_sent_in_vain"),
    "let": ("line_held_back", "line_set_aside"),
    "refund": ("line_waits", "line_disputed", "line_set_aside", "line_sent_in_vain", "line_held_back"),
    "accept": ("line_waits", "line_disputed", "line_set_aside", "line_sent_in_vain"),
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
    """Carry a decision out; returns the key of DECIDED. Raises decide.CannotDecide."""
    if what == "send":
        is_done, said = decide.send_again(line_id=line_id, why=why), "first"
    elif what == "let":
        is_done, said = decide.send_on_reading(line_id=line_id, why=why), "first"
    elif what == "refund":
        is_done, said = decide.refund(line_id=line_id, why=why), "moved"
    elif what == "accept":
        is_done, said = decide.accept(line_id=line_id, why=why, proof=proof), "seen"
    else:
        decide.ask_again(line_id=line_id)
        is_done, said = True, ""
    if not is_done:
        return said
    for case in open_cases_of("orderline", [line_id]).filter(kind__in=ANSWERED[what]):
        close_case(case.pk, why=why or "asked again")
    return what
