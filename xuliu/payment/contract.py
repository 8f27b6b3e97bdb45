"""What a payment provider is: the words it shares with the core. No Django, no models.

A provider is one folder in `providers/`, with a class `Provider` that fulfils the protocol below. It is made with its
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
    """A way to pay: how the provider lets people pay. Codes are unique across providers."""

    code: str  # <= 20 of [a-z0-9-]; kept with each payment
    part: PagePart
    is_in_app: bool = False  # it works only in the browser of the provider's app
    has_sign_in: bool = False  # the payer signs in at the provider first: `sign_in_url`, `payer_id`


class Outcome(StrEnum):
    """What became of a change that we asked the provider for."""

    DONE = "done"
    REJECTED = "rejected"  # the provider states that it did not do it and will not
    NOT_SENT = "not_sent"  # certainly nothing happened; may be sent again
    UNKNOWN = "unknown"  # it may have happened; ask by our reference


class Status(StrEnum):
    """What the provider reports about a payment or a refund."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    CLOSED = "closed"  # final; for a refund: the money stayed with us
    FAILED = "failed"  # for a refund: not final, the provider may still complete it
    NOT_FOUND = "not_found"
    REFUNDED = "refunded"  # a paid payment that was partly or wholly refunded; the provider does not say how much


class Subject(StrEnum):
    """What a report is about."""

    PAYMENT = "payment"
    REFUND = "refund"


class Forged(Exception):
    """A notice whose signature, serial, age or encryption does not hold."""


class LockedOut(Exception):
    """The provider refuses us, not the request: our keys, our merchant id, our rights. Nothing was done."""


class Malformed(Exception):
    """A genuine notice or answer that cannot be read as what it claims to be.

    `reference` is our reference of its subject, if that much can be read; the provider is then queried.
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
    return_url: str = ""  # where a redirect brings the payer back
    payer_id: str = ""  # who pays, if the way has a sign-in


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenResult:
    """The answer to an opening. `token` is what the page draws, redirects to, or passes to the sheet."""

    outcome: Outcome
    token: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """What the provider reports about one payment or refund, pushed or queried."""

    subject: Subject
    reference: str
    status: Status
    amount_minor: int | None = None
    currency: str = ""
    number: str = ""  # the provider's own number; a paid payment must have one
    at: datetime | None = None  # the provider's time of payment or refund
    merchant_number: str = ""  # who was paid, according to the provider
    payment_reference: str = ""  # of a refund: the payment's
    detail: str = ""
    said_at: datetime | None = field(default=None, compare=False)  # when the provider made this report, if it says


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedNotice:
    """A notice with a valid signature. Its id shows whether it is a repeat."""

    notice_id: str
    subject: Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """A refund to request. `total_minor` is the payment's whole amount."""

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
    status: Status | None = None  # if the answer already says


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What this provider can do, and its limits."""

    ways: tuple[Way, ...]  # the preferred way first
    currencies: frozenset[str]
    refunds_per_payment: int
    refund_spacing: timedelta
    refundable_within: timedelta
    deadline_seconds: float = 8.0
    query_after: timedelta = timedelta(seconds=10)  # how soon a payment without a notice is queried
    settles_within: timedelta = timedelta(minutes=5)  # after this NOT_FOUND proves that nothing happened
    openings_a_minute: int = 600  # how many an account opens for visitors of pages


class Session(Protocol):
    """What a provider works with for one account. Safe to use from several threads."""

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
    """One payment provider. Made with its Config; has no other state.

    Every method with a session raises LockedOut if the provider refuses us, not the request.
    """

    code: ClassVar[str]
    name: ClassVar[Mapping[str, str]]
    capabilities: ClassVar[Capabilities]
    Config: ClassVar[type[Any]]

    def __init__(self, config: Any) -> None: ...

    @property
    def merchant_number(self) -> str:
        """Our number at the provider, compared with the recipient in a notice."""
        ...

    def open(self, session: Session, opening: PaymentRequest) -> OpenResult:
        """Open a payment. The same reference again gives the same payment. Never raises for the network."""
        ...

    def query(self, session: Session, reference: str) -> tuple[StatusReport, bytes] | None:
        """The payment by our reference, with the raw answer for the inbox; None without an answer."""
        ...

    def close(self, session: Session, reference: str) -> ChangeResult:
        """Close an unpaid payment. REJECTED if it is already paid."""
        ...

    def refund(self, session: Session, refund: RefundRequest) -> ChangeResult:
        """Request a refund. The same reference again is the same refund."""
        ...

    def query_refund(self, session: Session, reference: str) -> tuple[StatusReport, bytes] | None:
        """The refund by our reference, with the raw answer; None without an answer."""
        ...

    def examine(self, session: Session) -> list[Finding]:
        """Try the account with calls that change nothing. Raises NotSent or NoAnswer."""
        ...

    def check_signature(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> VerifiedNotice:
        """Is this pushed notice genuine and fresh? Header names are lower case. Raises Forged.

        Touches no network and no disk; costs one signature check."""
        ...

    def read_notice(self, *, body: bytes, is_pushed: bool) -> StatusReport:
        """What a stored notice says: decrypts a pushed one, reads the raw answer of a query. Raises Malformed."""
        ...

    def acknowledgement(self, *, is_stored: bool) -> tuple[int, bytes]:
        """The HTTP status and body that acknowledge a notice, or ask the provider to repeat it."""
        ...

    def payer_script(self, *, token: str, now: datetime) -> dict[str, str]:
        """SHEET: the signed parameters that the page hands to the provider's browser."""
        ...

    def sign_in_url(self, *, return_url: str, state: str) -> str:
        """For a way with a sign-in: where to send the payer's browser so that it returns with a code."""
        ...

    def payer_id(self, session: Session, code: str) -> str:
        """For a way with a sign-in: the payer whose code this is. Raises NotSent, NoAnswer or Malformed."""
        ...
