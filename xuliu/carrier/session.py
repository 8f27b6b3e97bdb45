"""The session of a carrier account (`carrier.contract.Session`).

A call waits for one of the account's slots (which limit its calls at once) and for its turn in the rate budget,
both shared by all processes, then goes out under what is left of its deadline. The calls of one operation follow each
other in one slot. Nothing here holds a transaction.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from xuliu.carrier.budget import forget_rations, hold_back, wait_for_turn
from xuliu.carrier.contract import Token
from xuliu.carrier.models import AccountToken, Call
from xuliu.carrier.reads import tally
from xuliu.common import calls, clock, crypto, locks
from xuliu.common.bounds import wait_seconds
from xuliu.common.circuit import Circuit, circuit_of, forget_circuits
from xuliu.common.outbound import NoAnswer, NotSent, Response

# The share of a call's deadline that may pass in waiting; a call that left late would be cut off before its answer.
WAITING_SHARE = 0.5
TOKEN_MARGIN = timedelta(seconds=30)
LONGEST_HOLD_SECONDS = 300.0
LONGEST_STAY_SECONDS = 0.25


class _HeldSlot(threading.local):
    """The slot that this thread's operation keeps from call to call."""

    account_id: int | None = None  # None outside an operation
    since: float | None = None  # None while it has no slot

    def __init__(self) -> None:
        self.slot = ExitStack()

    def leave(self) -> None:
        """Release the slot; the operation's next call waits for one again."""
        self.since = None
        self.slot.close()


class _Gates(dict[tuple[int, int], threading.Semaphore]):
    """Semaphores by account and its number of slots."""

    def __missing__(self, key: tuple[int, int]) -> threading.Semaphore:
        return self.setdefault(key, threading.Semaphore(key[1]))


_held = _HeldSlot()
_gates = _Gates()
_tokens: dict[str, Token] = {}  # as last seen in the database, to avoid a query before every call


def forget_accounts() -> None:
    """Forget cached accounts: the carriers have changed (in tests), or this is a new process."""
    forget_circuits()
    _gates.clear()
    _tokens.clear()
    forget_rations()


os.register_at_fork(after_in_child=forget_accounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSession:
    """Makes calls for one carrier account. Safe to use from several threads."""

    account_id: int
    calls_per_second: float
    parallel: int
    deadline_seconds: float
    sealed_with: str = ""  # identifies the credentials: others mean another token

    def now(self) -> datetime:
        """The business clock."""
        return clock.now()

    def call(
        self,
        *,
        operation: str,
        method: str,
        url: str,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        reference: str = "",
        is_change: bool = False,
    ) -> Response:
        """One exchange when its turn has come, under one deadline for waiting and call, logged redacted.

        Raises NotSent or NoAnswer.
        """
        asked = calls.Request(
            operation=operation,
            method=method,
            url=url,
            params=params,
            json=json,
            form=form,
            headers=headers,
            reference=reference,
            is_change=is_change,
        )
        circuit, ends = circuit_of("carrier", self.account_id), time.monotonic() + self.deadline_seconds
        circuit.check()
        try:
            with self._place():
                left = ends - time.monotonic() - self.deadline_seconds * (1 - WAITING_SHARE)
                wait_for_turn(self.account_id, calls_per_second=self.calls_per_second, at_most_seconds=max(left, 0.0))
                return self._send(asked, circuit, deadline_seconds=ends - time.monotonic())
        except locks.Busy:
            raise NotSent("the account's slots were all taken", retry_after_seconds=1.0) from None

    @contextmanager
    def one_slot(self) -> Iterator[None]:
        """Run an operation whose calls follow each other in one slot, released now and then."""
        if _held.account_id == self.account_id:
            yield
            return
        _held.account_id = self.account_id
        try:
            yield
        finally:
            _held.account_id = None
            _held.leave()

    def token(self, fetch: Callable[[], Token], *, stale: str = "") -> str:
        """The account's one token across processes. Raises NotSent if there is none to be had."""
        if kept := self._seen_token(stale) or self._kept_token(stale):
            return kept
        _held.leave()  # whoever fetches it needs a slot
        try:
            with locks.one_of([f"carrier token {self.account_id}"], wait_seconds=self.deadline_seconds):
                return self._kept_token(stale) or self._keep(fetch())
        except locks.Busy:
            raise NotSent("another process is fetching the token", retry_after_seconds=1.0) from None
        except NoAnswer as error:
            # Asking for a token changes no SIM.
            raise NotSent(f"no token: {error}") from error

    @contextmanager
    def _entered(self) -> Iterator[None]:
        """Let threads of this process queue here, instead of repeatedly asking the database for slots they hold
        themselves."""
        gate, ends = _gates[self.account_id, self.parallel], time.monotonic() + self.deadline_seconds * WAITING_SHARE
        if not gate.acquire(timeout=max(ends - time.monotonic(), 0.0)):
            raise locks.Busy
        try:
            with locks.one_of(self._slots(), wait_seconds=ends - time.monotonic()):
                yield
        finally:
            gate.release()

    def _send(self, asked: calls.Request, circuit: Circuit, *, deadline_seconds: float) -> Response:
        has_failed, at = True, clock.now()
        try:
            response = calls.exchange(asked, log=Call, account_id=self.account_id, deadline_seconds=deadline_seconds)
            has_failed = response.status >= 500
            if response.status == 429:
                hold_back(self.account_id, seconds=_retry_after(response))
            return response
        finally:
            circuit.note(has_failed=has_failed)
            if not asked.is_change:
                tally.count(self.account_id, asked.operation, at=at, has_failed=has_failed)

    def _slots(self) -> list[str]:
        return [f"carrier account {self.account_id} slot {slot}" for slot in range(self.parallel)]

    def _place(self) -> AbstractContextManager[None]:
        slot = self._entered()
        if _held.account_id != self.account_id:
            return slot
        if _held.since is not None and time.monotonic() >= _held.since + LONGEST_STAY_SECONDS:
            _held.leave()
        if _held.since is None:
            _held.slot.enter_context(slot)
            _held.since = time.monotonic()
        return nullcontext()

    def _seen_token(self, stale: str) -> str:
        seen = _tokens.get(self._purpose())
        is_good = seen is not None and seen.value != stale and seen.expires_at > clock.now() + TOKEN_MARGIN
        return seen.value if seen is not None and is_good else ""

    def _kept_token(self, stale: str) -> str:
        row = AccountToken.objects.filter(account_id=self.account_id, expires_at__gt=clock.now() + TOKEN_MARGIN).first()
        if row is None:
            return ""
        try:
            value = crypto.unseal(row.key_id, bytes(row.sealed), purpose=self._purpose()).decode()
        except crypto.CannotOpen:  # the secret or the credentials were changed: a new token costs one call
            return ""
        if value == stale:
            return ""
        _tokens[self._purpose()] = Token(value=value, expires_at=row.expires_at)
        return value

    def _keep(self, token: Token) -> str:
        key_id, sealed = crypto.seal(token.value.encode(), purpose=self._purpose())
        AccountToken.objects.update_or_create(
            account_id=self.account_id,
            defaults={"key_id": key_id, "sealed": sealed, "expires_at": token.expires_at},
        )
        return token.value

    def _purpose(self) -> str:
        return f"carrier token {self.account_id} {self.sealed_with}"


def _retry_after(response: Response) -> float:
    """The carrier's number of seconds; one second for a date, nonsense or nothing."""
    said = wait_seconds(response.headers.get("retry-after"))
    return 1.0 if said is None else min(said, LONGEST_HOLD_SECONDS)
