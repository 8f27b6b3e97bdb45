"""Notices of WeChat Pay: genuine, forged, replayed, tampered with, odd. And what the payer's browser is given."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from xuliu.payment import contract
from xuliu.payment.contract import Forged, Malformed, Status, Subject, VerifiedNotice
from xuliu.payment.providers.wechatpay.provider import Provider
from xuliu.payment.providers.wechatpay.tests.wechat_side import (
    API_V3_KEY,
    NOW,
    PUBLIC_KEY_ID,
    certificate_pem,
    config,
    lins,
    notice,
    public_pem,
    refund,
    rsa_key,
    signed_headers,
    transaction,
)
from xuliu.payment.signatures import is_signed

SERIAL = 0x5157F09EFDC096DE15EBE81A47057A7232F1B8E1


def certificate_mode(**changes: Any) -> Provider:
    pem = certificate_pem(
        "platform", serial=SERIAL, begins_at=NOW - timedelta(days=30), ends_at=NOW + timedelta(days=300)
    )
    return Provider(config(**{"public_key_id": "", "public_key": "", "platform_certificates": pem} | changes))


def test_a_genuine_notice_tells_its_id_and_its_subject() -> None:
    body = notice(transaction())
    signed = lins().check_signature(headers=signed_headers(body), body=body, now=NOW)
    assert signed == VerifiedNotice(notice_id="EV-2018022511223320873", subject=Subject.PAYMENT)
    report = lins().read_notice(body=body, is_pushed=True)
    assert (report.reference, report.status, report.amount_minor) == (
        "0p7k3m5n9q2r4s6t8v1w",
        Status.SUCCEEDED,
        3600,
    )
    assert (report.currency, report.merchant_number) == ("CNY", "1900009191")
    assert report.at == datetime(2026, 3, 1, 3, 59, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "status"),
    [("SUCCESS", Status.SUCCEEDED), ("CLOSED", Status.CLOSED), ("ABNORMAL", Status.FAILED)],
)
def test_a_refund_notice_is_about_a_refund(state: str, status: Status) -> None:
    told = refund(refund_status=state, mchid="1900009191", amount={"total": 3600, "refund": 1200})
    del told["status"]
    body = notice(told, event_type=f"REFUND.{state}")
    assert lins().check_signature(headers=signed_headers(body), body=body, now=NOW).subject is Subject.REFUND
    report = lins().read_notice(body=body, is_pushed=True)
    assert (report.subject, report.reference, report.status) == (Subject.REFUND, "0r7k3m5n9q2r4s6t8v1w", status)
    assert (report.amount_minor, report.currency) == (1200, "CNY")


def test_a_notice_is_believed_in_certificate_mode() -> None:
    body = notice(transaction())
    headers = signed_headers(body, serial=f"{SERIAL:X}")
    assert certificate_mode().check_signature(headers=headers, body=body, now=NOW).subject is Subject.PAYMENT


def test_both_kinds_of_key_are_believed_while_a_merchant_changes_over() -> None:
    both = certificate_mode(public_key_id=PUBLIC_KEY_ID, public_key=public_pem(rsa_key("new platform")))
    body = notice(transaction())
    both.check_signature(headers=signed_headers(body, serial=f"{SERIAL:X}"), body=body, now=NOW)
    both.check_signature(headers=signed_headers(body, whose="new platform"), body=body, now=NOW)
    with pytest.raises(Forged):
        both.check_signature(headers=signed_headers(body), body=body, now=NOW)


def test_a_certificate_that_has_run_out_is_not_believed() -> None:
    body, later = notice(transaction()), NOW + timedelta(days=301)
    headers = signed_headers(body, serial=f"{SERIAL:X}", at=later)
    with pytest.raises(Forged, match="certificate"):
        certificate_mode().check_signature(headers=headers, body=body, now=later)


def test_a_serial_number_with_leading_zeros_is_the_same_number() -> None:
    pem = certificate_pem("platform", serial=0xABC, begins_at=NOW - timedelta(days=1), ends_at=NOW + timedelta(days=1))
    body = notice(transaction())
    provider = certificate_mode(platform_certificates=pem)
    provider.check_signature(headers=signed_headers(body, serial="0" * 37 + "abc"), body=body, now=NOW)


@pytest.mark.parametrize("minutes", [-5, -1, 0, 1, 5])
def test_a_notice_within_five_minutes_is_fresh(minutes: int) -> None:
    body = notice(transaction())
    headers = signed_headers(body, at=NOW + timedelta(minutes=minutes))
    assert lins().check_signature(headers=headers, body=body, now=NOW).subject is Subject.PAYMENT


@pytest.mark.parametrize("seconds", [-86_400, -301, 301, 86_400])
def test_a_replayed_notice_is_forged(seconds: int) -> None:
    body = notice(transaction())
    headers = signed_headers(body, at=NOW + timedelta(seconds=seconds))
    with pytest.raises(Forged, match="five minutes"):
        lins().check_signature(headers=headers, body=body, now=NOW)


FORGERIES = {
    "signed with another key": {"whose": "mallory"},
    "with an unknown serial": {"serial": "PUB_KEY_ID_0000000000000000000000000000"},
    "with the serial of nobody": {"serial": ""},
    "with another scheme": {"wechatpay-signature-type": "WECHATPAY2-SM2-WITH-SM3"},
    "with the vendor's test of our checking": {"wechatpay-signature": "WECHATPAY/SIGNTEST/abcdefgh"},
    "with a signature that is no base64": {"wechatpay-signature": "§§§"},
    "with no signature": {"wechatpay-signature": ""},
    "with a word for a timestamp": {"wechatpay-timestamp": "today"},
    "with a negative timestamp": {"wechatpay-timestamp": "-1"},
    "with digits of another script": {"wechatpay-timestamp": "١٧٧٢٣٣٧٦٠٠"},
    "with an endless timestamp": {"wechatpay-timestamp": "9" * 5000},
    "with another nonce": {"wechatpay-nonce": "another"},
}


@pytest.mark.parametrize("how", FORGERIES)
def test_a_forged_notice_is_refused(how: str) -> None:
    body = notice(transaction())
    changes: dict[str, Any] = FORGERIES[how]
    with pytest.raises(Forged):
        lins().check_signature(headers=signed_headers(body, **changes), body=body, now=NOW)


def test_a_notice_without_headers_is_forged() -> None:
    with pytest.raises(Forged):
        lins().check_signature(headers={}, body=notice(transaction()), now=NOW)


def test_a_changed_byte_anywhere_in_the_body_is_noticed() -> None:
    body = notice(transaction())
    headers = signed_headers(body)
    for place in range(0, len(body), 37):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        with pytest.raises(Forged):
            lins().check_signature(headers=headers, body=changed, now=NOW)


def test_an_unknown_serial_is_refused_before_anything_is_computed() -> None:
    broken = Provider(config(public_key="not even a key"))
    with pytest.raises(Forged, match="serial"):
        broken.check_signature(headers={"wechatpay-serial": "7132D72A"}, body=b"", now=NOW)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{}", b'{"id": 7}', b'{"id": ""}', b"\xff\xfe"])
def test_a_signed_body_that_is_no_notice_is_refused(body: bytes) -> None:
    with pytest.raises(Forged):
        lins().check_signature(headers=signed_headers(body), body=body, now=NOW)


def test_a_notice_of_an_event_we_do_not_know_is_kept_and_read_as_odd() -> None:
    body = notice({"stock_id": "9865000"}, event_type="COUPON.USE")
    assert lins().check_signature(headers=signed_headers(body), body=body, now=NOW).notice_id
    with pytest.raises(Malformed):
        lins().read_notice(body=body, is_pushed=True)


def test_a_notice_sealed_under_another_key_cannot_be_read() -> None:
    body = notice(transaction(), key=API_V3_KEY[::-1])
    with pytest.raises(Malformed, match="APIv3 key"):
        lins().read_notice(body=body, is_pushed=True)


def test_an_api_v3_key_of_the_wrong_length_is_odd_and_is_not_told() -> None:
    with pytest.raises(Malformed) as caught:
        Provider(config(api_v3_key="short-secret")).read_notice(body=notice(transaction()), is_pushed=True)
    assert "short-secret" not in str(caught.value)


RESOURCES: dict[str, Any] = {
    "none at all": None,
    "a list": [],
    "of another algorithm": {"algorithm": "AEAD_SM4_GCM"},
    "without a text": {"algorithm": "AEAD_AES_256_GCM", "nonce": "fdasflkja484"},
    "with a text that is no base64": {"algorithm": "AEAD_AES_256_GCM", "nonce": "fdasflkja484", "ciphertext": "§"},
    "with an empty nonce": {"algorithm": "AEAD_AES_256_GCM", "ciphertext": b64encode(b"x" * 32).decode()},
}


@pytest.mark.parametrize("what", RESOURCES)
def test_a_resource_that_cannot_be_opened_is_odd(what: str) -> None:
    with pytest.raises(Malformed):
        lins().read_notice(body=json.dumps({"id": "1", "resource": RESOURCES[what]}).encode(), is_pushed=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"trade_state": "A_STATE_OF_NEXT_YEAR"},
        {"trade_state": None},
        {"amount": None},
        {"amount": {"total": "3600"}},
        {"amount": {"total": 36.5}},
        {"amount": {"total": True}},
        {"amount": {"total": -3600}},
        {"out_trade_no": ""},
        {"out_trade_no": 7},
        {"success_time": None},
        {"success_time": "yesterday"},
        {"success_time": "2026-03-01T11:59:30"},
    ],
)
def test_a_genuine_notice_with_an_odd_content_is_odd(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        lins().read_notice(body=notice(transaction(**changes)), is_pushed=True)


def test_a_notice_in_another_currency_says_so() -> None:
    body = notice(transaction(amount={"total": 3600, "currency": "HKD"}))
    assert lins().read_notice(body=body, is_pushed=True).currency == "HKD"


def test_the_acknowledgement_ends_the_repeats_only_when_the_notice_is_stored() -> None:
    assert lins().acknowledgement(is_stored=True)[0] == 200
    status, body = lins().acknowledgement(is_stored=False)
    assert status >= 400
    assert json.loads(body)["code"] == "FAIL"


def test_the_payers_page_gets_parameters_signed_by_the_merchant() -> None:
    script = lins().payer_script(token="wx201410272009395522657a690389285100", now=NOW)
    assert set(script) == {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"}
    assert (script["package"], script["signType"]) == ("prepay_id=wx201410272009395522657a690389285100", "RSA")
    message = f"{script['appId']}\n{script['timeStamp']}\n{script['nonceStr']}\n{script['package']}\n".encode()
    assert is_signed(rsa_key("merchant").public_key(), message, script["paySign"])


def test_the_payers_browser_is_sent_for_an_openid_and_comes_back() -> None:
    url = lins().sign_in_url(return_url="https://pay.example.cn/o/k3m5?step=1&lang=zh", state="f00ba4")
    parts = urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://open.weixin.qq.com/connect/oauth2/authorize"
    assert parse_qsl(parts.query) == [
        ("appid", "wxd678efh567hg6787"),
        ("redirect_uri", "https://pay.example.cn/o/k3m5?step=1&lang=zh"),
        ("response_type", "code"),
        ("scope", "snsapi_base"),
        ("state", "f00ba4"),
    ]
    assert parts.fragment == "wechat_redirect"


def test_the_account_is_known_by_its_merchant_id() -> None:
    provider: contract.Provider = lins()
    assert provider.merchant_number == "1900009191"


def test_a_configuration_that_is_printed_shows_no_secret() -> None:
    shown = repr(config()) + repr(lins()) + repr(vars(lins()))
    for secret in (API_V3_KEY, "app-secret-of-lin", "BEGIN PRIVATE KEY"):
        assert secret not in shown
