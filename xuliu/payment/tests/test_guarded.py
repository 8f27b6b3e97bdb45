"""The one place where a provider is called, with providers that fail in every way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from xuliu.common.circuit import MISTAKES_IN_A_ROW, forget_circuits
from xuliu.common.tests.peers import answers, peer
from xuliu.payment.accounts import session_of
from xuliu.payment.bounds import bounded_report
from xuliu.payment.contract import (
    ChangeResult,
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
    Status,
    StatusReport,
    Subject,
    VerifiedNotice,
)  # fmt: skip
from xuliu.payment.guarded import Guarded, tell_troubles
from xuliu.payment.tests.test_accounts import make_provider_account
from xuliu.ticket.models import Case

AT = datetime(2026, 3, 10, tzinfo=UTC)
PAID = StatusReport(
    subject=Subject.PAYMENT,
    reference="r1",
    status=Status.SUCCEEDED,
    amount_minor=1,
    currency="CNY",
    at=AT,
    number="4200000001",
)


@pytest.fixture(autouse=True)
def closed_circuits() -> Iterator[None]:
    forget_circuits()
    yield
    forget_circuits()


@dataclass
class Scripted:
    """A provider that returns one thing, or raises it; where `url` is given, a byte of a change leaves before."""

    said: Any = None
    url: str = ""
    asked: list[str] = field(default_factory=list)

    def _say(self, session: Session | None, reference: str) -> Any:
        self.asked.append(reference)
        if self.url and session is not None:
            session.call(operation="x", method="POST", url=self.url, reference=reference, is_change=True)
        if isinstance(self.said, Exception):
            raise self.said
        return self.said

    def open(self, session: Session, opening: PaymentRequest) -> OpenResult:
        return cast("OpenResult", self._say(session, opening.reference))

    def close(self, session: Session, reference: str) -> ChangeResult:
        return cast("ChangeResult", self._say(session, reference))

    def refund(self, session: Session, refund_request: RefundRequest) -> ChangeResult:
        return cast("ChangeResult", self._say(session, refund_request.reference))

    def query(self, session: Session, reference: str) -> tuple[StatusReport, bytes] | None:
        return cast("tuple[StatusReport, bytes]", self._say(session, reference))

    query_refund = query

    def read_notice(self, *, body: bytes, is_pushed: bool) -> StatusReport:
        return cast("StatusReport", self._say(None, "notice"))

    def check_signature(self, *, headers: dict[str, str], body: bytes, now: datetime) -> VerifiedNotice:
        return cast("VerifiedNotice", self._say(None, "signature"))

    def payer_id(self, session: Session, code: str) -> str:
        return cast("str", self._say(session, code))


@dataclass
class Desk:
    """A scripted provider's account."""

    provider: Scripted
    guarded: Guarded
    session: Session

    def open(self, reference: str) -> OpenResult:
        opening = PaymentRequest(
            reference=reference, way="native", amount_minor=1, currency="CNY", description="", expires_at=AT,
            notify_url="",
        )  # fmt: skip
        return self.guarded.open(self.session, opening)

    def refund(self, reference: str) -> ChangeResult:
        refund_request = RefundRequest(
            reference=reference, payment_reference="p", amount_minor=1, total_minor=1, currency="CNY", why="",
            notify_url="",
        )  # fmt: skip
        return self.guarded.refund(self.session, refund_request)

    def close(self, reference: str) -> ChangeResult:
        return self.guarded.close(self.session, reference)


Change = Callable[[Desk, str], OpenResult | ChangeResult]
CHANGES: dict[str, Change] = {"open": Desk.open, "close": Desk.close, "refund": Desk.refund}
EVERY_CHANGE = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)


@pytest.fixture
def desk(db: None) -> Desk:
    account, provider = make_provider_account(), Scripted()
    return Desk(provider, Guarded(account.pk, cast("Provider", provider)), session_of(account))


@EVERY_CHANGE
@pytest.mark.parametrize("mistake", [KeyError("no such field"), NotSent("so it says"), RecursionError()], ids=repr)
def test_a_mistake_is_not_sent_unless_a_byte_has_left(desk: Desk, change: Change, mistake: Exception) -> None:
    desk.provider.said = mistake
    assert change(desk, "r1").outcome is Outcome.NOT_SENT
    with peer(answers()) as there:
        desk.provider.url = there.url
        assert change(desk, "r2").outcome is Outcome.UNKNOWN


