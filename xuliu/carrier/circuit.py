"""When an account is left alone for a while: its carrier does not answer, or its connector fails. Of this process."""

import threading
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from xuliu.common import clock
from xuliu.common.outbound import NotSent

OPENS_AFTER_FAILURES = 5
OPEN_FOR = timedelta(seconds=5)
MISTAKES_IN_A_ROW = 3
OPEN_LONGEST = timedelta(hours=1)
FIRST_FOR_MISTAKES = timedelta(minutes=1)


@dataclass(slots=True)
class _Mistakes:
    """A connector's own, in one operation, one after the other without a success between."""

    count: int = 0
    suspects: frozenset[str] = frozenset()  # SIMs or changes that were part of each: one alone may be to blame
    times_opened: int = 0

    def add(self, names: Collection[str]) -> bool:
        """Whether they are the account's now: so many in a row that no single one explains."""
        self.suspects = self.suspects.intersection(names) if self.count else frozenset(names)
        self.count += 1
        is_the_accounts = self.times_opened > 0 or (self.count >= MISTAKES_IN_A_ROW and not self.suspects)
        self.times_opened += is_the_accounts
        return is_the_accounts


class Circuit:
    """Open for a few seconds after failures in a row, so that a carrier that is down costs no waiting; and for longer
    each time after mistakes of its connector, so that none of them meets a whole fleet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._mistakes: defaultdict[str, _Mistakes] = defaultdict(_Mistakes)
        self._open_until: datetime | None = None
        self._why = ""

    def check(self) -> None:
        """Raises NotSent while open."""
        until = self._open_until
        if until is not None and (left := (until - clock.now()).total_seconds()) > 0:
            raise NotSent(f"circuit open: {self._why}", retry_after_seconds=left)

    def note(self, *, has_failed: bool) -> None:
        """Count what became of a call."""
        with self._lock:
            self._failures = self._failures + 1 if has_failed else 0
            if self._failures >= OPENS_AFTER_FAILURES:
                self._open(OPEN_FOR, "the carrier has not answered lately")

    def mistaken(self, operation: str, names: Collection[str]) -> bool:
        """Count a mistake of the connector, made over these SIMs or changes; whether it opened the circuit."""
        with self._lock:
            mistakes = self._mistakes[operation]
            if not mistakes.add(names):
                return False
            wait = FIRST_FOR_MISTAKES * 2 ** min(mistakes.times_opened - 1, 10)
            self._open(min(wait, OPEN_LONGEST), "its connector fails")
            return True

    def worked(self, operation: str) -> bool:
        """The connector made no mistake this time; whether it had opened the circuit by some."""
        with self._lock:
            mistakes = self._mistakes.pop(operation, None)
        return mistakes is not None and mistakes.times_opened > 0

    def _open(self, wait: timedelta, why: str) -> None:
        until = clock.now() + wait
        if self._open_until is None or until > self._open_until:
            self._open_until, self._why = until, why


_circuits: defaultdict[int, Circuit] = defaultdict(Circuit)


def circuit_of(account_id: int) -> Circuit:
    """The account's circuit in this process."""
    return _circuits[account_id]


def forget_circuits() -> None:
    """The carriers are others now, or this is a new process."""
    _circuits.clear()
