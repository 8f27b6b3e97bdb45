"""What WeChat Pay's answers mean: done, refused, not sent or unknown. The answers are recorded, the signatures real."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from xuliu.payment.contract import (
    Malformed,
    NoAnswer,
    NotSent,
    Outcome,
    PaymentRequest,
    RefundRequest,
    Status,
    Subject,
)
from xuliu.payment.providers.wechatpay import codes
from xuliu.payment.providers.wechatpay.tests.wechat_side import (
    NOW,
    PUBLIC_KEY_ID,
    RecordedPeer,
    lins,
    refund,
    rsa_key,
    signed_headers,
    transaction,
)
from xuliu.payment.reasons import RefundReason
from xuliu.payment.signatures import is_signed

CODE_URL = {"code_url": "weixin://wxpay/bizpayurl?pr=p4lpSuKzz"}


def an_opening(**changes: Any) -> PaymentRequest:
    fields: dict[str, Any] = {
        "reference": "0p7k3m5n9q2r4s6t8v1w",
        "way": "native",
        "amount_minor": 3600,
        "currency": "CNY",
        "description": "POS 流量卡续费",
        "expires_at": NOW + timedelta(minutes=15),
        "notify_url": "https://pay.example.cn/notices/wechatpay/3",
    }
    return PaymentRequest(**fields | changes)


def a_wish(**changes: Any) -> RefundRequest:
    fields: dict[str, Any] = {
        "reference": "0r7k3m5n9q2r4s6t8v1w",
        "payment_reference": "0p7k3m5n9q2r4s6t8v1w",
        "amount_minor": 1200,
        "total_minor": 3600,
        "currency": "CNY",
        "why": "未开通",
        "notify_url": "https://pay.example.cn/notices/wechatpay/3",
    }
    return RefundRequest(**fields | changes)


def refusal(code: str, status: int) -> RecordedPeer:
    return RecordedPeer(status=status, said={"code": code, "message": "说明"})


def test_a_native_opening_sends_the_fields_the_vendor_documents() -> None:
    peer = RecordedPeer(said=CODE_URL)
    opened = lins().open(peer, an_opening())
    assert (opened.outcome, opened.token) == (Outcome.DONE, CODE_URL["code_url"])
    [asked] = peer.asked
    assert (asked["method"], asked["url"]) == ("POST", "https://api.mch.weixin.qq.com/v3/pay/transactions/native")
    assert asked["is_change"]
    assert json.loads(asked["content"]) == {
        "appid": "wxd678efh567hg6787",
        "mchid": "1900009191",
        "description": "POS 流量卡续费",
        "out_trade_no": "0p7k3m5n9q2r4s6t8v1w",
        "time_expire": "2026-03-01T12:15:00+08:00",
        "notify_url": "https://pay.example.cn/notices/wechatpay/3",
        "amount": {"total": 3600, "currency": "CNY"},
    }


def test_a_jsapi_opening_names_the_payer_and_answers_with_the_prepay_id() -> None:
    peer = RecordedPeer(said={"prepay_id": "wx201410272009395522657a690389285100"})
    opened = lins().open(peer, an_opening(way="jsapi", payer_id="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"))
    assert (opened.outcome, opened.token) == (Outcome.DONE, "wx201410272009395522657a690389285100")
    assert json.loads(peer.asked[0]["content"])["payer"] == {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}


def test_a_request_is_signed_over_method_path_query_time_nonce_and_body() -> None:
    peer = RecordedPeer(said=transaction())
    lins().query(peer, "0p7k3m5n9q2r4s6t8v1w")
    headers = peer.asked[0]["headers"]
    scheme, fields = headers["Authorization"].split(" ", 1)
    told = dict(pair.split("=", 1) for pair in fields.split(","))
    told = {name: value.strip('"') for name, value in told.items()}
    target = "/v3/pay/transactions/out-trade-no/0p7k3m5n9q2r4s6t8v1w?mchid=1900009191"
    message = f"GET\n{target}\n{told['timestamp']}\n{told['nonce_str']}\n\n".encode()
    assert scheme == "WECHATPAY2-SHA256-RSA2048"
    assert told["timestamp"] == str(int(NOW.timestamp()))
    assert is_signed(rsa_key("merchant").public_key(), message, told["signature"])
    assert headers["Wechatpay-Serial"] == PUBLIC_KEY_ID


def test_no_two_requests_carry_the_same_nonce() -> None:
    peer = RecordedPeer(said=transaction())
    for _ in range(20):
        lins().query(peer, "0p7k3m5n9q2r4s6t8v1w")
    assert len({asked["headers"]["Authorization"] for asked in peer.asked}) == 20


def test_a_long_description_is_cut_at_a_whole_character() -> None:
    peer = RecordedPeer(said=CODE_URL)
    lins().open(peer, an_opening(description="卡" * 60))
    assert json.loads(peer.asked[0]["content"])["description"] == "卡" * 42


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": "short"},
        {"reference": "x" * 33},
        {"amount_minor": 0},
        {"currency": "USD"},
        {"way": "jsapi", "payer_id": ""},
    ],
)
def test_an_opening_that_the_vendor_would_not_take_is_refused_without_asking(changes: dict[str, Any]) -> None:
    peer = RecordedPeer(said=CODE_URL)
    assert lins().open(peer, an_opening(**changes)).outcome is Outcome.REJECTED
    assert peer.asked == []


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (400, "PARAM_ERROR", Outcome.REJECTED),
        (400, "INVALID_REQUEST", Outcome.REJECTED),
        (400, "ORDER_CLOSED", Outcome.REJECTED),
        (403, "TRADE_ERROR", Outcome.REJECTED),
        (403, "RULE_LIMIT", Outcome.NOT_SENT),
        (429, "FREQUENCY_LIMITED", Outcome.NOT_SENT),
        (429, "A_CODE_OF_NEXT_YEAR", Outcome.NOT_SENT),
        (403, "OUT_TRADE_NO_USED", Outcome.UNKNOWN),  # a payment with this reference is there
        (400, "ORDERPAID", Outcome.UNKNOWN),  # … and paid
        (500, "SYSTEM_ERROR", Outcome.UNKNOWN),
        (502, "PARAM_ERROR", Outcome.UNKNOWN),
        (400, "A_CODE_OF_NEXT_YEAR", Outcome.UNKNOWN),
        (302, "", Outcome.UNKNOWN),
    ],
)
def test_an_opening_is_rejected_only_by_a_stated_refusal(status: int, code: str, outcome: Outcome) -> None:
    opened = lins().open(refusal(code, status), an_opening())
    assert (opened.outcome, opened.token) == (outcome, "")
    assert code in opened.detail


@pytest.mark.parametrize(
    ("status", "code", "outcome", "reported"),
    [
        (400, "ORDER_CLOSED", Outcome.DONE, Status.CLOSED),
        (403, "ORDERPAID", Outcome.REJECTED, Status.SUCCEEDED),
        (404, "ORDER_NOT_EXIST", Outcome.REJECTED, Status.NOT_FOUND),
        (202, "USERPAYING", Outcome.NOT_SENT, None),
        (429, "FREQUENCY_LIMITED", Outcome.NOT_SENT, None),
        (400, "PARAM_ERROR", Outcome.REJECTED, None),
        (403, "TRADE_ERROR", Outcome.UNKNOWN, None),
        (500, "SYSTEM_ERROR", Outcome.UNKNOWN, None),
    ],
)
def test_a_close_says_why_it_was_not_done(status: int, code: str, outcome: Outcome, reported: Status | None) -> None:
    done = lins().close(refusal(code, status), "0p7k3m5n9q2r4s6t8v1w")
    assert (done.outcome, done.status) == (outcome, reported)


def test_a_close_is_done_when_the_empty_answer_is_signed() -> None:
    peer = RecordedPeer(status=204, said=b"")
    done = lins().close(peer, "0p7k3m5n9q2r4s6t8v1w")
    assert (done.outcome, done.status) == (Outcome.DONE, Status.CLOSED)
    assert json.loads(peer.asked[0]["content"]) == {"mchid": "1900009191"}


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (400, "PARAM_ERROR", Outcome.REJECTED),
        (400, "INVALID_REQUEST", Outcome.REJECTED),
        (400, "REQUEST_BLOCKED", Outcome.REJECTED),
        (403, "NOT_ENOUGH", Outcome.NOT_SENT),
        (403, "USER_ACCOUNT_ABNORMAL", Outcome.REJECTED),
        (404, "RESOURCE_NOT_EXISTS", Outcome.REJECTED),
        (429, "FREQUENCY_LIMITED", Outcome.NOT_SENT),
        (500, "SYSTEM_ERROR", Outcome.UNKNOWN),
        (403, "ORDER_NOT_READY", Outcome.UNKNOWN),
    ],
)
def test_a_refund_is_rejected_only_by_a_stated_refusal(status: int, code: str, outcome: Outcome) -> None:
    assert lins().refund(refusal(code, status), a_wish()).outcome is outcome


@pytest.mark.parametrize(
    ("state", "reported"),
    [
        ("SUCCESS", Status.SUCCEEDED),
        ("PROCESSING", Status.PENDING),
        ("CLOSED", Status.CLOSED),
        ("ABNORMAL", Status.FAILED),
    ],
)
def test_a_refund_that_was_taken_on_tells_its_standing(state: str, reported: Status) -> None:
    peer = RecordedPeer(said=refund(status=state))
    done = lins().refund(peer, a_wish())
    assert (done.outcome, done.status, done.number) == (Outcome.DONE, reported, "50000000382019052709732678859")
    sent = json.loads(peer.asked[0]["content"])
    assert sent["amount"] == {"refund": 1200, "total": 3600, "currency": "CNY"}
    assert (sent["out_trade_no"], sent["out_refund_no"]) == ("0p7k3m5n9q2r4s6t8v1w", "0r7k3m5n9q2r4s6t8v1w")


@pytest.mark.parametrize(
    "said",
    [
        refund(out_refund_no="0rsomebodyelses"),
        refund(amount={"refund": 9999, "total": 3600}),
        refund(status="A_STATE_OF_NEXT_YEAR"),
        transaction(),
        [],
        b"",
        b"<html>",
    ],
)
def test_a_refund_answered_with_something_else_is_unknown(said: Any) -> None:
    assert lins().refund(RecordedPeer(said=said), a_wish()).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("said", [{}, {"code_url": 7}, {"prepay_id": "wx1"}, [], b"<html>", b""])
def test_an_opening_answered_with_nothing_to_pay_by_is_unknown(said: Any) -> None:
    assert lins().open(RecordedPeer(said=said), an_opening()).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("state", "reported"),
    [
        ("SUCCESS", Status.SUCCEEDED),
        ("REFUND", Status.REFUNDED),
        ("NOTPAY", Status.PENDING),
        ("USERPAYING", Status.PENDING),
        ("CLOSED", Status.CLOSED),
        ("REVOKED", Status.CLOSED),
        ("PAYERROR", Status.FAILED),
    ],
)
def test_every_documented_state_of_a_payment_has_a_standing(state: str, reported: Status) -> None:
    asked = lins().query(RecordedPeer(said=transaction(trade_state=state)), "0p7k3m5n9q2r4s6t8v1w")
    assert asked is not None
    assert asked[0].status is reported


def test_what_a_query_found_reads_the_same_from_its_raw_answer() -> None:
    found = lins().query(RecordedPeer(said=transaction()), "0p7k3m5n9q2r4s6t8v1w")
    assert found is not None
    report, raw = found
    assert lins().read_notice(body=raw, is_pushed=False) == report
    assert report.amount_minor == 3600  # what the order is worth, not what the payer's coupon left of it
    assert (report.currency, report.merchant_number) == ("CNY", "1900009191")
    assert report.at == datetime(2026, 3, 1, 3, 59, 30, tzinfo=UTC)


def test_what_a_refund_query_found_reads_the_same_from_its_raw_answer() -> None:
    found = lins().query_refund(RecordedPeer(said=refund()), "0r7k3m5n9q2r4s6t8v1w")
    assert found is not None
    report, raw = found
    assert lins().read_notice(body=raw, is_pushed=False) == report
    assert (report.subject, report.amount_minor, report.currency) == (Subject.REFUND, 1200, "CNY")


@pytest.mark.parametrize("code", ["ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"])
def test_a_reference_that_is_not_there_is_not_found(code: str) -> None:
    for ask in (lins().query, lins().query_refund):
        found = ask(refusal(code, 404), "0p7k3m5n9q2r4s6t8v1w")
        assert found is not None
        assert (found[0].status, found[0].reference) == (Status.NOT_FOUND, "0p7k3m5n9q2r4s6t8v1w")


@pytest.mark.parametrize(
    "peer",
    [
        refusal("FREQUENCY_LIMITED", 429),
        refusal("SYSTEM_ERROR", 500),
        refusal("ORDER_NOT_EXIST", 502),
        RecordedPeer(said=transaction(out_trade_no="0psomebodyelses")),
        RecordedPeer(said=transaction(trade_state="A_STATE_OF_NEXT_YEAR")),
        RecordedPeer(said=transaction(amount={"total": 36.0})),
        RecordedPeer(said=transaction(amount={})),
        RecordedPeer(said=transaction(success_time="")),
        RecordedPeer(said=transaction(success_time="2026-03-01 11:59")),
        RecordedPeer(said=refund()),
        RecordedPeer(said=b"<html>"),
        RecordedPeer(failure=NotSent("no connection")),
        RecordedPeer(failure=NoAnswer("closed")),
    ],
)
def test_a_query_without_a_usable_answer_says_nothing(peer: RecordedPeer) -> None:
    assert lins().query(peer, "0p7k3m5n9q2r4s6t8v1w") is None


@pytest.mark.parametrize(
    ("failure", "outcome"), [(NotSent("no connection"), Outcome.NOT_SENT), (NoAnswer("closed"), Outcome.UNKNOWN)]
)
def test_what_the_network_did_is_told_and_never_raised(failure: NotSent | NoAnswer, outcome: Outcome) -> None:
    peer = RecordedPeer(failure=failure)
    assert lins().open(peer, an_opening()).outcome is outcome
    assert lins().close(peer, "0p7k3m5n9q2r4s6t8v1w").outcome is outcome
    assert lins().refund(peer, a_wish()).outcome is outcome


UNBELIEVABLE = {
    "unsigned": {},
    "of another key": signed_headers(json.dumps(CODE_URL).encode(), whose="mallory"),
    "of another serial": signed_headers(json.dumps(CODE_URL).encode(), serial="PUB_KEY_ID_999"),
    "of an hour ago": signed_headers(json.dumps(CODE_URL).encode(), at=NOW - timedelta(hours=1)),
    "of another body": signed_headers(b"{}"),
}


@pytest.mark.parametrize("why", UNBELIEVABLE)
def test_an_answer_whose_signature_does_not_hold_is_no_answer(why: str) -> None:
    peer = RecordedPeer(said=CODE_URL, headers=UNBELIEVABLE[why])
    opened = lins().open(peer, an_opening())
    assert (opened.outcome, opened.token) == (Outcome.UNKNOWN, "")
    assert lins().query(peer, "0p7k3m5n9q2r4s6t8v1w") is None


def test_an_unsigned_refusal_refuses_nothing() -> None:
    peer = RecordedPeer(status=400, said={"code": "PARAM_ERROR"}, headers={})
    assert lins().open(peer, an_opening()).outcome is Outcome.UNKNOWN
    assert lins().refund(peer, a_wish()).outcome is Outcome.UNKNOWN


def test_the_openid_comes_for_a_code_and_the_secret_travels_as_a_named_parameter() -> None:
    peer = RecordedPeer(said={"access_token": "A", "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}, headers={})
    assert lins().payer_id(peer, "071Nxx") == "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
    [asked] = peer.asked
    assert asked["url"] == "https://api.weixin.qq.com/sns/oauth2/access_token"
    assert asked["params"]["secret"] == "app-secret-of-lin"
    assert "app-secret-of-lin" not in asked["url"]


@pytest.mark.parametrize("said", [{"errcode": 40029, "errmsg": "invalid code"}, {}, {"openid": ""}, [], b"<html>"])
def test_a_code_that_brings_no_openid_is_odd(said: Any) -> None:
    with pytest.raises(Malformed):
        lins().payer_id(RecordedPeer(said=said, headers={}), "071Nxx")


def test_a_broken_account_api_gave_no_answer() -> None:
    with pytest.raises(NoAnswer):
        lins().payer_id(RecordedPeer(status=502, said=b"bad gateway", headers={}), "071Nxx")


def test_a_refund_tells_the_payer_why_in_words_and_never_in_a_code() -> None:
    asked_for_by_us = set(RefundReason) - {RefundReason.OUTSIDE}
    assert set(codes.REFUND_WORDS) == asked_for_by_us
    for why in [*asked_for_by_us, "another_reason"]:
        peer = RecordedPeer(said={})
        lins().refund(peer, a_wish(why=why))
        [asked] = peer.asked
        reason = json.loads(asked["content"])["reason"]
        assert reason.endswith(("退回", "退款"))
        assert len(reason.encode()) <= 80
