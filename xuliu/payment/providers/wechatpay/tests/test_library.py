"""Our signatures against the public library wechatpayv3, in both directions: neither was written after the other."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from wechatpayv3 import WeChatPay, WeChatPayType, utils

from xuliu.payment.contract import Forged, Outcome, Status
from xuliu.payment.providers.wechatpay.provider import Provider
from xuliu.payment.providers.wechatpay.tests.test_answers import CODE_URL, an_opening
from xuliu.payment.providers.wechatpay.tests.wechat_side import (
    API_V3_KEY,
    NOW,
    PUBLIC_KEY_ID,
    SCHEME,
    RecordedPeer,
    certificate_pem,
    config,
    lins,
    notice,
    private_pem,
    rsa_key,
    signed_headers,
    transaction,
)
from xuliu.payment.signatures import is_signed

SERIAL = 0x5157F09EFDC096DE15EBE81A47057A7232F1B8E1


def library(**changes: Any) -> WeChatPay:
    """The library's client with the same account as ours."""
    ours = config()
    fields = {
        "wechatpay_type": WeChatPayType.NATIVE,
        "mchid": ours.mchid,
        "private_key": ours.private_key,
        "cert_serial_no": ours.merchant_serial,
        "appid": ours.appid,
        "apiv3_key": ours.api_v3_key,
        "notify_url": "https://pay.example.cn/notices/wechatpay/3",
        "public_key": ours.public_key,
        "public_key_id": ours.public_key_id,
    }
    return WeChatPay(**fields | changes)


def authorization_of(header: str) -> dict[str, str]:
    scheme, fields = header.split(" ", 1)
    assert scheme == SCHEME
    pairs = (field.split("=", 1) for field in fields.split(","))
    return {name: value.strip('"') for name, value in pairs}


def titled(headers: dict[str, str]) -> dict[str, str]:
    """Header names as they are on the wire; the library looks for those."""
    return {"-".join(word.capitalize() for word in name.split("-")): value for name, value in headers.items()}


def test_the_library_verifies_our_requests() -> None:
    peer = RecordedPeer(said=CODE_URL)
    lins().open(peer, an_opening())
    told = authorization_of(peer.asked[0]["headers"]["Authorization"])
    assert (told["mchid"], told["serial_no"]) == (config().mchid, config().merchant_serial)
    first_lines = f"POST\n/v3/pay/transactions/native\n{told['timestamp']}"
    body = peer.asked[0]["content"].decode()
    key = rsa_key("merchant").public_key()
    assert utils.rsa_verify(first_lines, told["nonce_str"], body, told["signature"], key)
    assert not utils.rsa_verify(first_lines, told["nonce_str"], body + " ", told["signature"], key)


def test_we_verify_the_librarys_requests() -> None:
    path = "/v3/refund/domestic/refunds/0r7k3m5n9q2r4s6t8v1w"
    key = utils.load_private_key(private_pem(rsa_key("merchant")))
    told = authorization_of(utils.build_authorization(path, "GET", "1900009191", "1DDE55AD", key))
    message = f"GET\n{path}\n{told['timestamp']}\n{told['nonce_str']}\n\n".encode()
    assert is_signed(rsa_key("merchant").public_key(), message, told["signature"])
    assert not is_signed(rsa_key("merchant").public_key(), b"POST" + message[3:], told["signature"])


def test_the_library_reads_a_notice_sealed_and_signed_for_us() -> None:
    body = notice(transaction())
    read = library().callback(titled(signed_headers(body)), body)
    ours = lins().read_notice(body=body, is_pushed=True)
    assert read["id"] == lins().check_signature(headers=signed_headers(body), body=body, now=NOW).notice_id
    assert read["resource"]["out_trade_no"] == ours.reference
    assert read["resource"]["amount"]["total"] == ours.amount_minor


def test_the_library_reads_a_notice_in_certificate_mode(tmp_path: Path) -> None:
    today = datetime.now(UTC)
    pem = certificate_pem(
        "platform", serial=SERIAL, begins_at=today - timedelta(days=1), ends_at=today + timedelta(days=1)
    )
    (tmp_path / "platform.pem").write_text(pem)
    body = notice(transaction())
    headers = signed_headers(body, serial=f"{SERIAL:X}", at=today)
    theirs = library(public_key=None, public_key_id=None, cert_dir=str(tmp_path))
    ours = Provider(config(public_key_id="", public_key="", platform_certificates=pem))
    assert theirs.callback(titled(headers), body)["id"] == "EV-2018022511223320873"
    assert ours.check_signature(headers=headers, body=body, now=today).notice_id == "EV-2018022511223320873"


