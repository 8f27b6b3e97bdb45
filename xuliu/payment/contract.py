"""What a payment provider is: the words it shares with the core. No Django, no models.

A provider is one file in `providers/`: a class `Provider` that fulfils the protocol below. It is made with its
Config, given a `Session`, and returns data. References are ours: a payment's and a refund's, <= 32 of [0-9a-z].
Amounts are integers in the currency's minor unit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from xuliu.common.configuration import setting
from xuliu.common.findings import Finding, TryResult
from xuliu.common.outbound import NoAnswer, NotSent, Response

__all__ = ["Finding", "NoAnswer", "NotSent", "Response", "TryResult", "setting"]


class PagePart(StrEnum):
    """What the payer's page does with the token of an opened payment."""

    QR = "qr"  # draws it, for another device to scan
    SHEET = "sheet"  # opens the provider's own sheet with it, by `payer_script`
    REDIRECT = "redirect"  # leads to it: it is an address of the web
    NOTHING = "nothing"  # waits: the provider asks the payer elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to pay: what the provider does for the payer. No two ways have the same code, whosever they are."""

    code: str  # <= 20 of [a-z0-9-]; kept with each payment
    part: PagePart
    is_in_app: bool = False  # it works in the browser of the provider's app and nowhere else
    has_sign_in: bool = False  # the payer signs in at the provider first: `sign_in_url`, `payer_id`


class Outcome(StrEnum):
    """What an answer says about something we asked the provider to do."""

    DONE = "done"
    REJECTED = "rejected"  # stated: it was not done and will not be
    NOT_SENT = "not_sent"  # certainly nothing happened; may be sent again
    UNKNOWN = "unknown"  # it may have happened; ask by our reference


