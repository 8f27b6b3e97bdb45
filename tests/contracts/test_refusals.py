"""What one path knows, each path knows.

A recorded refusal means the same at once, by order, by job, by our reference; a question is refused for the same
reasons.

Without servers, for every connector in the folder; what its paths look like stands beside its recorded answers.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.contracts.on_paper import on_paper
from tests.contracts.peer import Path, Refusal
from tests.contracts.rigs import CODES, recorded_answers
from xuliu.carrier.contract import AccountRefused, NoAnswer, NotSent, Outcome, Reason
from xuliu.carrier.registry import all_connectors

PASSING = (Reason.TEMPORARY, Reason.AWAY)


@dataclass(frozen=True)
class Case:
    """One refusal of one carrier, and one path on which it may be told later."""

    code: str
    refusal: Refusal
    path: Path | None = None

    def __str__(self) -> str:
        words = self.refusal.reply.body.decode() or str(self.refusal.reply.status)
        return f"{self.code} {self.path.name if self.path else ''} {words}"[:80]


def cases(code: str) -> list[Case]:
    """Every refusal of a carrier."""
    return [Case(code, refusal) for refusal in recorded_answers(code).refusals]


def later_cases(code: str) -> list[Case]:
    """Every refusal of a carrier on every path on which it can be told."""
    paths = recorded_answers(code).paths
    return [Case(code, one.refusal, path) for one in cases(code) for path in paths if path.told(one.refusal.reply)]


EVERY = [one for code in CODES for one in cases(code)]
LATER = [one for code in CODES for one in later_cases(code)]


@pytest.mark.parametrize("code", CODES)
def test_a_carrier_that_can_be_asked_later_shows_how(code: str) -> None:
    can, recorded = all_connectors()[code].capabilities, recorded_answers(code)

    assert bool(recorded.paths) == (can.has_order_query or can.takes_reference)
    assert {one.reason for one in recorded.refusals} >= {Reason.SIM, Reason.ACCOUNT, None}


@pytest.mark.parametrize("one", LATER, ids=str)
def test_a_refusal_means_the_same_told_later_as_at_once(one: Case) -> None:
    assert one.path is not None
    held, told = on_paper(one.code), one.path.told(one.refusal.reply)
    assert told is not None
    held.on(one.path.is_question, told)

    for action in held.connector.capabilities.actions:
        answer = held.find(held.change(action), number=one.path.number)

        assert (answer.outcome, answer.reason) == (one.refusal.outcome, one.refusal.reason)
        assert answer.detail
        assert answer.number == one.path.number or not one.path.number  # by our reference it may tell its own


@pytest.mark.parametrize("one", LATER, ids=str)
def test_a_refusal_of_the_question_says_nothing_of_the_change(one: Case) -> None:
    assert one.path is not None
    if one.path.told(one.refusal.reply) == one.refusal.reply:
        return  # here the two cannot be told apart: the answer is about the change
    held = on_paper(one.code)
    held.on(one.path.is_question, one.refusal.reply)

    for action in held.connector.capabilities.actions:
        answer = held.find(held.change(action), number=one.path.number)

        assert (answer.outcome, answer.number) == (Outcome.UNKNOWN, one.path.number)


@pytest.mark.parametrize("one", EVERY, ids=str)
def test_a_reading_is_refused_for_the_same_reasons(one: Case) -> None:
    held = on_paper(one.code)
    held.on(lambda asked: not held.recorded.is_token(asked), one.refusal.reply)
    reason = one.refusal.reason

    if reason is Reason.SIM:
        assert held.read().refused
        return
    with pytest.raises(NotSent if reason in (Reason.ACCOUNT, *PASSING) else NoAnswer) as raised:
        held.read()
    assert isinstance(raised.value, AccountRefused) == (reason is Reason.ACCOUNT)


@pytest.mark.parametrize("one", EVERY, ids=str)
def test_a_token_is_refused_for_the_same_reasons_and_keeps_the_change_back(one: Case) -> None:
    held = on_paper(one.code)
    if not held.recorded.token:
        return  # asked with a key
    held.on(held.recorded.is_token, one.refusal.reply)

    answer = held.submit(held.change(min(held.recorded.plan_codes)))

    assert answer.outcome is Outcome.NOT_SENT
    if one.refusal.reason in (Reason.ACCOUNT, None, *PASSING):
        assert (answer.reason is Reason.ACCOUNT) == (one.refusal.reason is Reason.ACCOUNT)
    assert not any(held.recorded.is_change(asked) for asked in held.session.asked)
