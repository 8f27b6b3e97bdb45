"""Checks that answers are about what was asked. Done here for every connector."""

import logging
from collections.abc import Sequence

from xuliu.carrier.contract import Answer, NoAnswer, Note, Question, Reading, SimKey

log = logging.getLogger(__name__)


def readings_of(sims: Sequence[SimKey], readings: Sequence[object]) -> list[Reading | None]:
    """The readings of these SIMs, in their order; None for a missing or empty reading, or another SIM's.

    Raises NoAnswer for a list of another length: nobody can say whose entry is whose.
    """
    if len(readings) != len(sims):
        raise NoAnswer(f"{len(sims)} SIMs were asked about, {len(readings)} readings came back")
    said = [
        reading if isinstance(reading, Reading) and (reading.state or _says_something(reading)) else None
        for reading in readings
    ]
    own = [reading if reading and reading.iccid == sim.iccid else None for sim, reading in zip(sims, said, strict=True)]
    if others := own.count(None) - said.count(None):
        log.warning("the answer names another SIM", extra={"count": others})
    return own


def _says_something(reading: Reading) -> bool:
    """Whether the reading has any figure: a body in an unknown shape has none, and must not count as fresh."""
    return reading != Reading(iccid=reading.iccid, as_of=reading.as_of, counted_from=reading.counted_from)


def answers_to(questions: Sequence[Question], answers: Sequence[object]) -> list[Answer]:
    """The answers to these questions, in their order; UNKNOWN if one is to another question or about another SIM.

    Raises NoAnswer for a list of another length.
    """
    if len(answers) != len(questions):
        raise NoAnswer(f"{len(questions)} changes were asked about, {len(answers)} answers came back")
    return [_own(question, answer) for question, answer in zip(questions, answers, strict=True)]


def _own(question: Question, answer: object) -> Answer:
    change = question.change
    if not isinstance(answer, Answer) or answer.reference != change.reference:
        return Answer.unsure(change, "the answer is to another change", question.number)
    seen = answer.seen
    if seen is not None and seen.iccid != change.sim.iccid:
        return Answer.unsure(change, Note.ANOTHER_SIM, question.number)
    return answer
