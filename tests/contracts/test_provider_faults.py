"""The contract that every payment provider keeps: what it makes of a peer that fails, and what it leaves in the log.

Providers are found by the folder they lie in. A new one brings `tests/rig.py` in it (see `provider_desk.ProviderRig`);
nothing here is edited.
"""

import json
import time
from collections.abc import Callable

import pytest

from tests.contracts.provider_desk import HURRY_SECONDS, UNANSWERED, Desk
from xuliu.payment.contract import ChangeResult, LockedOut, NoAnswer, OpenResult, Outcome
from xuliu.payment.models import ProviderCall


@pytest.mark.parametrize("what", UNANSWERED)
def test_no_usable_answer_is_unknown_within_the_deadline_and_asking_again_acts_once(
    desk: Desk, change: Callable[[], OpenResult | ChangeResult], what: str
) -> None:
    desk.leave_unanswered(what, operation="change")
    started = time.monotonic()
    with desk.in_a_hurry():
        assert change().outcome is Outcome.UNKNOWN
    assert time.monotonic() - started < HURRY_SECONDS + 1
    desk.sandbox.control.clear_faults()
    assert change().outcome is Outcome.DONE
    assert (len(desk.books()["payments"]), len(desk.books()["refunds"])) in {(1, 0), (1, 1)}


@pytest.mark.parametrize("what", UNANSWERED)
def test_a_question_without_a_usable_answer_says_nothing(desk: Desk, what: str) -> None:
    payment = desk.paid()
    desk.leave_unanswered(what, operation="read", count=2)
    with desk.in_a_hurry():
        assert desk.provider.query(desk.session, payment) is None
        assert desk.provider.query_refund(desk.session, "0neverheardof") is None


def test_a_refused_connection_is_certainly_not_sent(
    desk: Desk, change: Callable[[], OpenResult | ChangeResult]
) -> None:
    desk.sandbox.control.down(desk.peer)
    try:
        assert change().outcome is Outcome.NOT_SENT
        assert desk.provider.query(desk.session, "0neverheardof") is None
    finally:
        desk.sandbox.control.up(desk.peer)
    assert change().outcome is Outcome.DONE


def test_too_many_requests_are_certainly_not_sent(desk: Desk, change: Callable[[], OpenResult | ChangeResult]) -> None:
    desk.fault(kind="too_many", operation="change")
    assert change().outcome is Outcome.NOT_SENT
    assert change().outcome is Outcome.DONE


def test_a_stated_refusal_is_rejected_and_says_why(desk: Desk, change: Callable[[], OpenResult | ChangeResult]) -> None:
    desk.fault(kind="refuse", operation="change", reason="sim")
    refused = change()
    assert refused.outcome is Outcome.REJECTED
    assert refused.detail


@pytest.mark.parametrize(("status", "code"), [(401, "SIGN_ERROR"), (403, "NO_AUTH"), (404, "MCH_NOT_EXISTS")])
def test_a_refusal_of_our_keys_is_told_apart_at_every_call(
    desk: Desk, change: Callable[[], OpenResult | ChangeResult], status: int, code: str
) -> None:
    desk.fault(kind="refuse", operation="*", status=status, code=code, count=None)
    for ask in (
        change,
        lambda: desk.provider.query(desk.session, "0neverheardof"),
        lambda: desk.provider.query_refund(desk.session, "0neverheardof"),
        lambda: desk.provider.close(desk.session, "0neverheardof"),
    ):
        with pytest.raises(LockedOut):
            ask()
    desk.sandbox.control.clear_faults()
    assert change().outcome is Outcome.DONE


def test_the_providers_own_trouble_is_unknown(desk: Desk, change: Callable[[], OpenResult | ChangeResult]) -> None:
    desk.fault(kind="refuse", operation="change", reason="temporary")
    assert change().outcome is Outcome.UNKNOWN


def test_every_change_and_every_failure_is_logged_under_our_reference_and_no_secret_with_it(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    payment = desk.paid()
    refund_request = desk.refund_request(payment)
    desk.refund(refund_request)
    for what in UNANSWERED:
        desk.leave_unanswered(what, operation="*")
        with desk.in_a_hurry():
            desk.open(desk.opening())
    if any(way.has_sign_in for way in desk.provider.capabilities.ways):
        desk.fault(kind="hang", operation="oauth", seconds=5)
        with desk.in_a_hurry(), pytest.raises(NoAnswer):
            desk.provider.payer_id(desk.session, "a-code")
    rows = list(ProviderCall.objects.values())
    logged = json.dumps(rows, default=str, ensure_ascii=False) + caplog.text
    assert {payment, refund_request.reference} <= {row["reference"] for row in rows}
    assert any(row["failure"] for row in rows)
    assert [secret for secret in desk.secrets() if secret in logged] == []
    assert "signature=" not in logged
