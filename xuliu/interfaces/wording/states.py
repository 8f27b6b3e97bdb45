"""What states are called, and how serious each is: well, soon (somebody should look), dark (went wrong), plain.

Staff read a short phrase; for states that payers see too, the payers' word stands beside it.
"""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from xuliu.carrier.contract import Outcome
from xuliu.inventory.models import Sim
from xuliu.ordering.models import Order, OrderLine
from xuliu.payment.models import Notice, Payment, Refund, RefundNumber
from xuliu.ticket.models import Case

Text = str | Promise


class Word(NamedTuple):
    """A state's word and its tone."""

    text: Text
    tone: str = "plain"


States = Mapping[str, Word]


class StateWords(NamedTuple):
    """One state's words for staff and for payers."""

    staff: Word
    payer: Word


ORDERS: Mapping[str, StateWords] = {
    Order.State.QUOTED: StateWords(Word(_("Quoted")), Word(_("not paid"))),
    Order.State.AWAITING_PAYMENT: StateWords(Word(_("Awaits payment")), Word(_("not paid yet"), "soon")),
    Order.State.PAID: StateWords(Word(_("Paid, under way"), "soon"), Word(_("under way"), "soon")),
    Order.State.COMPLETED: StateWords(Word(_("Completed"), "well"), Word(_("done"), "well")),
    Order.State.PARTIAL: StateWords(Word(_("Partly delivered"), "dark"), Word(_("partly done"), "soon")),
    Order.State.FAILED: StateWords(Word(_("Not delivered"), "dark"), Word(_("money back"), "dark")),
    Order.State.LAPSED: StateWords(Word(_("Quote lapsed")), Word(_("not paid"))),
    Order.State.CANCELLED: StateWords(Word(_("Cancelled")), Word(_("not paid"))),
    Order.State.EXPIRED: StateWords(Word(_("Never paid")), Word(_("not paid"))),
}
SIMS: Mapping[str, StateWords] = {
    Sim.State.IN_STOCK: StateWords(Word(_("In stock")), Word(_("not in service yet"))),
    Sim.State.ASSIGNED: StateWords(Word(_("Assigned")), Word(_("handed out, not in service yet"))),
    Sim.State.ACTIVE: StateWords(Word(_("In service"), "well"), Word(_("in service"), "well")),
    Sim.State.SUSPENDED: StateWords(Word(_("Suspended"), "dark"), Word(_("suspended"), "dark")),
    Sim.State.TERMINATED: StateWords(Word(_("Terminated")), Word(_("cancelled for good"), "dark")),
}

ORDER_STATES: States = {state: words.staff for state, words in ORDERS.items()}
SIM_STATES: States = {state: words.staff for state, words in SIMS.items()}
# A reading says them in small letters (`carrier.contract.Reading.state`).
CARRIER_STATES: Mapping[str, Text] = {state.lower(): word.text for state, word in SIM_STATES.items()}
LINE_STATES: States = {
    OrderLine.State.WAITING: Word(_("Waits for payment")),
    OrderLine.State.DROPPED: Word(_("Dropped")),
    OrderLine.State.READY: Word(_("Ready to send")),
    OrderLine.State.SUBMITTING: Word(_("Being sent")),
    OrderLine.State.ACCEPTED: Word(_("Accepted by the carrier")),
    OrderLine.State.VERIFYING: Word(_("Being verified")),
    OrderLine.State.UNKNOWN: Word(_("Outcome unknown"), "soon"),
    OrderLine.State.DISPUTED: Word(_("Disputed"), "dark"),
    OrderLine.State.COMPLETED: Word(_("Completed"), "well"),
    OrderLine.State.REJECTED: Word(_("Refused"), "dark"),
    OrderLine.State.REVERSED: Word(_("Reversed"), "dark"),
}
PAYMENT_STATES: States = {
    Payment.State.OPENING: Word(_("Opening")),
    Payment.State.PENDING: Word(_("Awaits the payer")),
    Payment.State.SUCCEEDED: Word(_("Paid"), "well"),
    Payment.State.CLOSED: Word(_("Closed unpaid")),
    Payment.State.FAILED: Word(_("Failed"), "dark"),
}
REFUND_STATES: States = {
    Refund.State.PENDING: Word(_("Waits to be sent")),
    Refund.State.SENT: Word(_("Sent")),
    Refund.State.SUCCEEDED: Word(_("Given back"), "well"),
    Refund.State.FAILED: Word(_("Failed"), "dark"),
    Refund.State.UNKNOWN: Word(_("Outcome unknown"), "soon"),
}
REFUND_NUMBER_STATUSES: States = {
    "": Word(_("Nothing heard yet")),
    RefundNumber.Status.PENDING: Word(_("Under way at the provider")),
    RefundNumber.Status.SUCCEEDED: Word(_("Given back"), "well"),
    RefundNumber.Status.CLOSED: Word(_("Closed, the money is with us"), "dark"),
    RefundNumber.Status.FAILED: Word(_("Abnormal, the provider holds it"), "soon"),
    RefundNumber.Status.REFUSED: Word(_("Refused; asking whether it is there"), "soon"),
    RefundNumber.Status.NOT_FOUND: Word(_("Not at the provider"), "dark"),
}
NOTICE_STATES: States = {
    Notice.State.STORED: Word(_("Stored")),
    Notice.State.APPLIED: Word(_("Applied"), "well"),
    Notice.State.SET_ASIDE: Word(_("Set aside"), "dark"),
}
CASE_STATES: States = {Case.State.OPEN: Word(_("Open"), "soon"), Case.State.CLOSED: Word(_("Closed"))}
ATTEMPT_OUTCOMES: States = {
    "": Word(_("No answer yet"), "soon"),
    Outcome.DONE: Word(_("The carrier says: done"), "well"),
    Outcome.ACCEPTED: Word(_("The carrier says: accepted")),
    Outcome.REJECTED: Word(_("The carrier refuses"), "dark"),
    Outcome.NOT_SENT: Word(_("Certainly not sent")),
    Outcome.UNKNOWN: Word(_("No usable answer"), "soon"),
    Outcome.NOT_FOUND: Word(_("The carrier knows nothing of it")),
}
# The states of an account's or offering's kill switch.
SWITCH_STATES: States = {"RUNNING": Word(_("Running"), "well"), "PAUSED": Word(_("Paused"), "dark")}
PERSON_EVENTS: States = {
    "ROLES": Word(_("Roles")),
    "NEW_PASSWORD": Word(_("New password")),
    "SECOND_FACTOR": Word(_("Second factor set up"), "well"),
    "NO_SECOND_FACTOR": Word(_("Second factor taken away"), "soon"),
    "NEW_RECOVERY_CODES": Word(_("New recovery codes")),
    "SESSIONS_ENDED": Word(_("All sessions ended")),
    "SHOWN": Word(_("Contacts were looked at")),
    "CONTACT_ADDED": Word(_("A contact was added")),
}
# By kind of object, as events name it (a line is `orderline`).
STATES_OF: Mapping[str, States] = {
    "order": ORDER_STATES,
    "line": LINE_STATES,
    "orderline": LINE_STATES,
    "payment": PAYMENT_STATES,
    "refund": REFUND_STATES,
    "notice": NOTICE_STATES,
    "case": CASE_STATES,
    "sim": SIM_STATES,
}
