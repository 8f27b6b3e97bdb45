"""One connector set up against the sandbox: the contract with a peer that acts and keeps its own books."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from tests.contracts.local_session import LocalSession
from tests.contracts.rigs import connector
from xuliu.carrier.contract import Action, Answer, Change, Connector, Outcome, Question, Reading, Reason, SimKey
from xuliu.sandbox.testing import Sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan of the sandbox: what it grants."""

    code: str
    months: int = 0
    size_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What the sandbox has for a carrier: numbers that its SIMs may have, and plans."""

    iccid_prefix: str
    msisdn_prefix: str
    plans: Mapping[Action, Plan]
    base_plan: str
    # Refusals for which its protocol has no answer of their own, and what the nearest answer is taken for.
    told_otherwise: Mapping[tuple[Action, Reason], tuple[Outcome, Reason | None]] = field(default_factory=dict)


FLEETS = {
    "onelink": Fleet(
        iccid_prefix="89860400000000000",
        msisdn_prefix="1440000000",
        plans={
            Action.RENEW: Plan(code="300M-3M", months=3, size_bytes=314_572_800),
            Action.ADD_ON: Plan(code="2", size_bytes=524_288_000),
        },
        base_plan="300M-12M",
    ),
    "1nce": Fleet(
        iccid_prefix="8988280666000000",
        msisdn_prefix="882285100000",
        plans={
            Action.RENEW: Plan(code="1", months=12, size_bytes=500_000_000),
            Action.ADD_ON: Plan(code="topup", size_bytes=500_000_000),
        },
        base_plan="1",
        told_otherwise={
            (Action.RENEW, Reason.TEMPORARY): (Outcome.UNKNOWN, None),  # 503
            (Action.ADD_ON, Reason.TEMPORARY): (Outcome.UNKNOWN, None),
            (Action.ADD_ON, Reason.PLAN): (Outcome.NOT_SENT, Reason.ACCOUNT),  # 400: described as the payment method
        },
    ),
}


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
    session = session or LocalSession()
    address = {"onelink": sandbox.onelink, "1nce": sandbox.nce}[code]
    made = connector(code, address, sandbox.credentials[code])
    rig = SandboxRig(code=code, connector=made, session=session, sandbox=sandbox, fleet=FLEETS[code])
    rig.stock()
    try:
        yield rig
    finally:
        session.close()
