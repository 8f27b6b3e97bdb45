"""WeChat Pay against the public library wechatpayv3, in both directions."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.core import Core

from xuliu.sandbox.providers.wechatpay.tests.caller import WeChatCaller
from xuliu.sandbox.testing import Sandbox
from xuliu.sandbox.tests.callers import Shop, post


@pytest.fixture(params=["public_key", "certificate"])
def library(request: pytest.FixtureRequest, sandbox: Sandbox, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The library as a merchant of either mode sets it up, pointed at the sandbox before it asks for certificates."""
    ours = sandbox.credentials["wechatpay"]
    by_key = {"public_key": ours["public_key"], "public_key_id": ours["public_key_id"]}
    monkeypatch.setattr(Core, "_init_certificates", lambda core: None)
    sandbox.control.settings(wechatpay_mode=request.param)
    library = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=ours["mchid"],
        private_key=ours["merchant_private_key"],
        cert_serial_no=ours["merchant_serial"],
        apiv3_key=ours["api_v3_key"],
        appid=ours["appid"],
        notify_url=shop.url,
        **(by_key if request.param == "public_key" else {}),
    )
    library._core._gate_way = sandbox.urls["wechatpay"]
    if request.param == "certificate":
        library._core._update_certificates()
        assert len(library._core._certificates) == 1
    return library


def test_the_library_opens_pays_and_understands_the_notice(library: Any, sandbox: Sandbox, shop: Shop) -> None:
    status, answer = library.pay(description="续费", out_trade_no="lin0001", amount={"total": 3600})
    assert (status, json.loads(answer)["code_url"].startswith(sandbox.urls["wechatpay"])) == (200, True)

    numbers = sandbox.control.pay("lin0001")

    headers, body = shop.take()
    notice = library.callback(headers=_as_sent(headers), body=body.decode())
    assert notice["event_type"] == "TRANSACTION.SUCCESS"
    assert (notice["resource"]["out_trade_no"], notice["resource"]["transaction_id"]) == ("lin0001", numbers[0])
    assert notice["resource"]["amount"]["total"] == 3600


def test_the_library_queries_closes_and_refunds(library: Any, sandbox: Sandbox, shop: Shop) -> None:
    library.pay(description="续费", out_trade_no="lin0002", amount={"total": 3600})
    library.pay(description="续费", out_trade_no="lin0003", amount={"total": 100})

    assert library.close(out_trade_no="lin0003")[0] == 204
    assert json.loads(library.query(out_trade_no="lin0003")[1])["trade_state"] == "CLOSED"
    sandbox.control.pay("lin0002", notify=False)
    assert json.loads(library.query(out_trade_no="lin0002")[1])["trade_state"] == "SUCCESS"

    amount = {"refund": 600, "total": 3600, "currency": "CNY"}
    status, answer = library.refund(out_refund_no="r1", out_trade_no="lin0002", amount=amount, notify_url=shop.url)
    assert (status, json.loads(answer)["status"]) == (200, "PROCESSING")
    headers, body = shop.take()
    notice = library.callback(headers=_as_sent(headers), body=body.decode())
    assert (notice["event_type"], notice["resource"]["amount"]["refund"]) == ("REFUND.SUCCESS", 600)
    assert json.loads(library.query_refund(out_refund_no="r1")[1])["status"] == "SUCCESS"


def test_the_library_refuses_an_answer_signed_with_another_key(library: Any, sandbox: Sandbox) -> None:
    sandbox.control.fault(peer="wechatpay", kind="bad_signature", operation="native")
    with pytest.raises(Exception, match="verify"):
        library.pay(description="续费", out_trade_no="lin0004", amount={"total": 3600})


def test_a_request_that_the_merchant_did_not_sign_is_refused(sandbox: Sandbox, wechat: WeChatCaller) -> None:
    wanted = json.dumps(wechat.opening("mallory01")).encode()
    path = "/v3/pay/transactions/native"
    mallory = rsa.generate_private_key(65537, 2048)
    genuine = wechat.authorization("POST", path, wanted)
    signed_by_another = wechat.authorization("POST", path, wanted, key=mallory)

    for header, body in ((signed_by_another, wanted), (genuine, wanted.replace(b"3600", b"1")), ("", wanted)):
        answer = post(sandbox.urls["wechatpay"] + path, content=body, headers={"Authorization": header})
        assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")
    assert wechat.query("mallory01")["code"] == "ORDER_NOT_EXIST"


