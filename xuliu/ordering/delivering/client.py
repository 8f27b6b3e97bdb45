"""The carrier's client: calls one carrier account about lines, within its limits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import chain
from math import ceil
from typing import TypeVar

from xuliu.balance.refresh import asking_of
from xuliu.carrier.accounts import capabilities_of
from xuliu.carrier.asking import Asking
from xuliu.carrier.contract import Answer, Capabilities, Reading
from xuliu.carrier.models import CarrierAccount
from xuliu.common import parallel, stops
from xuliu.common.chunks import in_chunks
from xuliu.ordering.delivering.active_lines import ActiveLine
from xuliu.ordering.delivering.deadlines import longest_sending

Part = TypeVar("Part")
Said = TypeVar("Said")
READINGS_OF_A_LINE = 2
PART = 4  # SIMs per thread before another thread is worth it
CLAIM_SECONDS = 0.3
LEASE_DEADLINES = 3  # a deadline is at most a third of the lease


@dataclass(frozen=True, slots=True)
class CarrierClient:
    """One carrier account ready for calls; `capabilities` include the account's own limits."""

    account: CarrierAccount
    asking: Asking
    capabilities: Capabilities

    @classmethod
    def of(cls, account_id: int) -> "CarrierClient":
        """The client of the account with its current pause and limits."""
        account = CarrierAccount.objects.get(id=account_id)
        return cls(account, asking_of(account), capabilities_of(account))

    @property
    def lines_a_claim(self) -> int:
        """How many lines the account's budget allows in CLAIM_SECONDS: read, sent, and read again, in full calls.

        A claim takes no more, so that a person's line never waits behind more.
        """
        can = self.capabilities
        calls_per_line = READINGS_OF_A_LINE * can.calls_per_read / can.read_batch_size + 1 / can.batch_size
        lines_a_call = min(can.batch_size, can.read_batch_size)  # what a single call of each kind carries
        return lines_a_call * ceil(can.calls_per_second * CLAIM_SECONDS / calls_per_line / lines_a_call)

    def read(self, lines: Sequence["ActiveLine"], *, stop: str) -> list[Reading | None]:
        """Readings of the lines' SIMs in their order, read in parallel; None without a usable answer for a SIM. Raises
        NotSent, NoAnswer."""
        return self._in_parts(lines, self._parts(lines), self._read, stop)

    def find(self, lines: Sequence["ActiveLine"], *, stop: str) -> list[Answer]:
        """What became of the lines' newest attempts, likewise; lines of one carrier's number stay together."""
        together: dict[str, list[ActiveLine]] = {}
        for line in lines:
            together.setdefault(line.carrier_number or str(line.id), []).append(line)
        parts = [list(chain.from_iterable(part)) for part in self._parts(list(together.values()))]
        return self._in_parts(lines, parts, self._find, stop)

    def submit(self, lines: Sequence["ActiveLine"], *, stop: str) -> list[Answer]:
        """Send the lines' changes; an answer each, in their order."""
        with stops.call(stop):
            return self.asking.submit([line.change() for line in lines])

    def _read(self, lines: Sequence["ActiveLine"], stop: str) -> list[Reading | None]:
        with stops.call(stop):
            return self.asking.read([line.key for line in lines])

    def _find(self, lines: Sequence["ActiveLine"], stop: str) -> list[Answer]:
        with stops.call(stop):
            return self.asking.find([line.question(self.deadline) for line in lines])

    def _parts(self, asked: Sequence[Part]) -> list[Sequence[Part]]:
        can = self.capabilities
        return in_chunks(asked, max(PART, can.read_batch_size, ceil(len(asked) / can.parallel)))

    def _in_parts(
        self,
        lines: Sequence["ActiveLine"],
        parts: Sequence[Sequence["ActiveLine"]],
        ask: Callable[[Sequence["ActiveLine"], str], Sequence[Said]],
        stop: str,
    ) -> list[Said]:
        said: dict[int, Said] = {}

        def one(part: Sequence[ActiveLine]) -> None:
            said.update(zip([line.id for line in part], ask(part, stop), strict=True))

        parallel.run([partial(one, part) for part in parts], at_once=self.capabilities.parallel)
        return [said[line.id] for line in lines]

    @property
    def deadline(self) -> timedelta:
        """The longest time that sending one change takes."""
        return longest_sending(self.capabilities)

    @property
    def lease(self) -> timedelta:
        """How long a claimed line belongs to its worker."""
        return self.deadline * LEASE_DEADLINES
