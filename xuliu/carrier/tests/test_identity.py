"""What comes back is about what was asked for, or it is no answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from xuliu.carrier.contract import Action, Answer, Change, NoAnswer, Outcome, Question, Reading, SimKey
from xuliu.carrier.identity import answers_to, readings_of

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
LIN, MEI, STRANGER = (SimKey(iccid=f"8986040000000000001{digit}") for digit in "127")


def _reading(sim: SimKey) -> Reading:
    return Reading(iccid=sim.iccid, as_of=AT, period_end_on=date(2027, 1, 1))


def _question(sim: SimKey, reference: str) -> Question:
    change = Change(reference=reference, sim=sim, action=Action.RENEW, plan_code="1", months=12)
    return Question(change=change, before=_reading(sim), sent_from=AT, sent_to=AT)


def _read(said: Sequence[Reading]) -> list[Reading | None]:
    return readings_of([LIN, MEI], said)


def _find(said: Sequence[Answer]) -> list[Answer]:
    return answers_to([_question(LIN, "l1"), _question(MEI, "l2")], said)


def test_readings_in_the_order_asked_for_are_taken() -> None:
    assert _read([_reading(LIN), _reading(MEI)]) == [_reading(LIN), _reading(MEI)]


@pytest.mark.parametrize("said", [[LIN], [LIN, MEI, MEI], []], ids=["one short", "one more", "none"])
def test_a_list_of_another_length_is_no_answer(said: list[SimKey]) -> None:
    with pytest.raises(NoAnswer):
        _read([_reading(sim) for sim in said])


def test_readings_in_another_order_say_nothing_of_any_sim() -> None:
    assert _read([_reading(MEI), _reading(LIN)]) == [None, None]


def test_another_sims_reading_says_nothing_and_spoils_no_other() -> None:
    assert _read([_reading(STRANGER), _reading(MEI)]) == [None, _reading(MEI)]


def test_answers_to_other_questions_are_unknown() -> None:
    done = [Answer(reference=reference, outcome=Outcome.DONE) for reference in ("l2", "l1")]

    assert [answer.outcome for answer in _find(done)] == [Outcome.UNKNOWN, Outcome.UNKNOWN]
    assert [answer.reference for answer in _find(done)] == ["l1", "l2"]
    with pytest.raises(NoAnswer):
        _find(done[:1])


def test_what_was_seen_on_another_sim_proves_nothing() -> None:
    seen = [Answer(reference=f"l{number}", outcome=Outcome.DONE, seen=_reading(MEI)) for number in (1, 2)]

    assert [answer.outcome for answer in _find(seen)] == [Outcome.UNKNOWN, Outcome.DONE]


def test_readings_of_another_sim_neither_find_a_change_nor_say_that_it_is_not_there() -> None:
    change = _question(LIN, "l1").change
    for ends_on in (date(2027, 1, 1), date(2028, 1, 1)):
        after = replace(_reading(MEI), period_end_on=ends_on)
        assert Answer.by_readings(change, _reading(LIN), after).outcome is Outcome.UNKNOWN


def test_a_reading_that_says_nothing_is_no_reading() -> None:
    silent = replace(_reading(LIN), period_end_on=None, counted_from=date(2026, 3, 1))

    assert _read([silent, _reading(MEI)]) == [None, _reading(MEI)]
    assert _read([replace(silent, granted_bytes=0), _reading(MEI)])[0] is not None, "none granted is said"
    assert _read([replace(silent, iccid=STRANGER.iccid, state="active"), _reading(MEI)])[0] is None