def test_a_signed_request_is_taken_once(sandbox: Sandbox, wechat: WeChatCaller) -> None:
    body = json.dumps(wechat.opening("lin0005")).encode()
    headers = {"Authorization": wechat.authorization("POST", "/v3/pay/transactions/native", body)}
    first, second = (
        post(f"{sandbox.urls['wechatpay']}/v3/pay/transactions/native", content=body, headers=headers) for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (200, 401)


def test_the_same_opening_is_the_same_payment_and_another_is_refused(wechat: WeChatCaller) -> None:
    first = wechat.open("lin0006", 3600)
    assert wechat.open("lin0006", 3600) == first
    other = wechat.call("POST", "/v3/pay/transactions/native", wechat.opening("lin0006", 100))
    assert (other.status_code, other.json()["code"]) == (400, "INVALID_REQUEST")


def test_a_paid_payment_can_neither_be_opened_nor_closed(sandbox: Sandbox, wechat: WeChatCaller) -> None:
    wechat.open("lin0007")
    sandbox.control.pay("lin0007")
    again = wechat.call("POST", "/v3/pay/transactions/native", wechat.opening("lin0007"))
    assert (again.status_code, again.json()["code"]) == (400, "ORDERPAID")
    closing = wechat.close_order("lin0007")
    assert (closing.status_code, closing.json()["code"]) == (400, "ORDERPAID")


def test_the_same_out_refund_no_is_one_refund(sandbox: Sandbox, wechat: WeChatCaller) -> None:
    wechat.open("lin0008")
    sandbox.control.pay("lin0008")
    answers = [wechat.refund("r8", "lin0008", 1000).json() for _ in range(3)]
    assert len({answer["refund_id"] for answer in answers}) == 1
    assert sandbox.control.books()["providers"]["wechatpay"]["by_reference"]["lin0008"]["refunded_minor"] == 1000
    other = wechat.refund("r8", "lin0008", 2000)
    assert (other.status_code, other.json()["code"]) == (400, "INVALID_REQUEST")


def test_refunds_are_spaced_a_minute_apart(sandbox: Sandbox, wechat: WeChatCaller) -> None:
    wechat.open("lin0009")
    sandbox.control.pay("lin0009")
    assert wechat.refund("r9a", "lin0009", 100).status_code == 200
    early = wechat.refund("r9b", "lin0009", 100)
    assert (early.status_code, early.json()["code"]) == (429, "FREQUENCY_LIMITED")
    sandbox.control.settings(refund_spacing_seconds=0)
    assert wechat.refund("r9b", "lin0009", 100).status_code == 200


def test_no_more_than_was_paid_and_no_more_than_fifty_times(sandbox: Sandbox, wechat: WeChatCaller) -> None:
    sandbox.control.settings(refund_spacing_seconds=0)
    wechat.open("lin0010", 100)
    sandbox.control.pay("lin0010")
    assert wechat.refund("r10", "lin0010", 101, 100).json()["code"] == "INVALID_REQUEST"
    for at in range(50):
        assert wechat.refund(f"r10-{at}", "lin0010", 1, 100).status_code == 200
    assert wechat.refund("r10-50", "lin0010", 1, 100).json()["code"] == "INVALID_REQUEST"
    assert sandbox.control.books()["providers"]["wechatpay"]["refunded_minor"] == {"CNY": 50}


def test_a_held_refund_ends_when_it_is_told_to(sandbox: Sandbox, wechat: WeChatCaller, shop: Shop) -> None:
    sandbox.control.settings(refund_outcome="hold")
    wechat.open("lin0011")
    sandbox.control.pay("lin0011")
    wechat.refund("r11", "lin0011", 3600, notify_url=shop.url)
    assert wechat.call("GET", "/v3/refund/domestic/refunds/r11").json()["status"] == "PROCESSING"
    sandbox.control.end_refund("r11", "abnormal")
    assert json.loads(shop.take()[1])["event_type"] == "REFUND.ABNORMAL"
    assert wechat.call("GET", "/v3/refund/domestic/refunds/r11").json()["status"] == "ABNORMAL"


def test_unknown_payments_and_refunds_are_not_found(wechat: WeChatCaller) -> None:
    assert wechat.query("nobody01")["code"] == "ORDER_NOT_EXIST"
    missing = wechat.call("GET", "/v3/refund/domestic/refunds/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "RESOURCE_NOT_EXISTS")
    unpaid = wechat.refund("r12", "nobody01", 1)
    assert (unpaid.status_code, unpaid.json()["code"]) == (404, "RESOURCE_NOT_EXISTS")


@pytest.mark.parametrize(
    "change",
    [
        {"amount": {"total": 0}},
        {"amount": {"total": 1, "currency": "USD"}},
        {"description": "长" * 43},
        {"mchid": "1234567890"},
        {"appid": "wx0000000000000000"},
        {"out_trade_no": "a b"},
        {"notify_url": "ftp://shop"},
        {"time_expire": "2020-01-01T00:00:00+08:00"},
        {"time_expire": "soon"},
    ],
)
def test_a_malformed_opening_is_refused(wechat: WeChatCaller, change: dict[str, Any]) -> None:
    answer = wechat.call("POST", "/v3/pay/transactions/native", {**wechat.opening("lin0013"), **change})
    assert (answer.status_code, answer.json()["code"]) in ((400, "PARAM_ERROR"), (400, "APPID_MCHID_NOT_MATCH"))


def test_jsapi_needs_the_payers_openid(wechat: WeChatCaller) -> None:
    assert wechat.call("POST", "/v3/pay/transactions/jsapi", wechat.opening("lin0014")).status_code == 400
    wanted = wechat.opening("lin0014", payer={"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"})
    assert wechat.call("POST", "/v3/pay/transactions/jsapi", wanted).json()["prepay_id"].startswith("wx")


def test_what_the_provider_reports_can_be_made_to_differ(sandbox: Sandbox, wechat: WeChatCaller) -> None:
    wechat.open("lin0015")
    at = "2026-01-02T03:04:05+00:00"
    sandbox.control.pay("lin0015", amount_minor=1, currency="HKD", merchant_number="1111111111", success_at=at)
    found = wechat.query("lin0015")
    assert (found["amount"]["total"], found["amount"]["currency"], found["mchid"]) == (1, "HKD", "1111111111")
    assert found["success_time"] == "2026-01-02T11:04:05+08:00"


def _as_sent(headers: dict[str, str]) -> dict[str, str]:
    """The library looks its headers up by their exact spelling."""
    return {"-".join(part.capitalize() for part in name.split("-")): value for name, value in headers.items()}
