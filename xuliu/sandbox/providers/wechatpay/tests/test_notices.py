"""Notices: repeats, floods, forgeries, silence."""

import base64
import json
import queue
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from xuliu.sandbox.providers.wechatpay.tests.caller import WeChatCaller
from xuliu.sandbox.testing import ControlRefused, Sandbox
from xuliu.sandbox.tests.callers import Shop


def _opened(notice: tuple[dict[str, str], bytes], credentials: dict[str, str]) -> dict[str, Any]:
    """What a notice says, after its signature held and it could be decrypted."""
    headers, body = notice
    by_key = headers["wechatpay-serial"] == credentials["public_key_id"]
    pem = credentials["public_key" if by_key else "platform_certificate"].encode()
    key = serialization.load_pem_public_key(pem) if by_key else x509.load_pem_x509_certificate(pem).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    message = f"{headers['wechatpay-timestamp']}\n{headers['wechatpay-nonce']}\n{body.decode()}\n".encode()
    key.verify(base64.b64decode(headers["wechatpay-signature"]), message, padding.PKCS1v15(), hashes.SHA256())
    sealed = json.loads(body)["resource"]
    box = AESGCM(credentials["api_v3_key"].encode())
    plain = box.decrypt(
        sealed["nonce"].encode(), base64.b64decode(sealed["ciphertext"]), sealed["associated_data"].encode()
    )
    return dict(json.loads(plain))


def _paid(sandbox: Sandbox, wechat: WeChatCaller, shop: Shop, **more: Any) -> str:
    wechat.open("mei00001", notify_url=shop.url)
    return sandbox.control.pay("mei00001", **more)[0]


@pytest.mark.parametrize("mode", ["public_key", "certificate"])
def test_a_notice_is_signed_and_sealed_in_the_mode_that_is_set(
    sandbox: Sandbox, wechat: WeChatCaller, shop: Shop, mode: str
) -> None:
    sandbox.control.settings(wechatpay_mode=mode)
    number = _paid(sandbox, wechat, shop)
    notice = shop.take()
    assert notice[0]["wechatpay-serial"].startswith("PUB_KEY_ID_") == (mode == "public_key")
    said = _opened(notice, sandbox.credentials["wechatpay"])
    assert (said["transaction_id"], said["trade_state"], said["amount"]["total"]) == (number, "SUCCESS", 3600)


def test_a_notice_is_repeated_with_the_same_id_until_it_is_taken(
    sandbox: Sandbox, wechat: WeChatCaller, shop: Shop
) -> None:
    sandbox.control.settings(notice_scale=0.001)
    shop.status = 500
    _paid(sandbox, wechat, shop)
    first, second = shop.take(), shop.take()
    shop.status = 200
    assert json.loads(first[1])["id"] == json.loads(second[1])["id"]
    assert first[0]["wechatpay-nonce"] != second[0]["wechatpay-nonce"]
    _until(lambda: sandbox.control.notices("mei00001")[0]["state"] == "taken")


def test_the_next_attempt_waits_for_the_clock_and_comes_when_it_is_moved(
    sandbox: Sandbox, wechat: WeChatCaller, shop: Shop, clock_file: Path
) -> None:
    shop.status = 500
    _paid(sandbox, wechat, shop)
    shop.take()
    _until(lambda: sandbox.control.notices("mei00001")[0]["attempts"] == 1)
    clock_file.write_text("16")
    shop.take()


def test_after_sixteen_attempts_the_vendor_gives_up(sandbox: Sandbox, wechat: WeChatCaller, shop: Shop) -> None:
    sandbox.control.settings(notice_scale=0)
    shop.status = 503
    _paid(sandbox, wechat, shop)
    for _ in range(16):
        shop.take()
    _until(lambda: sandbox.control.notices("mei00001")[0]["state"] == "given_up")
    assert sandbox.control.notices("mei00001")[0]["attempts"] == 16


