"""Lan Pay, a payment provider that does not exist: the smallest whole one, with a page to pay on. Dropped in by a test.

Its answers are not signed, its notices are: by a secret, with the time.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

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
    PagePart,
    PaymentRequest,
    RefundRequest,
    Response,
    Session,
    Status,
    StatusReport,
    Subject,
    TryResult,
    VerifiedNotice,
    Way,
    setting,
)
from xuliu.payment.reading import about, instant, json_object, minor_units, optional_text, text

FRESH_SECONDS = 300
PAYMENTS = {"open": Status.PENDING, "paid": Status.SUCCEEDED, "closed": Status.CLOSED, "refunded": Status.REFUNDED}
REFUNDS = {"pending": Status.PENDING, "success": Status.SUCCEEDED, "closed": Status.CLOSED, "abnormal": Status.FAILED}
UNKNOWN = ("unknown", "refund_unknown")
REFUSED = {"paid": Status.SUCCEEDED, "unknown": Status.NOT_FOUND}  # what a refusal to close tells of the payment


@dataclass(frozen=True, slots=True, kw_only=True)
class LanPayConfig:
    """Where it is, who we are there, and our key."""

    base_url: str = field(metadata=setting(zh_hans="接口地址", en="Address", is_url=True))
    merchant: str = field(metadata=setting(zh_hans="商户号", en="Merchant number"))
    secret: str = field(repr=False, metadata=setting(zh_hans="密钥", en="Key", is_secret=True))


class Provider:
    """Lan Pay. Fulfils `xuliu.payment.contract.Provider`."""

    code: ClassVar[str] = "lan-pay"
    name: ClassVar[Mapping[str, str]] = {"zh-hans": "兰付", "en": "Lan Pay"}
    capabilities: ClassVar[Capabilities] = Capabilities(
        ways=(Way(code="lan-page", part=PagePart.REDIRECT),),
        currencies=frozenset({"CNY"}),
        refunds_per_payment=50,
        refund_spacing=timedelta(0),
        refundable_within=timedelta(days=365),
    )
    Config: ClassVar[type[Any]] = LanPayConfig

    def __init__(self, config: LanPayConfig) -> None:
        self._config = config

    @property
    def merchant_number(self) -> str:
        """Ours."""
        return self._config.merchant

    def open(self, session: Session, opening: PaymentRequest) -> OpenResult:
        """Its page's address is the token."""
        asked = {
            "reference": opening.reference,
            "amount_minor": opening.amount_minor,
            "currency": opening.currency,
            "notify_url": opening.notify_url,
            "back": opening.return_url,
        }
        try:
            response = self._call(session, "open", "/payments", opening.reference, asked)
            if response.status != 200:
                return OpenResult(outcome=Outcome.REJECTED, detail=_why(response))
            return OpenResult(outcome=Outcome.DONE, token=text(json_object(response.body), "page"))
        except NotSent as error:
            return OpenResult(outcome=Outcome.NOT_SENT, detail=str(error))
        except (NoAnswer, Malformed) as error:
            return OpenResult(outcome=Outcome.UNKNOWN, detail=str(error))

    def query(self, session: Session, reference: str) -> tuple[StatusReport, bytes] | None:
        """By our reference."""
        return self._asked(session, "query", "/payments", reference)

    def query_refund(self, session: Session, reference: str) -> tuple[StatusReport, bytes] | None:
        """By our reference."""
        return self._asked(session, "refund_query", "/refunds", reference)

    def close(self, session: Session, reference: str) -> ChangeResult:
        """Closed, or what it is instead."""
        return self._changed(session, "close", f"/payments/{reference}/close", reference, {})

    def refund(self, session: Session, refund: RefundRequest) -> ChangeResult:
        """Of all or a part."""
        asked = {
            "reference": refund.reference,
            "payment": refund.payment_reference,
            "amount_minor": refund.amount_minor,
            "total_minor": refund.total_minor,
            "notify_url": refund.notify_url,
        }
        return self._changed(session, "refund", "/refunds", refund.reference, asked)

    def examine(self, session: Session) -> list[Finding]:
        """A question about nothing shows whether the key is taken."""
        names = {"zh-hans": "地址和密钥", "en": "Address and key"}
        try:
            self._call(session, "query", "/payments/0", "0")
        except LockedOut as error:
            return [Finding(about=names, shown=TryResult.WRONG, why=str(error))]
        return [Finding(about=names, shown=TryResult.RIGHT)]

    def check_signature(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> VerifiedNotice:
        """Of the time and the body."""
        at, given = headers.get("lan-time", ""), headers.get("lan-signature", "")
        right = hmac.digest(self._config.secret.encode(), f"{at}\n".encode() + body, "sha256").hex()
        if not hmac.compare_digest(right.encode(), given.encode()):
            raise Forged("the signature does not hold")
        if abs(now.timestamp() - int(at)) > FRESH_SECONDS:  # a figure: it stood under the signature
            raise Forged("too old, or of a time to come")
        said = json_object(body)
        return VerifiedNotice(notice_id=text(said, "id"), subject=_subject(said))

    def read_notice(self, *, body: bytes, is_pushed: bool) -> StatusReport:
        """A notice and an answer look the same."""
        said = json_object(body)
        reference, subject = text(said, "reference"), _subject(said)
        if said.get("why") in UNKNOWN:
            return StatusReport(subject=subject, reference=reference, status=Status.NOT_FOUND)
        with about(reference):
            status = (REFUNDS if subject is Subject.REFUND else PAYMENTS).get(text(said, "status"))
            if status is None:
                raise Malformed("a status that we do not know")
            return StatusReport(
                subject=subject,
                reference=reference,
                status=status,
                amount_minor=minor_units(said.get("amount_minor"), is_needed=True),
                currency=text(said, "currency"),
                number=optional_text(said, "number"),
                at=instant(said.get("paid_at"), is_needed=False),
                merchant_number=text(said, "merchant"),
                payment_reference=optional_text(said, "payment"),
                said_at=instant(said.get("at"), is_needed=False),
            )

    def acknowledgement(self, *, is_stored: bool) -> tuple[int, bytes]:
        """200; anything else is asked for again."""
        return (200 if is_stored else 500), b""

    def payer_script(self, *, token: str, now: datetime) -> dict[str, str]:
        """It has no sheet."""
        return {}

    def sign_in_url(self, *, return_url: str, state: str) -> str:
        """It asks nobody who pays."""
        return ""

    def payer_id(self, session: Session, code: str) -> str:
        """Likewise."""
        return ""

    def _asked(self, session: Session, operation: str, path: str, reference: str) -> tuple[StatusReport, bytes] | None:
        try:
            body = self._call(session, operation, f"{path}/{reference}", reference).body
            return self.read_notice(body=body, is_pushed=False), body
        except (NotSent, NoAnswer, Malformed):
            return None

    def _changed(
        self, session: Session, operation: str, path: str, reference: str, asked: Mapping[str, Any]
    ) -> ChangeResult:
        try:
            response = self._call(session, operation, path, reference, asked)
            if response.status != 200:
                why = _why(response)
                return ChangeResult(outcome=Outcome.REJECTED, detail=why, status=REFUSED.get(why))
            report = self.read_notice(body=response.body, is_pushed=False)
        except NotSent as error:
            return ChangeResult(outcome=Outcome.NOT_SENT, detail=str(error))
        except (NoAnswer, Malformed) as error:
            return ChangeResult(outcome=Outcome.UNKNOWN, detail=str(error))
        return ChangeResult(outcome=Outcome.DONE, number=report.number, status=report.status)

    def _call(
        self, session: Session, operation: str, path: str, reference: str, asked: Mapping[str, Any] | None = None
    ) -> Response:
        """One exchange. Raises NotSent, NoAnswer, LockedOut."""
        response = session.call(
            operation=operation,
            method="GET" if asked is None else "POST",
            url=f"{self._config.base_url}{path}",
            content=None if asked is None else json.dumps(asked).encode(),
            headers={"lan-merchant": self._config.merchant, "lan-key": self._config.secret},
            reference=reference,
            is_change=asked is not None,
        )
        if response.status == 429:
            raise NotSent("429: too many calls")
        is_unknown = response.status == 404 and _why(response) in UNKNOWN
        if response.status in (401, 403) or (response.status == 404 and not is_unknown):
            raise LockedOut(f"HTTP {response.status} {_why(response)}")
        if response.status not in (200, 400, 404):
            raise NoAnswer(f"HTTP {response.status}")
        return response


def _subject(said: Mapping[str, Any]) -> Subject:
    return Subject.REFUND if said.get("subject") == "refund" else Subject.PAYMENT


def _why(response: Response) -> str:
    try:
        return optional_text(json_object(response.body), "why")
    except Malformed:
        return ""
