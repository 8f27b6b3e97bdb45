"""Whether what came back is about what was asked for. Compared for every connector, in this one place."""

import logging
from collections.abc import Sequence

from xuliu.carrier.contract import Answer, NoAnswer, Note, Question, Reading, SimKey

log = logging.getLogger(__name__)


def readings_of(sims: Sequence[SimKey], readings: Sequence[object]) -> list[Reading | None]:
    """The readings of these SIMs, in their order; None where nothing came back, or nothing that says anything, or
    another SIM's: that is no answer.

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
    """A body in another shape than the vendor's leaves every field out: of that nobody shall read "as of now"."""
    return reading != Reading(iccid=reading.iccid, as_of=reading.as_of, counted_from=reading.counted_from)


def answers_to(questions: Sequence[Question], answers: Sequence[object]) -> list[Answer]:
    """The answers to these questions, in their order; UNKNOWN where one is to another question or of another SIM.

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