def test_the_same_notice_comes_twenty_times_at_once(sandbox: Sandbox, wechat: WeChatCaller, shop: Shop) -> None:
    _paid(sandbox, wechat, shop)
    shop.take()
    answers = sandbox.control.repeat_notice("mei00001", times=20)
    assert [answer["status"] for answer in answers] == [204] * 20
    ids = {json.loads(shop.take()[1])["id"] for _ in range(20)}
    assert len(ids) == 1


def test_no_notice_comes_while_they_are_off_and_none_is_lost(
    sandbox: Sandbox, wechat: WeChatCaller, shop: Shop
) -> None:
    sandbox.control.settings(notices=False)
    _paid(sandbox, wechat, shop)
    assert wechat.query("mei00001")["trade_state"] == "SUCCESS"
    assert sandbox.control.notices("mei00001")[0]["state"] == "waiting"
    sandbox.control.settings(notices=True)
    shop.take()


def test_a_notice_that_never_comes_is_not_repeated(sandbox: Sandbox, wechat: WeChatCaller, shop: Shop) -> None:
    sandbox.control.fault(peer="wechatpay", kind="nothing", operation="notice")
    _paid(sandbox, wechat, shop)
    _until(lambda: sandbox.control.notices("mei00001")[0]["state"] == "suppressed")
    with pytest.raises(queue.Empty):
        shop.notices.get_nowait()


def test_a_payment_of_which_nobody_is_to_be_told_makes_no_notice(
    sandbox: Sandbox, wechat: WeChatCaller, shop: Shop
) -> None:
    _paid(sandbox, wechat, shop, notify=False)
    assert sandbox.control.notices() == []
    with pytest.raises(ControlRefused):
        sandbox.control.repeat_notice("mei00001")


def test_faults_of_notices_do_what_they_say(sandbox: Sandbox, wechat: WeChatCaller, shop: Shop) -> None:
    ours = sandbox.credentials["wechatpay"]
    plant = sandbox.control.fault
    wechat.open("mei00001", notify_url=shop.url)

    plant(peer="wechatpay", kind="bad_signature", operation="notice")
    sandbox.control.pay("mei00001")
    with pytest.raises(InvalidSignature):
        _opened(shop.take(), ours)

    plant(peer="wechatpay", kind="wrong_amount", operation="notice", amount_minor=1)
    sandbox.control.pay("mei00001")
    assert _opened(shop.take(), ours)["amount"]["total"] == 1

    plant(peer="wechatpay", kind="answer_twice", operation="notice")
    sandbox.control.pay("mei00001")
    assert json.loads(shop.take()[1])["id"] == json.loads(shop.take()[1])["id"]

    plant(peer="wechatpay", kind="late", operation="notice", seconds=0.05)
    sandbox.control.pay("mei00001")
    assert _opened(shop.take(), ours)["amount"]["total"] == 3600


def test_a_forged_notice_carries_the_wrong_signature(sandbox: Sandbox, shop: Shop) -> None:
    resource = {"out_trade_no": "mei00001", "trade_state": "SUCCESS"}
    for forgery in ({"key": "wrong"}, {"tamper": True}):
        answer = sandbox.control.forge_notice("wechatpay", shop.url, resource=resource, **forgery)
        assert answer["status"] == 204
        with pytest.raises(InvalidSignature):
            _opened(shop.take(), sandbox.credentials["wechatpay"])


def test_a_notice_of_ones_own_making_can_be_genuine_and_old(sandbox: Sandbox, shop: Shop) -> None:
    resource = {"out_trade_no": "mei00001", "trade_state": "SUCCESS"}
    sandbox.control.forge_notice("wechatpay", shop.url, resource=resource, timestamp_offset=-600)
    notice = shop.take()
    assert _opened(notice, sandbox.credentials["wechatpay"]) == resource
    fresh = sandbox.control.health()["now"]
    assert int(notice[0]["wechatpay-timestamp"]) < _seconds(fresh) - 500


def _seconds(iso: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(iso).timestamp()


def _until(condition: Any) -> None:
    """Ask again until it is so: each question is a round trip, and a hundred thousand of them are too many."""
    for _ in range(100_000):
        if condition():
            return
    raise AssertionError("it never came to be")
