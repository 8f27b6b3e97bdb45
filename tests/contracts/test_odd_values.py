"""Whatever stands in whichever place of whichever answer: no exception, and nothing out of bounds comes in.

Odd value x place x operation x connector, without servers; before, at and after sending are the same calls.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.odd import BODIES, VALUES, WAITS, leaves, with_odd
from tests.contracts.on_paper import Paper, on_paper
from tests.contracts.peer import RecordedCall, Reply
from tests.contracts.rigs import CODES
from xuliu.carrier.bounds import bounded_answer, bounded_reading
from xuliu.carrier.contract import Answer, NoAnswer, NotSent, Outcome, Question, Reading
from xuliu.common.bounds import FIRST_DAY, LAST_DAY, MOST_BYTES

Operation = Callable[[Paper], object]


def read(held: Paper) -> None:
    """A reading, as the core takes it in."""
    try:
        (said,) = held.connector.read(held.session, [held.sim])
    except (NotSent, NoAnswer) as error:
        check_wait(error)
        return
    reading = said and bounded_reading(held.sim, said, now=held.session.now())
    if reading is not None:
        check_reading(reading)


def submit(held: Paper) -> None:
    """Each change, as the core takes in what is answered."""
    for action in sorted(held.connector.capabilities.actions):
        change = held.change(action)
        (said,) = held.connector.submit(held.session, [change])
        check_answer(bounded_answer(change, said, now=held.session.now()))


def find(held: Paper) -> None:
    """Each question on each path."""
    before = on_paper(held.connector.code).read()
    numbers = ["", *(path.number for path in held.recorded.paths)]
    for action in sorted(held.connector.capabilities.actions):
        change, now = held.change(action), held.session.now()
        for number in numbers:
            question = Question(change=change, number=number, before=before, sent_from=now, sent_to=now)
            (said,) = held.connector.find(held.session, [question])
            check_answer(bounded_answer(change, said, now=now))


def check_reading(reading: Reading) -> None:
    """Within bounds, and it can be stored."""
    for figure in (reading.granted_bytes, reading.used_bytes, reading.left_bytes):
        assert figure is None or 0 <= figure <= MOST_BYTES
    for on in (reading.period_end_on, reading.counted_from, *(plan.ends_on for plan in reading.plans)):
        assert on is None or FIRST_DAY <= on <= LAST_DAY
    texts = (reading.state, reading.imei, reading.blocked_why, reading.refused, *(plan.code for plan in reading.plans))
    assert all(text.isprintable() and len(text) <= 200 for text in texts)


def check_answer(answer: Answer) -> None:
    """Within bounds, and it can be stored."""
    assert answer.number.isprintable()
    assert len(answer.number) <= 64
    assert answer.detail.isprintable()
    assert len(answer.detail) <= 1000
    assert answer.retry_after_seconds is None or 0 <= answer.retry_after_seconds <= 3600
    if answer.seen is not None:
        check_reading(answer.seen)


def check_wait(error: NotSent | NoAnswer) -> None:
    """An hour at the most."""
    assert (getattr(error, "retry_after_seconds", None) or 0) <= 3600


OPERATIONS = [read, submit, find]
EVERY = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.__name__)


def asked_by(code: str, operation: Operation) -> list[str]:
    """The paths of the requests that an operation makes."""
    held = on_paper(code)
    operation(held)
    return list(dict.fromkeys(asked.path for asked in held.session.asked))


@pytest.mark.parametrize("code", CODES)
@EVERY
def test_one_odd_value_anywhere_is_not_said_and_raises_nothing(code: str, operation: Operation) -> None:
    for path in asked_by(code, operation):
        for odd in VALUES.values():
            for place in range(places(code, operation, path)):
                held = on_paper(code)
                held.session.answer = spoiling(held, path, place, odd)
                operation(held)


def places(code: str, operation: Operation, path: str) -> int:
    """How many values the recorded answer to requests of that path has."""
    held, most = on_paper(code), 0
    operation(held)
    for asked in held.session.asked:
        body = held.recorded.answer(asked).body
        most = max(most, leaves(json.loads(body)) if asked.path == path and body else 0)
    return most


def spoiling(held: Paper, path: str, place: int, odd: str) -> Callable[[RecordedCall], Reply]:
    """Answers as recorded, but for one value of those of that path."""

    def answer(asked: RecordedCall) -> Reply:
        reply = held.recorded.answer(asked)
        is_one = asked.path == path and reply.body and place < leaves(json.loads(reply.body))
        return with_odd(reply, place, odd) if is_one else reply

    return answer


@pytest.mark.parametrize("code", CODES)
@EVERY
@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:12]))
def test_a_body_that_nobody_can_read_raises_nothing(code: str, operation: Operation, body: bytes) -> None:
    for path in asked_by(code, operation):
        for status in (200, 201, 400, 404):
            held = on_paper(code)
            held.on(lambda asked, path=path: asked.path == path, Reply(status=status, body=body))  # type: ignore[misc]  # a default binds it
            operation(held)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("wait", WAITS)
def test_a_wait_that_is_none_keeps_a_change_back_without_one(code: str, wait: str) -> None:
    held = on_paper(code)
    held.on(held.recorded.is_change, Reply(status=429, headers={"retry-after": wait}))
    action = min(held.connector.capabilities.actions)

    (answer,) = held.connector.submit(held.session, [held.change(action)])

    assert (answer.outcome, answer.retry_after_seconds) == (Outcome.NOT_SENT, None)


texts = st.text(st.characters(), max_size=30)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.sampled_from([10**40, -(10**40), "9" * 500]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("code", CODES)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(odd=values, place=st.integers(0, 30), turn=st.integers(0, 5), operation=st.sampled_from(OPERATIONS))
def test_whatever_stands_in_an_answer_raises_nothing(
    code: str, odd: object, place: int, turn: int, operation: Operation
) -> None:
    """Before sending, at it, and after it: whichever request of the operation gets it."""
    paths = asked_by(code, operation)
    held = on_paper(code)
    held.session.answer = spoiling(held, paths[turn % len(paths)], place, json.dumps(odd))
    operation(held)


def test_a_list_of_plans_that_is_too_long_is_no_reading() -> None:
    """A part of it would make a plan look new that was only left out before."""
    held = on_paper("onelink")
    reading = held.read()
    assert reading.plans

    assert bounded_reading(held.sim, replace(reading, plans=reading.plans * 501), now=held.session.now()) is None
