"""WeChat Pay's side of the wire for tests: its keys, its signatures, its sealed notices, its recorded answers."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from xuliu.payment.contract import NoAnswer, NotSent, Response
from xuliu.payment.providers.wechatpay.provider import Provider, WechatPayConfig

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
PUBLIC_KEY_ID = "PUB_KEY_ID_0114232134912410000000000000"
API_V3_KEY = "0123456789abcdefghijklmnopqrstuv"
SCHEME = "WECHATPAY2-SHA256-RSA2048"


@lru_cache(maxsize=8)
def rsa_key(whose: str) -> RSAPrivateKey:
    """A key of 2048 bits for each name, made once a run."""
    return generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def certificate_pem(whose: str, *, serial: int, begins_at: datetime, ends_at: datetime) -> str:
    """A platform certificate over that key, as a merchant downloads it."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com sign")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(rsa_key(whose).public_key())
        .serial_number(serial)
        .not_valid_before(begins_at)
        .not_valid_after(ends_at)
        .sign(rsa_key("authority"), SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


def config(**changes: Any) -> WechatPayConfig:
    """Lin's merchant account in public-key mode."""
    fields: dict[str, Any] = {
        "mchid": "1900009191",
        "merchant_serial": "1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C",
        "private_key": private_pem(rsa_key("merchant")),
        "api_v3_key": API_V3_KEY,
        "appid": "wxd678efh567hg6787",
        "app_secret": "app-secret-of-lin",
        "public_key_id": PUBLIC_KEY_ID,
        "public_key": public_pem(rsa_key("platform")),
    }
    return WechatPayConfig(**fields | changes)


def signed_headers(
    body: bytes, *, at: datetime = NOW, serial: str = PUBLIC_KEY_ID, whose: str = "platform", **changes: str
) -> dict[str, str]:
    """The headers WeChat Pay sends with an answer or a notice, lower case as we read them."""
    timestamp, nonce = str(int(at.timestamp())), "593BEC0C930BF1AFEB40B4A08C8FB242"
    message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
    signature = rsa_key(whose).sign(message, PKCS1v15(), SHA256())
    return {
        "wechatpay-serial": serial,
        "wechatpay-timestamp": timestamp,
        "wechatpay-nonce": nonce,
        "wechatpay-signature": b64encode(signature).decode(),
        "wechatpay-signature-type": SCHEME,
    } | changes


def notice(
    resource: Mapping[str, Any],
    *,
    event_type: str = "TRANSACTION.SUCCESS",
    notice_id: str = "EV-2018022511223320873",
    key: str = API_V3_KEY,
    algorithm: str = "AEAD_AES_256_GCM",
) -> bytes:
    """A notice with its resource sealed under the APIv3 key."""
    kind = event_type.partition(".")[0].lower()
    sealed = AESGCM(key.encode()).encrypt(b"fdasflkja484", json.dumps(resource).encode(), kind.encode())
    envelope = {
        "id": notice_id,
        "create_time": "2026-03-01T12:00:00+08:00",
        "resource_type": "encrypt-resource",
        "event_type": event_type,
        "summary": "支付成功",
        "resource": {
            "original_type": kind,
            "algorithm": algorithm,
            "ciphertext": b64encode(sealed).decode(),
            "associated_data": kind,
            "nonce": "fdasflkja484",
        },
    }
    return json.dumps(envelope, ensure_ascii=False).encode()


def transaction(**changes: Any) -> dict[str, Any]:
    """A paid transaction, as the vendor's documentation shows it."""
    return {
        "appid": "wxd678efh567hg6787",
        "mchid": "1900009191",
        "out_trade_no": "0p7k3m5n9q2r4s6t8v1w",
        "transaction_id": "4200001234202603015678901234",
        "trade_type": "NATIVE",
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "bank_type": "CMC",
        "attach": "",
        "success_time": "2026-03-01T11:59:30+08:00",
        "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
        "amount": {"total": 3600, "payer_total": 3500, "currency": "CNY", "payer_currency": "CNY"},
    } | changes


def refund(**changes: Any) -> dict[str, Any]:
    """A refund, as a query answers it."""
    return {
        "refund_id": "50000000382019052709732678859",
        "out_refund_no": "0r7k3m5n9q2r4s6t8v1w",
        "transaction_id": "4200001234202603015678901234",
        "out_trade_no": "0p7k3m5n9q2r4s6t8v1w",
        "channel": "ORIGINAL",
        "user_received_account": "招商银行信用卡0403",
        "success_time": "2026-03-01T12:00:34+08:00",
        "create_time": "2026-03-01T12:00:30+08:00",
        "status": "SUCCESS",
        "amount": {"total": 3600, "refund": 1200, "payer_total": 3600, "payer_refund": 1200, "currency": "CNY"},
    } | changes


@dataclass
class RecordedPeer:
    """A session whose peer gives recorded answers, signed as WeChat Pay signs them, and remembers what it was asked."""

    status: int = 200
    said: Any = None  # an object, or the bytes themselves
    failure: NotSent | NoAnswer | None = None
    headers: Mapping[str, str] | None = None
    at: datetime = NOW
    asked: list[dict[str, Any]] = field(default_factory=list)

    def now(self) -> datetime:
        return self.at

    def call(self, **request: Any) -> Response:
        self.asked.append(request)
        if self.failure is not None:
            raise self.failure
        body = self.said if isinstance(self.said, bytes) else json.dumps(self.said).encode()
        return Response(self.status, signed_headers(body) if self.headers is None else self.headers, body)


def lins() -> Provider:
    """The provider with Lin's account."""
    return Provider(config())


def a_year_from(at: datetime) -> datetime:
    return at + timedelta(days=365)
