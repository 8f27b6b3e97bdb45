"""Leaves an account at a carrier or provider alone for a while, if it does not answer or our own code for it fails.

Per process.
"""

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
    """Consecutive bugs in one operation of an account's code, without a success in between."""

    count: int = 0
    suspects: frozenset[str] = frozenset()  # the items in each call: a single one may be to blame
    times_opened: int = 0

    def add(self, names: Collection[str]) -> bool:
        """Add one; returns whether the account is to blame: so many in a row that no single item explains them."""
        self.suspects = self.suspects.intersection(names) if self.count else frozenset(names)
        self.count += 1
        is_the_accounts = self.times_opened > 0 or (self.count >= MISTAKES_IN_A_ROW and not self.suspects)
        self.times_opened += is_the_accounts
        return is_the_accounts


class Circuit:
    """Open for a few seconds after consecutive failures, so that nobody waits for a peer that is down; and longer each
    time after bugs of our own, so that none of them affects a whole fleet."""

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
        """Count a call's success or failure."""
        with self._lock:
            self._failures = self._failures + 1 if has_failed else 0
            if self._failures >= OPENS_AFTER_FAILURES:
                self._open(OPEN_FOR, "the other side has not answered lately")

    def mistaken(self, operation: str, names: Collection[str]) -> bool:
        """Count a bug of our own, met with the named items; returns whether it opened the circuit."""
        with self._lock:
            mistakes = self._mistakes[operation]
            if not mistakes.add(names):
                return False
            wait = FIRST_FOR_MISTAKES * 2 ** min(mistakes.times_opened - 1, 10)
            self._open(min(wait, OPEN_LONGEST), "our own code for it fails")
            return True

    def worked(self, operation: str) -> bool:
        """Count a success; returns whether bugs had opened the circuit."""
        with self._lock:
            mistakes = self._mistakes.pop(operation, None)
        return mistakes is not None and mistakes.times_opened > 0

    def _open(self, wait: timedelta, why: str) -> None:
        until = clock.now() + wait
        if self._open_until is None or until > self._open_until:
            self._open_until, self._why = until, why


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Our code for an account fails, whatever is asked; or, with `error` empty, it works again."""

    account_id: int
    operation: str
    error: str = ""
    place: str = ""

    @property
    def facts(self) -> dict[str, str]:
        """For a case."""
        return {"operation": self.operation, "error": self.error, "place": self.place}


_circuits: defaultdict[tuple[str, int], Circuit] = defaultdict(Circuit)


def circuit_of(kind: str, account_id: int) -> Circuit:
    """The account's circuit in this process; `kind` is "carrier" or "provider"."""
    return _circuits[kind, account_id]


def forget_circuits() -> None:
    """Forget all circuits: the accounts have changed, or this is a new process."""
    _circuits.clear()