@EVERY_CHANGE
@pytest.mark.parametrize("said", [None, "done", 17, NoAnswer("502"), Malformed("no code")], ids=repr)
def test_what_is_no_answer_leaves_a_change_unknown(desk: Desk, change: Change, said: object) -> None:
    desk.provider.said = said
    assert change(desk, "r1").outcome is Outcome.UNKNOWN


NO_ANSWERS = [None, "paid", (None, b""), NoAnswer("502"), NotSent("429"), Malformed("?"), KeyError("x")]


@pytest.mark.parametrize("said", NO_ANSWERS, ids=repr)
def test_what_is_no_answer_to_a_question_says_nothing(desk: Desk, said: object) -> None:
    desk.provider.said = said
    assert desk.guarded.query(desk.session, "r1") is None
    assert desk.guarded.query_refund(desk.session, "r2") is None


def test_a_refusal_of_our_keys_is_told_as_it_is(desk: Desk) -> None:
    desk.provider.said = LockedOut("401")
    for ask in (lambda: desk.open("r1"), lambda: desk.guarded.query(desk.session, "r1")):
        with pytest.raises(LockedOut):
            ask()


def test_a_notice_over_which_the_provider_fails_is_forged_or_odd_and_never_an_error(desk: Desk) -> None:
    for said in (KeyError("x"), None, VerifiedNotice(notice_id="n" * 81, subject=Subject.PAYMENT)):
        desk.provider.said = said
        with pytest.raises(Forged):
            desk.guarded.check_signature(headers={}, body=b"", now=AT)
        with pytest.raises(Malformed):
            desk.guarded.read_notice(body=b"", is_pushed=True)


def test_mistakes_in_a_row_over_different_payments_stop_the_account_with_one_case(desk: Desk) -> None:
    desk.provider.said = KeyError("x")
    for number in range(10):
        assert desk.open(f"r{number}").outcome is Outcome.NOT_SENT
    assert len(desk.provider.asked) == MISTAKES_IN_A_ROW

    tell_troubles()

    (case,) = Case.objects.all()
    assert (case.kind, case.facts["operation"], case.facts["error"]) == ("provider_fails", "open", "KeyError: 'x'")
    assert case.facts["place"].startswith("tests/test_guarded.py:")


def test_one_payment_alone_never_stops_the_account(desk: Desk) -> None:
    desk.provider.said = KeyError("x")
    for _ in range(10):
        desk.open("r1")
    tell_troubles()
    assert len(desk.provider.asked) == 10
    assert not Case.objects.exists()


ODD_TRUTHS: list[dict[str, Any]] = [
    {"amount_minor": 10**30}, {"amount_minor": -1}, {"amount_minor": 1.5}, {"amount_minor": None}, {"currency": "C\0Y"},
    {"currency": "USDT"}, {"at": datetime.max.replace(tzinfo=UTC)}, {"at": AT.replace(tzinfo=None)}, {"at": None},
    {"reference": "r\0"}, {"reference": "r" * 65}, {"status": "fine"}, {"subject": "order"},
    {"number": ""}, {"number": "42\0"}, {"number": "4" * 65}, {"number": "", "status": Status.REFUNDED},
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD_TRUTHS, ids=lambda odd: repr(odd)[:40])
def test_a_success_without_a_figure_a_currency_a_time_or_a_number_within_bounds_is_odd(odd: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        bounded_report(replace(PAID, **odd))
    assert bounded_report(PAID) == PAID


def test_texts_are_cut_and_numbers_come_whole(desk: Desk) -> None:
    desk.provider.said = ChangeResult(outcome=Outcome.DONE, number="n" * 65, detail="a\0b" + "c" * 500)
    done = desk.close("r1")
    assert (done.number, done.detail[:3], len(done.detail)) == ("", "a b", 200)
    desk.provider.said = OpenResult(outcome=Outcome.DONE, token="weixin://\0")
    assert desk.open("r1").outcome is Outcome.UNKNOWN
