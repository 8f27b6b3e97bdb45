"""The only place where the core calls a connector.

Results are checked by `bounds`. An exception other than NotSent and NoAnswer is a bug of the connector, and becomes one
of the two by the only question that matters for money: has a byte of a change left? The batch is then halved to isolate
the SIM or change that triggers the bug. If no single one does, it is the account's trouble: its circuit opens and a
case is opened, before a whole fleet is UNKNOWN.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from xuliu.carrier.bounds import bounded_answer, bounded_reading
from xuliu.carrier.contract import Answer, Change, Connector, NoAnswer, NotSent, Question, Reading, SimKey
from xuliu.carrier.identity import answers_to, readings_of
from xuliu.carrier.session import AccountSession
from xuliu.common.calls import departures
from xuliu.common.circuit import Trouble, circuit_of
from xuliu.common.failures import error_text, is_transient, place_of

log = logging.getLogger(__name__)

Failure = NotSent | NoAnswer


@dataclass(frozen=True, slots=True)
class Asking:
    """One account ready for calls. `tell` is called when its connector's trouble begins and ends."""

    account_id: int
    connector: Connector
    session: AccountSession
    tell: Callable[[Trouble], object]

    def read(self, sims: Sequence[SimKey]) -> list[Reading | None]:
        """Readings in the order given; None without a usable answer for a SIM.

        Raises NotSent, NoAnswer if there is none for any.
        """
        now = self.session.now()
        said = _or_raise(self._asked("read", sims, [sim.iccid for sim in sims], self._read))
        return [bounded_reading(sim, one, now=now) for sim, one in zip(sims, said, strict=True)]

    def submit(self, changes: Sequence[Change]) -> list[Answer]:
        """One answer per change, in their order; never raises because of connector, carrier or network."""
        said = self._asked("submit", changes, [change.reference for change in changes], self._submit)
        return [self._answer(change, one) for change, one in zip(changes, said, strict=True)]

    def find(self, questions: Sequence[Question]) -> list[Answer]:
        """What became of changes, in their order. Raises NotSent, NoAnswer if there is none for any."""
        changes = [question.change for question in questions]
        said = _or_raise(self._asked("find", questions, [change.reference for change in changes], self._find))
        return [
            Answer.unsure(one.change, answer, one.number)
            if isinstance(answer, NotSent | NoAnswer)
            else self._answer(one.change, answer)
            for one, answer in zip(questions, said, strict=True)
        ]

    def _read(self, sims: Sequence[SimKey]) -> list[object]:
        return list(readings_of(sims, self.connector.read(self.session, sims)))

    def _submit(self, changes: Sequence[Change]) -> list[object]:
        return _by_reference(changes, self.connector.submit(self.session, changes))

    def _find(self, questions: Sequence[Question]) -> list[object]:
        return list(answers_to(questions, self.connector.find(self.session, questions)))

    def _answer(self, change: Change, said: object) -> Answer:
        if isinstance(said, NotSent):
            return Answer.kept_back(change, said)
        if isinstance(said, NoAnswer):
            return Answer.unsure(change, said)
        return bounded_answer(change, said, now=self.session.now())

    def _asked(
        self, operation: str, asked: Sequence[Any], names: Sequence[str], ask: Callable[[Sequence[Any]], list[object]]
    ) -> list[object]:
        """What the connector returned for each, or the NotSent or NoAnswer that explains why it returned nothing."""
        circuit = circuit_of("carrier", self.account_id)
        with departures() as left:
            try:
                circuit.check()
                with self.session.one_slot():
                    said = ask(asked)
            except (NotSent, NoAnswer) as error:
                return [_sorted(error, left)] * len(asked)
            except Exception as error:  # noqa: BLE001  # a connector may raise anything
                is_the_accounts = self._is_the_accounts(operation, names, error)
                if left or is_the_accounts or len(asked) == 1:
                    return [_sorted(NotSent(f"the connector failed: {error_text(error)}"), left)] * len(asked)
            else:
                if circuit.worked(operation):
                    self.tell(Trouble(account_id=self.account_id, operation=operation))
                return said
        half = len(asked) // 2
        first = self._asked(operation, asked[:half], names[:half], ask)
        return first + self._asked(operation, asked[half:], names[half:], ask)

    def _is_the_accounts(self, operation: str, names: Sequence[str], error: Exception) -> bool:
        """Log a bug with its place and count it, unless the database caused it; returns whether no single item explains
        it."""
        log.error("the connector failed", exc_info=error, extra={"account": self.account_id, "stop": operation})
        if is_transient(error):
            return True  # nothing is looked for by halves
        circuit = circuit_of("carrier", self.account_id)
        if not circuit.mistaken(operation, names):
            return False
        trouble = Trouble(
            account_id=self.account_id, operation=operation, error=error_text(error), place=place_of(error)
        )
        self.tell(trouble)
        return True


def _by_reference(changes: Sequence[Change], answers: Sequence[object]) -> list[object]:
    """Answers in the order of the changes; None where there is none."""
    found = {answer.reference: answer for answer in answers if isinstance(answer, Answer)}
    return [found.get(change.reference) for change in changes]


def _sorted(error: NotSent | NoAnswer, left: Sequence[str]) -> NotSent | NoAnswer:
    """Once a byte has left, the outcome is unknown, whatever the connector calls it."""
    return NoAnswer(str(error)) if left and isinstance(error, NotSent) else error


def _or_raise(said: list[object]) -> list[object]:
    failures = [one for one in said if isinstance(one, NotSent | NoAnswer)]
    if failures and len(failures) == len(said):
        raise failures[0]
    return said