class Status(StrEnum):
    """What the provider says of a payment or a refund."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    CLOSED = "closed"  # final: of a refund, the money stayed with us
    FAILED = "failed"  # of a refund: not final, the provider may still bring it to its end
    NOT_FOUND = "not_found"
    REFUNDED = "refunded"  # a payment that was paid, and of which something went back; how much is not said


class Subject(StrEnum):
    """What a truth is about."""

    PAYMENT = "payment"
    REFUND = "refund"


class Forged(Exception):
    """A notice whose signature, serial, age or encryption does not hold."""


class LockedOut(Exception):
    """The provider refuses us and not what we asked for: our keys, our merchant id, our rights. Nothing was done."""


class Malformed(Exception):
    """A genuine notice or answer that cannot be read as what it claims to be.

    `reference` is ours of what it is about, where that much can be read: the provider is then asked.
    """

    def __init__(self, why: str, *, reference: str = "") -> None:
        super().__init__(why)
        self.reference = reference


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRequest:
    """A payment to be opened."""

    reference: str
    way: str  # the code of one of its ways
    amount_minor: int
    currency: str
    description: str  # what the payer's app shows, <= 127 bytes of UTF-8
    expires_at: datetime
    notify_url: str
    return_url: str = ""  # where the payer comes back to from a redirect
    payer_id: str = ""  # who pays, where the way has a sign-in


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenResult:
    """The answer to an opening. `token` is what pays it: what is drawn, led to, or made into the sheet's parameters."""

    outcome: Outcome
    token: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """What the provider says of one payment or refund, pushed to us or asked for."""

    subject: Subject
    reference: str
    standing: Status
    amount_minor: int | None = None
    currency: str = ""
    number: str = ""  # the provider's own number: needed of a payment that was paid
    at: datetime | None = None  # the provider's time of payment or refund
    merchant_number: str = ""  # whom it was paid to, as the provider says
    payment_reference: str = ""  # of a refund: the payment's
    detail: str = ""
    said_at: datetime | None = field(default=None, compare=False)  # when it was said, where the provider tells


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedNotice:
    """A notice whose signature held: its identity, by which a repeat is known."""

    notice_id: str
    subject: Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """A refund to be asked for. `total_minor` is the payment's whole amount."""

    reference: str
    payment_reference: str
    amount_minor: int
    total_minor: int
    currency: str
    why: str
    notify_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeResult:
    """The answer to a close or a refund request."""

    outcome: Outcome
    number: str = ""
    detail: str = ""
    standing: Status | None = None  # where the answer already tells it


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What this provider can do and its limits."""

    ways: tuple[Way, ...]  # what it offers first stands first
    currencies: frozenset[str]
    refunds_per_payment: int
    refund_spacing: timedelta
    refundable_within: timedelta
    deadline_seconds: float = 8.0
    query_after: timedelta = timedelta(seconds=10)  # how soon an unheard payment is asked about
    settles_within: timedelta = timedelta(minutes=5)  # after that NOT_FOUND proves that nothing happened
    openings_a_minute: int = 600  # that visitors of pages may have an account open


class Session(Protocol):
    """What the core lends a provider for one account. Safe to use from several threads."""

    def now(self) -> datetime:
        """The business clock (aware, UTC)."""
        ...

    def call(
        self,
        *,
        operation: str,
        method: str,
        url: str,
        content: bytes | None = None,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        reference: str = "",
        is_change: bool = False,
    ) -> Response:
        """One exchange under one deadline, logged without headers and with secrets masked.
        Raises NotSent or NoAnswer."""
        ...


class Provider(Protocol):
    """One payment provider. Made with its Config; holds no state besides.

    Whatever is asked of it by way of a session raises LockedOut where the provider refuses us ourselves.
    """

    code: ClassVar[str]
    name: ClassVar[Mapping[str, str]]
    capabilities: ClassVar[Capabilities]
    Config: ClassVar[type[Any]]

    def __init__(self, config: Any) -> None: ...

    @property
    def merchant_number(self) -> str:
        """Whom this account is, in the provider's words: compared with what a notice says was paid."""
        ...

    def open(self, session: Session, opening: PaymentRequest) -> OpenResult:
        """Open a payment. The same reference again gives the same payment. Never raises for the network."""
        ...

    def query(self, session: Session, reference: str) -> tuple[StatusReport, bytes] | None:
        """The payment by our reference, with the raw answer for the inbox; None where no answer came."""
        ...

    def close(self, session: Session, reference: str) -> ChangeResult:
        """Close an unpaid payment. REJECTED where it is already paid."""
        ...

    def refund(self, session: Session, refund: RefundRequest) -> ChangeResult:
        """Ask for a refund. The same reference again is the same refund."""
        ...

    def query_refund(self, session: Session, reference: str) -> tuple[StatusReport, bytes] | None:
        """The refund by our reference, with the raw answer; None where no answer came."""
        ...

    def examine(self, session: Session) -> list[Finding]:
        """Whether the account would work, by questions that open nothing. Raises NotSent or NoAnswer."""
        ...

    def check_signature(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> VerifiedNotice:
        """Is this pushed notice genuine and fresh? Header names are lower case. Raises Forged.

        Touches no network and no disk; costs one signature check."""
        ...

    def read_notice(self, *, body: bytes, is_pushed: bool) -> StatusReport:
        """What a stored notice says: decrypts a pushed one, reads the raw answer of a query. Raises Malformed."""
        ...

    def acknowledgement(self, *, is_stored: bool) -> tuple[int, bytes]:
        """HTTP status and body that tell the provider we have the notice, or that it shall repeat it."""
        ...

    def payer_script(self, *, token: str, now: datetime) -> dict[str, str]:
        """SHEET: the signed parameters that the page hands to the provider's browser."""
        ...

    def sign_in_url(self, *, return_url: str, state: str) -> str:
        """A way with a sign-in: where to send the payer's browser so that it comes back with a code."""
        ...

    def payer_id(self, session: Session, code: str) -> str:
        """A way with a sign-in: who that code stands for. Raises NotSent, NoAnswer or Malformed."""
        ...
