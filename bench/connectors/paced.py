"""The same carrier at a carrier's pace: fifty lines a second, readings included, ten SIMs a call."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from xuliu.carrier.budget import wait_for_turn
from xuliu.carrier.connectors import instant
from xuliu.carrier.contract import Answer, Capabilities, Change, Reading, Session, SimKey
from xuliu.carrier.session import AccountSession

LONGEST_WAIT_SECONDS = 5.0


class Connector(instant.Connector):
    """Takes each call's turn from the account's rate budget, which all processes share."""

    code: ClassVar[str] = "bench-paced"
    name: ClassVar[Mapping[str, str]] = {"zh-hans": "基准（限速）", "en": "Bench, paced"}
    capabilities: ClassVar[Capabilities] = replace(
        instant.Connector.capabilities, batch_size=10, read_batch_size=10, calls_per_second=15.0, parallel=4
    )

    def read(self, session: Session, sims: Sequence[SimKey]) -> list[Reading]:
        """One turn for ten SIMs."""
        _wait(session, len(sims))
        return super().read(session, sims)

    def submit(self, session: Session, changes: Sequence[Change]) -> list[Answer]:
        """One turn a call."""
        _wait(session, len(changes))
        return super().submit(session, changes)


def _wait(session: Session, sims: int) -> None:
    assert isinstance(session, AccountSession)
    for _ in range(0, sims, Connector.capabilities.read_batch_size):
        wait_for_turn(
            session.account_id, calls_per_second=session.calls_per_second, at_most_seconds=LONGEST_WAIT_SECONDS
        )
