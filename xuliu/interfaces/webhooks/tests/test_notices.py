"""Notices: genuine ones are stored once and answered, all others are refused."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.test import Client

from tests.make import make_seller
from xuliu.common import clock
from xuliu.interfaces.webhooks import notices
from xuliu.payment.accounts import set_credentials
from xuliu.payment.models import Notice, ProviderAccount

pytestmark = pytest.mark.django_db

KEY_ID = "PUB_KEY_ID_0119000001092024101100000000000000"
API_V3_KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    notices.accounts.forget()
    yield
    notices.accounts.forget()


@pytest.fixture(scope="module")
def vendor() -> rsa.RSAPrivateKey:
    """WeChat Pay's own key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def account(vendor: rsa.RSAPrivateKey) -> ProviderAccount:
    """The seller's merchant id, which knows the vendor's public key."""
    made = ProviderAccount.objects.create(code="wx", provider="wechatpay", seller=make_seller(), is_sandbox=True)
    set_credentials(made, config(vendor))
    return made


def config(vendor: rsa.RSAPrivateKey) -> dict[str, str]:
    """What the account is set up with."""
    ours = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = ours.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = vendor.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return {
        "mchid": "1900000109",
        "merchant_serial": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
        "private_key": pem.decode(),
        "api_v3_key": API_V3_KEY,
        "appid": "wx0000000000000000",
        "public_key_id": KEY_ID,
        "public_key": public.decode(),
    }


def body_of(notice_id: str = "EV-1") -> bytes:
    """A notice of a payment, sealed as WeChat Pay seals it."""
    plain = json.dumps({"out_trade_no": "abcdef", "trade_state": "SUCCESS", "mchid": "1900000109"}).encode()
    sealed = AESGCM(API_V3_KEY.encode()).encrypt(b"nonce0123456", plain, b"transaction")
    resource = {
        "algorithm": "AEAD_AES_256_GCM",
        "nonce": "nonce0123456",
        "associated_data": "transaction",
        "ciphertext": base64.b64encode(sealed).decode(),
    }
    event = {"id": notice_id, "event_type": "TRANSACTION.SUCCESS", "resource_type": "encrypt-resource"}
    return json.dumps({**event, "resource": resource}).encode()


def signed_headers(key: rsa.RSAPrivateKey, body: bytes, *, age: int = 0) -> dict[str, str]:
    """What stands beside a notice that was signed with that key `age` seconds ago."""
    at, nonce = str(int(clock.now().timestamp()) - age), "N0NCE"
    signature = key.sign(f"{at}\n{nonce}\n".encode() + body + b"\n", padding.PKCS1v15(), hashes.SHA256())
    return {
        "Wechatpay-Serial": KEY_ID,
        "Wechatpay-Timestamp": at,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
    }


def send(client: Client, key: rsa.RSAPrivateKey, body: bytes, *, path: str = "/webhooks/wx/", age: int = 0) -> Any:
    """Send it signed with that key, `age` seconds old."""
    return client.post(path, body, content_type="application/json", headers=signed_headers(key, body, age=age))


def test_a_genuine_notice_is_stored_raw_and_acknowledged(
    client: Client, account: ProviderAccount, vendor: rsa.RSAPrivateKey
) -> None:
    body = body_of()

    answer = send(client, vendor, body)

    assert answer.status_code in (200, 204)
    notice = Notice.objects.get()
    assert (notice.account_id, notice.notice_id, notice.is_pushed) == (account.pk, "EV-1", True)
    assert bytes(notice.body) == body


def test_a_repeat_is_acknowledged_and_changes_nothing(
    client: Client, account: ProviderAccount, vendor: rsa.RSAPrivateKey
) -> None:
    answers = [send(client, vendor, body_of()).status_code for _ in range(3)]

    assert answers[0] == answers[1] == answers[2]
    assert Notice.objects.count() == 1


def test_a_forged_notice_is_refused(client: Client, account: ProviderAccount) -> None:
    mallory = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    answer = send(client, mallory, body_of())

    assert answer.status_code == 401
    assert json.loads(answer.content)["code"] == "FAIL"
    assert Notice.objects.count() == 0


def test_a_notice_that_was_changed_on_its_way_is_refused(
    client: Client, account: ProviderAccount, vendor: rsa.RSAPrivateKey
) -> None:
    body = body_of()
    headers = signed_headers(vendor, body)

    answer = client.post("/webhooks/wx/", body + b" ", content_type="application/json", headers=headers)

    assert answer.status_code == 401
    assert Notice.objects.count() == 0


@pytest.mark.parametrize("age", [301, -301])
def test_a_replayed_notice_is_refused(
    client: Client, account: ProviderAccount, vendor: rsa.RSAPrivateKey, age: int
) -> None:
    assert send(client, vendor, body_of(), age=age).status_code == 401


def test_a_notice_without_any_signature_is_refused(client: Client, account: ProviderAccount) -> None:
    assert client.post("/webhooks/wx/", b"{}", content_type="application/json").status_code == 401


def test_an_account_that_we_do_not_have_is_not_found(
    client: Client, account: ProviderAccount, vendor: rsa.RSAPrivateKey
) -> None:
    assert send(client, vendor, body_of(), path="/webhooks/nobody/").status_code == 404


def test_a_question_is_not_a_notice(client: Client, account: ProviderAccount) -> None:
    answer = client.get("/webhooks/wx/")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_notice_larger_than_any_honest_one_is_refused_unread(client: Client, account: ProviderAccount) -> None:
    answer = client.post("/webhooks/wx/", b"x" * (notices.LARGEST_BYTES + 1), content_type="application/json")

    assert answer.status_code == 413


def test_a_rotated_key_counts_without_a_restart(
    client: Client, account: ProviderAccount, vendor: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(client, vendor, body_of())
    rotated = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    set_credentials(account, {"public_key": config(rotated)["public_key"]})
    before = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: before + notices.LOOK_AGAIN_SECONDS + 1)

    assert send(client, rotated, body_of("EV-2")).status_code in (200, 204)
    assert send(client, vendor, body_of("EV-3")).status_code == 401


def test_an_account_that_is_badly_set_up_does_not_stop_the_others(
    client: Client, account: ProviderAccount, vendor: rsa.RSAPrivateKey
) -> None:
    ProviderAccount.objects.create(code="broken", provider="wechatpay", seller=account.seller)

    assert send(client, vendor, body_of()).status_code in (200, 204)
    assert send(client, vendor, body_of(), path="/webhooks/broken/").status_code == 404


def test_a_second_notice_costs_one_statement(
    client: Client,
    account: ProviderAccount,
    vendor: rsa.RSAPrivateKey,
    django_assert_num_queries: Any,
) -> None:
    send(client, vendor, body_of())

    with django_assert_num_queries(1):
        send(client, vendor, body_of("EV-2"))
