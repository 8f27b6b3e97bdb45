"""One connector set up against the sandbox: the contract with a peer that acts and keeps its own books."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.contracts.fleets import Fleet
from tests.contracts.local_session import LocalSession
from tests.contracts.rigs import CODES, connector, connector_module
from xuliu.carrier.contract import Action, Answer, Change, Connector, Question, Reading, SimKey
from xuliu.sandbox.testing import Sandbox


def _fleets() -> Iterator[tuple[str, Fleet]]:
    """Of those that have one. That each has is a test of its own: one without stops nobody else's tests."""
    for code in CODES:
        module = connector_module(code)
        if (Path(str(module.__file__)).parent / "tests/rig.py").exists():
            yield code, import_module(f"{module.__name__.rpartition('.')[0]}.tests.rig").FLEET


FLEETS = dict(_fleets())


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxRig:
    """A connector with an account at the sandbox, where Lin's SIMs are on the books."""

    code: str
    connector: Connector
    session: LocalSession
    sandbox: Sandbox
    fleet: Fleet

    def sim(self, place: int = 17) -> SimKey:
        """The SIM in that place of the fleet."""
        return SimKey(iccid=f"{self.fleet.iccid_prefix}{place:03d}", msisdn=f"{self.fleet.msisdn_prefix}{place:03d}")

    def stock(self, *places: int, **fields: Any) -> None:
        """Put the SIMs in these places on the carrier's books."""
        defaults = {
            "plan": self.fleet.base_plan,
            "ends_on": (date.today() + timedelta(days=20)).isoformat(),  # noqa: DTZ011 — any day that is not over
            "granted_bytes": 314_572_800,
            "used_bytes": 100_000_000,
        }
        self.sandbox.control.sims(
            [
                {"carrier": self.code, "iccid": sim.iccid, "msisdn": sim.msisdn, **defaults, **fields}
                for sim in map(self.sim, places or (17,))
            ]
        )

    def plant(self, kind: str, **more: Any) -> None:
        """The next change at this carrier goes wrong so."""
        self.sandbox.control.fault(**{"peer": self.code, "kind": kind, "operation": "change", **more})

    def change(self, action: Action, place: int = 17) -> Change:
        """A change of the SIM in that place."""
        plan = self.fleet.plans[action]
        return Change(
            reference=f"l{place}a1",
            sim=self.sim(place),
            action=action,
            plan_code=plan.code,
            months=plan.months,
            size_bytes=plan.size_bytes,
        )

    def submit(self, change: Change) -> Answer:
        """The one answer to one change."""
        (answer,) = self.connector.submit(self.session, [change])
        return answer

    def read(self, place: int = 17) -> Reading:
        """The one reading of the SIM in that place."""
        (reading,) = self.connector.read(self.session, [self.sim(place)])
        assert reading is not None
        return reading

    def find(self, change: Change, *, before: Reading, number: str = "") -> Answer:
        """What became of that change."""
        now = self.session.now()
        question = Question(
            change=change, number=number, before=before, sent_from=now - timedelta(minutes=1), sent_to=now
        )
        (answer,) = self.connector.find(self.session, [question])
        return answer

    def effects(self) -> list[Mapping[str, Any]]:
        """What really happened, as the carrier's books have it."""
        return list(self.sandbox.control.books()["carriers"][self.code]["effects"])


@contextmanager
def at_sandbox(code: str, sandbox: Sandbox, session: LocalSession | None = None) -> Iterator[SandboxRig]:
    """The connector with that code, with an account at that sandbox and one SIM on its books."""
    assert code in sandbox.urls, f"no folder of xuliu/sandbox/carriers has a StandIn with the code {code}"
    session = session or LocalSession()
    made = connector(code, sandbox.urls[code], sandbox.credentials[code])
    rig = SandboxRig(code=code, connector=made, session=session, sandbox=sandbox, fleet=FLEETS[code])
    rig.stock()
    try:
        yield rig
    finally:
        session.close()