def test_we_read_a_notice_signed_with_the_librarys_own_function() -> None:
    body = notice(transaction())
    at = str(int(NOW.timestamp()))
    signature = utils.rsa_sign(rsa_key("platform"), f"{at}\nNONCE\n{body.decode()}\n")
    headers = {
        "wechatpay-serial": PUBLIC_KEY_ID,
        "wechatpay-timestamp": at,
        "wechatpay-nonce": "NONCE",
        "wechatpay-signature": signature,
        "wechatpay-signature-type": SCHEME,
    }
    assert lins().check_signature(headers=headers, body=body, now=NOW).notice_id
    with pytest.raises(Forged):
        lins().check_signature(headers=headers | {"wechatpay-nonce": "NONCF"}, body=body, now=NOW)


def test_we_and_the_library_refuse_the_same_forgeries() -> None:
    body = notice(transaction())
    for headers in (signed_headers(body, whose="mallory"), signed_headers(b"{}")):
        assert library().callback(titled(headers), body) is None
        with pytest.raises(Forged):
            lins().check_signature(headers=headers, body=body, now=NOW)


def test_we_open_what_the_library_cannot_open_no_better() -> None:
    body = notice(transaction(), key=API_V3_KEY[::-1])
    assert library().callback(titled(signed_headers(body)), body) is None


def test_the_library_signs_the_payers_parameters_as_we_do() -> None:
    script = lins().payer_script(token="wx201410272009395522657a690389285100", now=NOW)
    values = [script[name] for name in ("appId", "timeStamp", "nonceStr", "package")]
    assert library().sign(values) == script["paySign"]


class Gateway(ThreadingHTTPServer):
    """A gateway that signs what it answers as `wechat_side` does, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), GatewayRequest)
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answer = b"{}"


class GatewayRequest(BaseHTTPRequestHandler):
    server: Gateway

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        self.send_response(200)
        for name, value in signed_headers(self.server.answer).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_librarys_client_asks_what_we_ask_and_believes_what_we_believe(gateway: Gateway) -> None:
    gateway.answer = json.dumps(CODE_URL).encode()
    client = library()
    client._core._gate_way = f"http://127.0.0.1:{gateway.server_port}"
    opening = an_opening()
    status, answer = client.pay(
        description=opening.description,
        out_trade_no=opening.reference,
        amount={"total": opening.amount_minor, "currency": opening.currency},
        time_expire="2026-03-01T12:15:00+08:00",
    )
    [(method, path, headers, body)] = gateway.asked
    told = authorization_of(headers["Authorization"])
    message = f"{method}\n{path}\n{told['timestamp']}\n{told['nonce_str']}\n".encode() + body + b"\n"
    peer = RecordedPeer(said=CODE_URL)
    opened = lins().open(peer, opening)
    assert (status, json.loads(answer)) == (200, CODE_URL)
    assert is_signed(rsa_key("merchant").public_key(), message, told["signature"])
    assert json.loads(body) == json.loads(peer.asked[0]["content"])
    assert peer.asked[0]["url"].endswith(path)
    assert headers["Wechatpay-Serial"] == peer.asked[0]["headers"]["Wechatpay-Serial"]
    assert opened.outcome is Outcome.DONE


def test_the_librarys_client_and_ours_ask_for_a_payment_alike(gateway: Gateway) -> None:
    gateway.answer = json.dumps(transaction()).encode()
    client = library()
    client._core._gate_way = f"http://127.0.0.1:{gateway.server_port}"
    client.query(out_trade_no="0p7k3m5n9q2r4s6t8v1w")
    peer = RecordedPeer(said=transaction())
    found = lins().query(peer, "0p7k3m5n9q2r4s6t8v1w")
    assert found is not None
    assert found[0].status is Status.SUCCEEDED
    assert peer.asked[0]["url"].endswith(gateway.asked[0][1])
