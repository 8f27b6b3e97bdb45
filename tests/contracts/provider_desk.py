"""A payment provider at work against the sandbox, for the contract that all of them keep."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import timedelta
from importlib import import_module
from typing import Any, Protocol, cast

from tests.contracts.notice_board import NoticeBoard, notice_board
from xuliu.common import clock
from xuliu.common.codes import new_code
from xuliu.common.configuration import settings_of
from xuliu.payment.contract import (
    ChangeResult,
    OpenResult,
    Outcome,
    PaymentRequest,
    Provider,
    RefundRequest,
    StatusReport,
    VerifiedNotice,
)
from xuliu.payment.registry import all_providers
from xuliu.payment.session import AccountSession
from xuliu.sandbox.engine.discovery import stand_ins
from xuliu.sandbox.testing import Sandbox

PROVIDERS = sorted(all_providers())
HURRY_SECONDS = 0.7

UNANSWERED: dict[str, dict[str, Any]] = {
    "acted, and the connection was closed": {"kind": "lose_answer"},
    "did nothing, and the connection was closed": {"kind": "lose_answer", "acts": False},
    "hung": {"kind": "hang", "seconds": 5},
    "dripped": {"kind": "drip", "seconds": 0.3},
    "did nothing and answered 500": {"kind": "error", "status": 500},
    "acted and answered 502": {"kind": "error_after", "status": 502},
    "answered with a page": {"kind": "odd_body"},
    "signed with another key": {"kind": "bad_signature"},
}


@dataclass(kw_only=True)
class Desk:
    """One provider at work: with our account at the sandbox, a session of the core's, and a board for its notices."""

    provider: Provider
    session: AccountSession
    sandbox: Sandbox
    board: NoticeBoard
    config: Any

    @property
    def peer(self) -> str:
        return self.provider.code

    @contextmanager
    def in_a_hurry(self) -> Iterator[None]:
        """Calls within the block have a deadline of HURRY_SECONDS."""
        patient = self.session
        self.session = AccountSession(account_id=1, deadline_seconds=HURRY_SECONDS)
        yield
        self.session = patient

    def opening(self, **changes: Any) -> PaymentRequest:
        wanted: dict[str, Any] = {
            "reference": new_code(),
            "way": self.provider.capabilities.ways[0].code,
            "amount_minor": 3600,
            "currency": "CNY",
            "description": "POS 流量卡续费 12 个月",
            "expires_at": clock.now() + timedelta(minutes=15),
            "notify_url": self.board.url,
        }
        return PaymentRequest(**wanted | changes)

    def open(self, opening: PaymentRequest) -> OpenResult:
        return self.provider.open(self.session, opening)

    def paid(self, **changes: Any) -> str:
        """The reference of a payment that Lin has paid, whose notice is still on the board."""
        opening = self.opening(**changes)
        assert self.open(opening).outcome is Outcome.DONE
        self.sandbox.control.pay(opening.reference)
        return opening.reference

    def refund_request(self, payment: str, **changes: Any) -> RefundRequest:
        wanted: dict[str, Any] = {
            "reference": new_code(),
            "payment_reference": payment,
            "amount_minor": 1200,
            "total_minor": 3600,
            "currency": "CNY",
            "why": "未开通",
            "notify_url": self.board.url,
        }
        return RefundRequest(**wanted | changes)

    def refund(self, refund_request: RefundRequest) -> ChangeResult:
        return self.provider.refund(self.session, refund_request)

    def query(self, reference: str) -> StatusReport:
        found = self.provider.query(self.session, reference)
        assert found is not None
        return found[0]

    def fault(self, **fault: Any) -> None:
        self.sandbox.control.fault(peer=self.peer, **fault)

    def leave_unanswered(self, what: str, **where: Any) -> None:
        """One of UNANSWERED. A peer that signs no answers loses the answer that others sign with another key."""
        fault, where_signed = UNANSWERED[what], stand_ins()[self.peer].faults.get("bad_signature", ("notice",))
        is_none_of_its = fault["kind"] == "bad_signature" and set(where_signed) == {"notice"}
        self.fault(**where, **({"kind": "lose_answer"} if is_none_of_its else fault))

    def hear(self) -> tuple[VerifiedNotice, StatusReport]:
        """The next notice on the board, checked and read."""
        posted = self.board.next()
        signed = self.provider.check_signature(headers=posted.headers, body=posted.body, now=clock.now())
        return signed, self.provider.read_notice(body=posted.body, is_pushed=True)

    def books(self) -> Any:
        return self.sandbox.control.books()["providers"][self.peer]

    def secrets(self) -> list[str]:
        """The values of the secret settings; of a key in several lines, a line from its middle too."""
        labels = settings_of(type(self.config))
        values = [
            str(getattr(self.config, field.name)) for field in fields(self.config) if labels[field.name].is_secret
        ]
        middles = [value.splitlines()[len(value.splitlines()) // 2] for value in values if "\n" in value]
        return values + middles


class ProviderRig(Protocol):
    """What `tests/rig.py` in a provider's folder holds."""

    # Fields of the Config, each with a value that is not ours: what trying the account has to find wrong.
    MISTYPED: Mapping[str, str]

    def config(self, sandbox: Sandbox) -> Any:
        """Our account at its stand-in."""
        ...


def rig_of(code: str) -> ProviderRig:
    """That provider's. Raises ModuleNotFoundError, which names the file that is missing."""
    folder = all_providers()[code].__module__.rpartition(".")[0]
    return cast("ProviderRig", import_module(f"{folder}.tests.rig"))


@contextmanager
def desk_of(code: str, sandbox: Sandbox) -> Iterator[Desk]:
    """The provider with that code, with our account at the sandbox, as long as the block."""
    cls = all_providers()[code]
    config = rig_of(code).config(sandbox)
    session = AccountSession(account_id=1, deadline_seconds=10)
    with notice_board() as board:
        provider = cls(config)
        board.answer = provider.acknowledgement(is_stored=True)
        yield Desk(provider=provider, session=session, sandbox=sandbox, board=board, config=config)
