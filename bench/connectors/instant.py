"""A carrier within the process that does at once what it is asked: what is measured is our side alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

from xuliu.carrier.contract import (
    Action,
    Answer,
    Capabilities,
    Change,
    Outcome,
    Proof,
    Question,
    Reading,
    Session,
    SimKey,
)
from xuliu.common.dates import add_term

ENDS_IN_DAYS, ENDS_WITHIN_DAYS = 9, 28
GRANTED_BYTES = 300 * 1024 * 1024
LINES_A_CALL = 2_000

# What this carrier knows of the SIMs that it renewed.
_ends: dict[str, date] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class NoConfig:
    """There is nothing to be set."""


class Connector:
    """Fulfils `xuliu.carrier.contract.Connector`."""

    code: ClassVar[str] = "bench-instant"
    name: ClassVar[Mapping[str, str]] = {"zh-hans": "基准", "en": "Bench"}
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions=frozenset(Action),
        proofs=frozenset({Proof.PERIOD_END}),
        batch_size=LINES_A_CALL,
        read_batch_size=LINES_A_CALL,
        calls_per_second=1_000_000.0,
        parallel=1,
    )
    Config: ClassVar[type[NoConfig]] = NoConfig

    def __init__(self, config: NoConfig) -> None:
        self._config = config

    @staticmethod
    def names_of(iccid: str) -> tuple[str, ...]:
        """The one that is given."""
        return (iccid,)

    def read(self, session: Session, sims: Sequence[SimKey]) -> list[Reading]:
        """Every SIM is known and active."""
        at = session.now()
        today = at.date()
        return [
            Reading(
                iccid=sim.iccid,
                as_of=at,
                state="active",
                period_end_on=_end_of(sim.iccid, today),
                granted_bytes=GRANTED_BYTES,
                used_bytes=0,
                left_bytes=GRANTED_BYTES,
            )
            for sim in sims
        ]

    def submit(self, session: Session, changes: Sequence[Change]) -> list[Answer]:
        """Every change is done."""
        today = session.now().date()
        for change in changes:
            end = _end_of(change.sim.iccid, today)
            _ends[change.sim.iccid] = add_term(end, months=change.months, days=change.days, anchor_day=end.day)
        return [Answer(reference=change.reference, outcome=Outcome.DONE) for change in changes]

    def find(self, session: Session, questions: Sequence[Question]) -> list[Answer]:
        """Nobody has to ask: every answer came at once."""
        return [Answer(reference=one.change.reference, outcome=Outcome.UNKNOWN) for one in questions]


def _end_of(iccid: str, today: date) -> date:
    return _ends.get(iccid) or today + timedelta(days=ENDS_IN_DAYS + int(iccid[-13:]) % ENDS_WITHIN_DAYS)
