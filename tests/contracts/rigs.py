"""One connector set up against its recorded peer: what the shared contract test holds in its hands."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from types import ModuleType
from typing import Any

from tests.contracts.local_session import LocalSession
from tests.contracts.peer import Fault, Recorded, RecordedCall, StandIn
from xuliu.carrier.contract import Action, Answer, Change, Connector, Question, Reading, Session, SimKey
from xuliu.carrier.registry import all_connectors

CODES = tuple(all_connectors())


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A connector and a session to its recorded carrier."""

    connector: Connector
    recorded: Recorded
    session: Session

    @property
    def sim(self) -> SimKey:
        """The SIM that the peer knows."""
        return SimKey(iccid=self.recorded.iccid, msisdn=self.recorded.msisdn)

    def change(self, action: Action, reference: str = "l17a1") -> Change:
        """A change of that SIM."""
        return Change(
            reference=reference,
            sim=self.sim,
            action=action,
            plan_code=self.recorded.plan_codes[action],
            months=12 if action is Action.RENEW else 0,
            size_bytes=10**8 if action is Action.ADD_ON else 0,
        )

    def submit(self, change: Change) -> Answer:
        """The one answer to one change."""
        (answer,) = self.connector.submit(self.session, [change])
        assert answer.reference == change.reference
        return answer

    def read(self) -> Reading:
        """The one reading of the SIM."""
        (reading,) = self.connector.read(self.session, [self.sim])
        assert reading is not None
        return reading

    def find(self, change: Change, *, number: str = "", before: Reading | None = None) -> Answer:
        """What became of that change, sent a moment ago."""
        now = self.session.now()
        question = Question(
            change=change, number=number, before=before, sent_from=now - timedelta(minutes=1), sent_to=now
        )
        (answer,) = self.connector.find(self.session, [question])
        assert answer.reference == change.reference
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig(Held):
    """The same over real HTTP, with the peer it speaks to."""

    session: LocalSession
    peer: StandIn

    def changes_seen(self) -> int:
        """How many changes have reached the peer."""
        return sum(self.recorded.is_change(asked) for asked in self.peer.asked)

    def on_change(self, fault: Fault) -> None:
        """From now on the peer answers changes so, and all else as recorded."""
        self.peer.answer = lambda asked: fault if self.recorded.is_change(asked) else self.recorded.answer(asked)

    def always(self, fault: Fault) -> None:
        """From now on the peer answers everything so."""
        self.peer.answer = lambda asked: fault

    def once_done(self, action: Action) -> None:
        """From now on the peer speaks as if that change had happened."""
        self.peer.answer = lambda asked: self.recorded.after(action, asked)


def connector_module(code: str) -> ModuleType:
    """The module in which the connector with that code lies."""
    return import_module(all_connectors()[code].__module__)


def _recordings(module: str) -> str:
    """Where its recorded answers lie: beside a file in the tests of the connectors, in the tests of a folder."""
    package, _, name = module.rpartition(".")
    return f"{package}.tests.recorded" if name == "connector" else f"{package}.tests.recorded_{name}"


def recorded_answers(code: str) -> Recorded:
    """The recorded answers of the connector with that code. Raises ModuleNotFoundError where there are none."""
    recorded = import_module(_recordings(connector_module(code).__name__)).RECORDED
    assert isinstance(recorded, Recorded)
    return recorded


def connector(code: str, base_url: str, config: Mapping[str, str]) -> Connector:
    """That connector for an account at that address."""
    made: Callable[[Any], Connector] = all_connectors()[code]
    return made(all_connectors()[code].Config(base_url=base_url, **config))


@contextmanager
def rigged(code: str) -> Iterator[Rig]:
    """The connector with that code against its recorded peer, at an address of its own."""
    recorded = recorded_answers(code)
    answer: Callable[[RecordedCall], Fault] = recorded.answer
    peer, session = StandIn(answer), LocalSession()
    try:
        made = connector(code, f"{peer.address}{recorded.base_path}", recorded.config)
        yield Rig(connector=made, recorded=recorded, session=session, peer=peer)
    finally:
        session.close()
        peer.close()
