"""The one place where a connector is called, with connectors that fail in every way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from django.db import OperationalError

from tests.make import make_account
from xuliu.carrier.asking import Asking
from xuliu.carrier.contract import (
    AccountRefused,
    Action,
    Answer,
    Change,
    Connector,
    ListedPlan,
    NoAnswer,
    NotSent,
    Outcome,
    Question,
    Reading,
    Reason,
    Session,
    SimKey,
)
from xuliu.carrier.tests.offices import make_session
from xuliu.common import clock
from xuliu.common.circuit import MISTAKES_IN_A_ROW, Trouble, circuit_of
from xuliu.common.tests.peers import answers, peer, resets, unused_port

NOW = datetime(2026, 3, 10, tzinfo=UTC)


def make_change(number: int) -> Change:
    sim = SimKey(iccid=f"8986{number}")
    return Change(reference=f"l{number}a1", sim=sim, action=Action.RENEW, plan_code=str(number), months=12)


def done(change: Change) -> Answer:
    return Answer(reference=change.reference, outcome=Outcome.DONE)


@dataclass
class Scripted:
    """A connector that does as it is told for each change; `odd` are the numbers at which it makes a mistake."""

    odd: frozenset[str] = frozenset()
    url: str = ""  # where it sends each change before it makes its mistake
    mistake: Exception = field(default_factory=lambda: KeyError("no such plan"))
    seen: list[str] = field(default_factory=list)
    returned: Callable[[Change], Any] = done

    def submit(self, session: Session, changes: Sequence[Change]) -> list[Answer]:
        for change in changes:
            self.seen.append(change.plan_code)
            if self.url:
                session.call(operation="order", method="POST", url=self.url, reference=change.reference, is_change=True)
            if change.plan_code in self.odd:
                raise self.mistake
        return [self.returned(change) for change in changes]

    def find(self, session: Session, questions: Sequence[Question]) -> list[Answer]:
        return self.submit(session, [question.change for question in questions])

    def read(self, session: Session, sims: Sequence[SimKey]) -> list[Reading | None]:
        if any(sim.iccid.removeprefix("8986") in self.odd for sim in sims):
            raise self.mistake
        return [self.returned(cast("Any", sim)) for sim in sims]


@dataclass
class Desk:
    """A scripted connector's account, and what was told of its trouble."""

    connector: Scripted
    asking: Asking
    told: list[Trouble]

    def submit(self, *numbers: int) -> list[Answer]:
        return self.asking.submit([make_change(number) for number in numbers])

    def find(self, *numbers: int) -> list[Answer]:
        questions = [
            Question(change=make_change(number), number="n17", sent_from=NOW, sent_to=NOW) for number in numbers
        ]
        return self.asking.find(questions)


@pytest.fixture
def desk(db: None) -> Desk:
    account, connector = make_account(), Scripted()
    told: list[Trouble] = []
    asking = Asking(account.pk, cast("Connector", connector), make_session(account), told.append)
    return Desk(connector, asking, told)


def test_a_mistake_before_a_byte_has_left_is_not_sent_and_holds_up_no_other_change(desk: Desk) -> None:
    desk.connector.odd = frozenset({"3"})

    answers = desk.submit(*range(8))

    assert [answer.outcome for answer in answers] == [
        Outcome.NOT_SENT if number == 3 else Outcome.DONE for number in range(8)
    ]
    assert (answers[3].reason, "KeyError" in answers[3].detail) == (Reason.AWAY, True)
    assert desk.told == []


def test_a_mistake_after_a_byte_has_left_is_no_answer_and_nothing_is_sent_again(desk: Desk) -> None:
    with peer(answers()) as carrier:
        desk.connector.url, desk.connector.odd = carrier.url, frozenset({"1"})

        said = desk.submit(0, 1, 2)

    assert [answer.outcome for answer in said] == [Outcome.UNKNOWN] * 3
    assert desk.connector.seen == ["0", "1"]


