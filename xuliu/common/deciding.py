"""Decisions of people: who decides, why, and how many it takes."""

from xuliu.common import actor
from xuliu.common.reasons import WhyCode

PEOPLE_NEEDED = 2


class PersonReason(WhyCode):
    """Why something moved by a person's decision."""

    A_PERSON_SAYS = "a_person_says"  # in their own words, the detail
    ASKED_AGAIN = "asked_again"


class CannotDecide(Exception):
    """`code`: not_stuck, too_early, no_reading, no_reason, no_proof, not_a_person; of refunds not_closed, no_amount; of
    people own_factor."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def deciding_person() -> int:
    """The person who acts. Raises CannotDecide where it is none."""
    doer = actor.current()
    if doer.kind != "person" or doer.id is None:
        raise CannotDecide("not_a_person")
    return doer.id


def check_reason(why: str) -> None:
    """Raises CannotDecide for an empty reason."""
    if not why.strip():
        raise CannotDecide("no_reason")
