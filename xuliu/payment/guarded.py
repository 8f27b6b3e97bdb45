"""The only place where the core calls a provider.

Results are checked by `bounds`. An exception that the contract does not name is a bug of the provider's code: a change
then counts as NOT_SENT or, once a byte of it has left, as UNKNOWN; a query has no answer. Three in a row over different
payments open the account's circuit and one case.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from xuliu.common.calls import departures
from xuliu.common.circuit import Trouble, circuit_of
from xuliu.common.failures import error_text, is_transient, place_of
from xuliu.payment.bounds import bounded_change, bounded_open_result, bounded_report, bounded_verified_notice
from xuliu.payment.cases import PaymentCase
from xuliu.payment.contract import (
    Capabilities,
    ChangeResult,
    Finding,
    Forged,
    LockedOut,
    Malformed,
    NoAnswer,
    NotSent,
    OpenResult,
    Outcome,
    PaymentRequest,
    Provider,
    RefundRequest,
    Session,
    StatusReport,
    VerifiedNotice,
)
from xuliu.payment.registry import way_called
from xuliu.ticket.kinds import CaseReason
from xuliu.ticket.operations import close_cases, open_case

log = logging.getLogger(__name__)

Said = TypeVar("Said")
Found = tuple[StatusReport, bytes] | None

_troubles: deque[Trouble] = deque()  # filled by threads that have no database connection


@dataclass(frozen=True, slots=True)
class Guarded:
    """A provider for one account, as `payment.contract.Provider`, raising only what that names."""

    account_id: int
    provider: Provider

    @property
    def code(self) -> str:
        """The provider's code."""
        return self.provider.code

    @property
    def capabilities(self) -> Capabilities:
        """The provider's capabilities."""
        return self.provider.capabilities

    @property
    def merchant_number(self) -> str:
        """Our number at the provider."""
        return self.provider.merchant_number

    def open(self, session: Session, opening: PaymentRequest) -> OpenResult:
        """Open a payment. Raises LockedOut."""

        def failed(outcome: Outcome, why: str) -> OpenResult:
            return OpenResult(outcome=outcome, detail=why)

        def ask() -> OpenResult:
            return bounded_open_result(self.provider.open(session, opening), way=way_called(opening.way))

        return self._changed("open", opening.reference, ask, failed)

    def close(self, session: Session, reference: str) -> ChangeResult:
        """Close an unpaid payment. Raises LockedOut."""
        return self._changed("close", reference, lambda: bounded_change(self.provider.close(session, reference)), _done)

    def refund(self, session: Session, refund: RefundRequest) -> ChangeResult:
        """Ask for a refund. Raises LockedOut."""
        return self._changed(
            "refund",
            refund.reference,
            lambda: bounded_change(self.provider.refund(session, refund)),
            _done,
        )

    def query(self, session: Session, reference: str) -> Found:
        """The payment by our reference; None without a usable answer. Raises LockedOut."""
        return self._found("query", reference, lambda: self.provider.query(session, reference))

    def query_refund(self, session: Session, reference: str) -> Found:
        """The refund by our reference; None without a usable answer. Raises LockedOut."""
        return self._found("query_refund", reference, lambda: self.provider.query_refund(session, reference))

    def examine(self, session: Session) -> list[Finding]:
        """Try the account. Raises NotSent, NoAnswer."""
        return self.provider.examine(session)

    def check_signature(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> VerifiedNotice:
        """Is this pushed notice genuine and fresh? Raises Forged."""
        try:
            return bounded_verified_notice(self.provider.check_signature(headers=headers, body=body, now=now))
        except Forged:
            raise
        except Exception as error:  # a provider may raise anything
            self._log("check_signature", error)
            raise Forged(f"it cannot be checked: {error_text(error)}") from error

    def read_notice(self, *, body: bytes, is_pushed: bool) -> StatusReport:
        """What a stored notice says. Raises Malformed."""
        return self._read(
            "read_notice", lambda: bounded_report(self.provider.read_notice(body=body, is_pushed=is_pushed))
        )

    def acknowledgement(self, *, is_stored: bool) -> tuple[int, bytes]:
        """The response that acknowledges the notice."""
        return self.provider.acknowledgement(is_stored=is_stored)

    def payer_script(self, *, token: str, now: datetime) -> dict[str, str]:
        """The signed parameters that the page hands to the provider's browser."""
        return self.provider.payer_script(token=token, now=now)

    def sign_in_url(self, *, return_url: str, state: str) -> str:
        """Where to send the payer's browser so that it returns with a code."""
        return self.provider.sign_in_url(return_url=return_url, state=state)

    def payer_id(self, session: Session, code: str) -> str:
        """The payer whose code this is. Raises NotSent, NoAnswer, LockedOut or Malformed."""
        return self._read("payer_id", lambda: self.provider.payer_id(session, code))

    def _changed(
        self, operation: str, reference: str, ask: Callable[[], Said], failed: Callable[[Outcome, str], Said]
    ) -> Said:
        with departures() as left:
            try:
                return self._watched(operation, reference, ask)
            except (NotSent, NoAnswer, Malformed) as error:
                is_sure = not left and isinstance(error, NotSent)
                return failed(Outcome.NOT_SENT if is_sure else Outcome.UNKNOWN, error_text(error))

    def _found(self, operation: str, reference: str, ask: Callable[[], Found]) -> Found:
        try:
            found = self._watched(operation, reference, ask)
            return None if found is None else (bounded_report(found[0]), found[1])
        except (NotSent, NoAnswer, Malformed):
            return None

    def _watched(self, operation: str, reference: str, ask: Callable[[], Said]) -> Said:
        """Call the provider's code. Raises NotSent for its bugs, and what the contract names."""
        circuit = circuit_of("provider", self.account_id)
        circuit.check()
        try:
            said = ask()
        except (NotSent, NoAnswer, Malformed, LockedOut):
            raise
        except Exception as error:  # a provider may raise anything
            self._log(operation, error)
            if not is_transient(error) and circuit.mistaken(operation, [reference]):
                trouble = {"operation": operation, "error": error_text(error), "place": place_of(error)}
                _troubles.append(Trouble(account_id=self.account_id, **trouble))
            raise NotSent(f"the provider's code failed: {error_text(error)}") from error
        if circuit.worked(operation):
            _troubles.append(Trouble(account_id=self.account_id, operation=operation))
        return said

    def _read(self, operation: str, read: Callable[[], Said]) -> Said:
        try:
            return read()
        except (NotSent, NoAnswer, Malformed, LockedOut):
            raise
        except Exception as error:  # a provider may raise anything
            self._log(operation, error)
            raise Malformed(error_text(error)) from error

    def _log(self, operation: str, error: Exception) -> None:
        log.error("the provider's code failed", exc_info=error, extra={"account": self.account_id, "stop": operation})


def tell_troubles() -> None:
    """Open and close the cases about accounts whose provider's code fails, one statement each. Needs a database
    connection. If this process dies first, the next one reports the failure again."""
    while _troubles:
        trouble = _troubles.popleft()
        subject = ("provideraccount", trouble.account_id)
        if trouble.error:
            open_case(PaymentCase.PROVIDER_FAILS, subject, trouble.facts)
        else:
            close_cases(kind=PaymentCase.PROVIDER_FAILS, subjects=[subject], why=CaseReason.WORKS_AGAIN)


def _done(outcome: Outcome, why: str) -> ChangeResult:
    return ChangeResult(outcome=outcome, detail=why)