@pytest.mark.parametrize("way", ["refused", "reset"])
def test_a_connector_that_lets_out_what_the_network_did_is_sorted_by_what_left(desk: Desk, way: str) -> None:
    """It should have answered. NotSent of something that left is not to be believed either."""
    with peer(resets) as carrier:
        desk.connector.url = carrier.url if way == "reset" else f"http://127.0.0.1:{unused_port()}/"
        (answer,) = desk.submit(0)

    assert answer.outcome is (Outcome.UNKNOWN if way == "reset" else Outcome.NOT_SENT)


def test_not_sent_after_a_byte_has_left_is_not_believed(desk: Desk) -> None:
    with peer(answers()) as carrier:
        desk.connector.url, desk.connector.odd = carrier.url, frozenset({"0"})
        desk.connector.mistake = NotSent("so it says")

        (answer,) = desk.submit(0)

    assert answer.outcome is Outcome.UNKNOWN


def test_mistakes_in_a_row_over_different_changes_open_the_circuit_and_tell_once(desk: Desk, clock_file: Path) -> None:
    desk.connector.odd = frozenset(str(number) for number in range(100))

    said = [desk.submit(number)[0] for number in range(10)]

    assert len(desk.connector.seen) == MISTAKES_IN_A_ROW
    assert {answer.outcome for answer in said} == {Outcome.NOT_SENT}
    (trouble,) = desk.told
    assert (trouble.operation, trouble.error) == ("submit", "KeyError: 'no such plan'")
    assert trouble.place.startswith("tests/test_asking.py:")


def test_a_mistake_that_meets_every_change_ends_after_a_few_of_a_large_batch(desk: Desk) -> None:
    desk.connector.odd = frozenset(str(number) for number in range(100))

    desk.submit(*range(100))

    assert len(desk.connector.seen) < 12
    assert len(desk.told) == 1


def test_after_its_pause_one_mistake_opens_it_again_for_longer_and_a_success_ends_it(
    desk: Desk, clock_file: Path
) -> None:
    desk.connector.odd = frozenset("0123456789")
    desk.submit(*range(4))
    clock_file.write_text("61")
    desk.submit(5)
    seen = len(desk.connector.seen)
    clock_file.write_text("130")
    desk.submit(6)
    assert len(desk.connector.seen) == seen

    clock_file.write_text("200")
    desk.connector.odd = frozenset()
    assert desk.submit(7)[0].outcome is Outcome.DONE
    assert (desk.told[-1].error, desk.told[-1].operation) == ("", "submit")


def test_one_change_alone_never_opens_the_circuit(desk: Desk) -> None:
    desk.connector.odd = frozenset({"3"})

    for _ in range(10):
        desk.submit(3)

    assert desk.told == []
    assert desk.submit(4)[0].outcome is Outcome.DONE


def test_the_databases_trouble_is_nobodys_mistake(desk: Desk) -> None:
    desk.connector.odd, desk.connector.mistake = frozenset("0123456789"), OperationalError("the connection is gone")

    assert {answer.outcome for number in range(6) for answer in desk.submit(number)} == {Outcome.NOT_SENT}
    assert desk.told == []


def test_a_question_over_which_the_connector_fails_leaves_what_was_asked_about_unknown(desk: Desk) -> None:
    desk.connector.odd = frozenset({"1"})

    said = desk.find(0, 1, 2)

    assert [answer.outcome for answer in said] == [Outcome.DONE, Outcome.UNKNOWN, Outcome.DONE]
    assert said[1].number == "n17"


def test_a_reading_over_which_the_connector_fails_is_none_and_the_others_are_used(desk: Desk) -> None:
    desk.connector.odd = frozenset({"1"})
    desk.connector.returned = lambda sim: Reading(iccid=cast("Any", sim).iccid, as_of=clock.now(), state="active")

    said = desk.asking.read([SimKey(iccid=f"8986{number}") for number in range(4)])

    assert [one and one.state for one in said] == ["active", None, "active", "active"]


