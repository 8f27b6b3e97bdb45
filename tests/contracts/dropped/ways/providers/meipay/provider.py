"""Mei Pay, a payment provider that does not exist: one way to pay, on a page of its own. Dropped in by a test."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from json import dumps, loads
from typing import Any, ClassVar

from xuliu.payment.contract import (
    Capabilities,
    ChangeResult,
    Finding,
    Forged,
    NoAnswer,
    NotSent,
    OpenResult,
    Outcome,
    PagePart,
    PaymentRequest,
    RefundRequest,
    Session,
    Status,
    StatusReport,
    Subject,
    VerifiedNotice,
    Way,
    setting,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeiPayConfig:
    """Where it is."""

    base_url: str = field(metadata=setting(zh_hans="接口地址", en="Address", is_url=True))


class Provider:
    """Mei Pay. Fulfils `xuliu.payment.contract.Provider`; sends no notices, refunds nothing."""

    code: ClassVar[str] = "meipay"
    name: ClassVar[Mapping[str, str]] = {"zh-hans": "美付", "en": "Mei Pay"}
    capabilities: ClassVar[Capabilities] = Capabilities(
        ways=(Way(code="mei-page", part=PagePart.REDIRECT),),
        currencies=frozenset({"CNY"}),
        refunds_per_payment=1,
        refund_spacing=timedelta(0),
        refundable_within=timedelta(days=1),
        query_after=timedelta(0),
    )
    Config: ClassVar[type[Any]] = MeiPayConfig

    def __init__(self, config: MeiPayConfig) -> None:
        self._config = config
        self.merchant_number = "mei-1"

    def open(self, session: Session, opening: PaymentRequest) -> OpenResult:
        """Its page's address is the token."""
        asked = {"amount": opening.amount_minor, "back": opening.return_url}
        try:
            said = session.call(
                operation="open",
                method="POST",
                url=f"{self._config.base_url}/payments/{opening.reference}",
                content=dumps(asked).encode(),
                reference=opening.reference,
                is_change=True,
            )
        except (NotSent, NoAnswer):
            return OpenResult(outcome=Outcome.UNKNOWN)
        return OpenResult(outcome=Outcome.DONE, token=loads(said.body)["page"])

    def query(self, session: Session, reference: str) -> tuple[StatusReport, bytes] | None:
        """Paid or not."""
        said = session.call(operation="query", method="GET", url=f"{self._config.base_url}/payments/{reference}")
        return self.read_notice(body=said.body, is_pushed=False), said.body

    def close(self, session: Session, reference: str) -> ChangeResult:
        """Closed."""
        return ChangeResult(outcome=Outcome.DONE)

    def refund(self, session: Session, refund: RefundRequest) -> ChangeResult:
        """Refused."""
        return ChangeResult(outcome=Outcome.REJECTED)

    def query_refund(self, session: Session, reference: str) -> tuple[StatusReport, bytes] | None:
        """Nobody answers."""
        return None

    def examine(self, session: Session) -> list[Finding]:
        """Nothing is tried."""
        return []

    def check_signature(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> VerifiedNotice:
        """It pushes none."""
        raise Forged("Mei Pay pushes nothing")

    def read_notice(self, *, body: bytes, is_pushed: bool) -> StatusReport:
        """What its answer says."""
        said = loads(body)
        return StatusReport(
            subject=Subject.PAYMENT,
            reference=said["reference"],
            status=Status.SUCCEEDED if said["paid_at"] else Status.PENDING,
            amount_minor=said["amount"],
            currency="CNY",
            number=f"M-{said['reference'][:8]}",
            at=datetime.fromisoformat(said["paid_at"]) if said["paid_at"] else None,
            merchant_number=self.merchant_number,
        )

    def acknowledgement(self, *, is_stored: bool) -> tuple[int, bytes]:
        """Nobody waits for one."""
        return 200, b""

    def payer_script(self, *, token: str, now: datetime) -> dict[str, str]:
        """It has no sheet."""
        return {}

    def sign_in_url(self, *, return_url: str, state: str) -> str:
        """It asks nobody who pays."""
        return ""

    def payer_id(self, session: Session, code: str) -> str:
        """Likewise."""
        return ""
