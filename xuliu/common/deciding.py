"""Decisions of people: who decides, why, and how many it takes."""

from enum import StrEnum

from xuliu.common import actor
from xuliu.common.reasons import WhyCode

PEOPLE_NEEDED = 2


class PersonReason(WhyCode):
    """Why something moved by a person's decision."""

    A_PERSON_SAYS = "a_person_says"  # in their own words, the detail
    ASKED_AGAIN = "asked_again"


class NotDecided(StrEnum):
    """Why a decision could not be taken."""

    NOT_A_PERSON = "not_a_person"
    NO_REASON = "no_reason"
    NO_PROOF = "no_proof"
    NOT_STUCK = "not_stuck"  # it has moved on
    TOO_EARLY = "too_early"
    NO_READING = "no_reading"  # for which a line would be held back
    NOT_CLOSED = "not_closed"  # a refund, at its provider
    NO_AMOUNT = "no_amount"
    OWN_FACTOR = "own_factor"


class CannotDecide(Exception):
    """`code` says why."""

    def __init__(self, code: NotDecided) -> None:
        super().__init__(code)
        self.code = code


def deciding_person() -> int:
    """The person who acts. Raises CannotDecide where it is none."""
    doer = actor.current()
    if doer.kind != "person" or doer.id is None:
        raise CannotDecide(NotDecided.NOT_A_PERSON)
    return doer.id


def check_reason(why: str) -> None:
    """Raises CannotDecide for an empty reason."""
    if not why.strip():
        raise CannotDecide(NotDecided.NO_REASON)