def test_what_was_said_of_none_is_raised_as_what_it_was(desk: Desk) -> None:
    desk.connector.odd = frozenset({"1"})
    for mistake in (AccountRefused("401"), NoAnswer("502"), NotSent("429", retry_after_seconds=3)):
        desk.connector.mistake = mistake
        with pytest.raises(type(mistake)):
            desk.asking.read([SimKey(iccid="89861")])


ODD_ANSWERS: dict[str, Callable[[Change], Any]] = {
    "nothing": lambda change: None,
    "words": lambda change: "done",
    "another's": lambda change: Answer(reference="l99a1", outcome=Outcome.DONE),
    "a word for the outcome": lambda change: Answer(reference=change.reference, outcome=cast("Outcome", "fine")),
}


@pytest.mark.parametrize("odd", ODD_ANSWERS.values(), ids=ODD_ANSWERS)
def test_what_is_no_answer_to_it_leaves_a_change_unknown(desk: Desk, odd: Callable[[Change], Any]) -> None:
    desk.connector.returned = lambda change: odd(change) if change.plan_code == "1" else done(change)

    assert [answer.outcome for answer in desk.submit(0, 1, 2)] == [Outcome.DONE, Outcome.UNKNOWN, Outcome.DONE]


def test_a_refusal_for_our_accounts_sake_is_nobodys_refund(desk: Desk) -> None:
    desk.connector.returned = lambda change: Answer(
        reference=change.reference, outcome=Outcome.REJECTED, reason=Reason.ACCOUNT, detail="empty"
    )

    assert desk.submit(0)[0].outcome is Outcome.NOT_SENT


def test_an_answers_texts_are_cut_its_number_comes_whole_and_its_wait_is_an_hour_at_most(desk: Desk) -> None:
    desk.connector.returned = lambda change: Answer(
        reference=change.reference,
        outcome=Outcome.NOT_SENT,
        reason=Reason.TEMPORARY,
        number="n" * 65,
        detail="a\0b\ud800" + "c" * 2000,
        retry_after_seconds=7_200,
    )

    (answer,) = desk.submit(0)

    assert (answer.number, answer.detail[:3], len(answer.detail)) == ("", "a b", 1000)
    assert answer.retry_after_seconds == 3600


def test_a_readings_figures_out_of_range_were_not_said(desk: Desk) -> None:
    plan = ListedPlan(code="a\0", starts_on=date(1, 1, 1), ends_on=date.max)
    desk.connector.returned = lambda sim: Reading(
        iccid=cast("Any", sim).iccid,
        as_of=clock.now() + timedelta(days=4000),
        state="active\0",
        period_end_on=date.max,
        granted_bytes=10**30,
        used_bytes=-1,
        left_bytes=cast("int", 1.5),
        imei="86\0",
        refused="\0",
        plans=(plan,),
    )

    (said,) = desk.asking.read([SimKey(iccid="89861")])

    assert said is not None
    assert (said.period_end_on, said.granted_bytes, said.used_bytes, said.left_bytes) == (None, None, None, None)
    assert (said.state, said.imei, said.refused) == ("active", "", "refused")
    assert said.plans == (ListedPlan(code=""),)
    assert said.as_of <= clock.now()


@pytest.mark.parametrize("odd", [None, "words", Reading(iccid="89862", as_of=NOW)])
def test_what_is_no_reading_of_that_sim_says_nothing_of_it(desk: Desk, odd: Any) -> None:
    desk.connector.returned = lambda sim: odd

    assert desk.asking.read([SimKey(iccid="89861")]) == [None]


def test_a_circuit_that_is_open_lets_nothing_out(desk: Desk) -> None:
    for number in range(MISTAKES_IN_A_ROW):
        circuit_of("carrier", desk.asking.account_id).mistaken("submit", [str(number)])

    assert desk.submit(0)[0].outcome is Outcome.NOT_SENT
    with pytest.raises(NotSent, match="our own code"):
        desk.asking.read([SimKey(iccid="89861")])
    assert desk.connector.seen == []
