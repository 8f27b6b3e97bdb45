"""One table of codes on every path, and whatever stands in an answer: no exception, nothing out of bounds comes in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.contracts.odd import BODIES, VALUES, leaves, with_odd
from tests.contracts.peer import Reply
from xuliu.payment.bounds import bounded_change, bounded_open_result, bounded_report
from xuliu.payment.contract import LockedOut, Malformed, Outcome
from xuliu.payment.providers.wechatpay import codes
from xuliu.payment.providers.wechatpay.provider import NATIVE
from xuliu.payment.providers.wechatpay.tests.test_answers import CODE_URL, a_wish, an_opening, refusal
from xuliu.payment.providers.wechatpay.tests.wechat_side import RecordedPeer, lins, refund, transaction

Ask = Callable[[RecordedPeer], Any]
PAYMENT, REFUND = "0p7k3m5n9q2r4s6t8v1w", "0r7k3m5n9q2r4s6t8v1w"
CHANGES: dict[str, Ask] = {
    "open": lambda peer: bounded_open_result(lins().open(peer, an_opening()), way=NATIVE),
    "close": lambda peer: bounded_change(lins().close(peer, PAYMENT)),
    "refund": lambda peer: bounded_change(lins().refund(peer, a_wish())),
}
QUESTIONS: dict[str, Ask] = {
    "query": lambda peer: lins().query(peer, PAYMENT),
    "query_refund": lambda peer: lins().query_refund(peer, REFUND),
}
ANSWERS = {"open": CODE_URL, "close": {}, "refund": refund(), "query": transaction(), "query_refund": refund()}
EVERY = pytest.mark.parametrize("operation", ANSWERS)
KNOWN = codes.REFUSED | codes.ALREADY_PAID | codes.ALREADY_CLOSED | codes.NOT_THERE | codes.LATER


@EVERY
@pytest.mark.parametrize("code", sorted(codes.OURS))
def test_a_refusal_of_our_keys_is_one_on_every_path(operation: str, code: str) -> None:
    with pytest.raises(LockedOut):
        (CHANGES | QUESTIONS)[operation](refusal(code, 403))


@EVERY
@pytest.mark.parametrize("code", sorted(codes.LATER))
def test_later_is_later_on_every_path(operation: str, code: str) -> None:
    said = (CHANGES | QUESTIONS)[operation](refusal(code, 403))
    assert said is None if operation in QUESTIONS else said.outcome is Outcome.NOT_SENT


@EVERY
@pytest.mark.parametrize("code", sorted(KNOWN | {"SYSTEM_ERROR", "A_CODE_OF_NEXT_YEAR"}))
def test_what_the_providers_own_trouble_says_is_not_believed_on_any_path(operation: str, code: str) -> None:
    said = (CHANGES | QUESTIONS)[operation](refusal(code, 502))
    if operation in QUESTIONS:
        assert said is None
    else:
        assert said.outcome is Outcome.UNKNOWN
        assert getattr(said, "status", None) is None


@EVERY
def test_an_odd_value_in_any_place_raises_nothing(operation: str) -> None:
    recorded = Reply.of(ANSWERS[operation])
    for place in range(leaves(ANSWERS[operation])):
        for odd in VALUES.values():
            body = with_odd(recorded, place, odd).body
            found = (CHANGES | QUESTIONS)[operation](RecordedPeer(said=body))
            if operation in QUESTIONS and found is not None:
                _within(found[1])


@EVERY
@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:12]))
def test_a_body_that_nobody_can_read_raises_nothing(operation: str, body: bytes) -> None:
    for status in (200, 204, 400, 404, 500):
        (CHANGES | QUESTIONS)[operation](RecordedPeer(status=status, said=body))


def _within(body: bytes) -> None:
    """What goes into the inbox is read there as bounded, or odd: a case, never an error."""
    try:
        report = bounded_report(lins().read_notice(body=body, is_pushed=False))
    except Malformed:
        return
    assert report.amount_minor is None or 0 <= report.amount_minor <= 10**15
    assert json.dumps([report.reference, report.number, report.currency, report.detail]).isprintable()
