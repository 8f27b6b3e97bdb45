"""WeChat Pay's signatures and encryption: WECHATPAY2-SHA256-RSA2048 and AEAD_AES_256_GCM."""

import base64
import binascii
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from xuliu.sandbox.engine.server import Request
from xuliu.sandbox.engine.stand_in import Parts
from xuliu.sandbox.providers.wechatpay.keys import private_key

SCHEME = "WECHATPAY2-SHA256-RSA2048"
MOST_SECONDS_OFF = 300
TABLES = "CREATE TABLE IF NOT EXISTS wechatpay_nonces (value TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;"


class BadSignature(Exception):
    """The request was not signed as it must be; the text says how."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A key and the serial under which the other side knows it."""

    serial: str
    key: rsa.RSAPrivateKey

    def signature(self, *parts: str) -> str:
        """Base64 over the parts, each with a line's end."""
        message = "".join(f"{part}\n" for part in parts).encode()
        return base64.b64encode(self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


class Signing:
    """What the vendor signs with and how it checks the merchant."""

    def __init__(self, parts: Parts) -> None:
        credentials, keys = parts.keys.ours, parts.keys.theirs
        self._credentials = credentials
        self._settings = parts.settings
        self._clock = parts.clock
        self._store = parts.store
        certificate = x509.load_pem_x509_certificate(credentials["merchant_certificate"].encode())
        merchant = certificate.public_key()
        if not isinstance(merchant, rsa.RSAPublicKey):
            raise TypeError("the merchant certificate has no RSA key")
        self._merchant = merchant
        self.by_key = Signer(credentials["public_key_id"], private_key(keys["public_key_mode"]))
        self.by_certificate = Signer(credentials["platform_serial"], private_key(keys["certificate_mode"]))
        self._impostor: rsa.RSAPrivateKey | None = None

    def signer(self, asked_for: str = "") -> Signer:
        """The one whose serial the caller names, otherwise that of the mode that is set."""
        for one in (self.by_key, self.by_certificate):
            if asked_for == one.serial:
                return one
        return self.by_certificate if self._settings["wechatpay_mode"] == "certificate" else self.by_key

    def impostor(self, serial: str) -> Signer:
        """Another key under a genuine serial."""
        if self._impostor is None:
            self._impostor = rsa.generate_private_key(65537, 2048)
        return Signer(serial, self._impostor)

    def headers(self, body: bytes, signer: Signer, *, offset: float = 0.0) -> dict[str, str]:
        """The headers of an answer or a notice."""
        stamp, nonce = str(int(self._clock.timestamp() + offset)), secrets.token_hex(16)
        return {
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": signer.signature(stamp, nonce, body.decode("utf-8", "replace")),
            "Wechatpay-Signature-Type": SCHEME,
            "Wechatpay-Serial": signer.serial,
        }

    def check(self, request: Request) -> None:
        """Is the request the merchant's, fresh, and not sent before? Raises BadSignature."""
        scheme, _, listed = request.headers.get("authorization", "").partition(" ")
        given = dict(re.findall(r'(\w{1,40})="([^"]{0,2000})"', listed))
        if scheme != SCHEME or not {"mchid", "nonce_str", "signature", "timestamp", "serial_no"} <= set(given):
            raise BadSignature("Http头Authorization格式错误")
        if given["mchid"] != self._credentials["mchid"] or given["serial_no"] != self._credentials["merchant_serial"]:
            raise BadSignature("商户证书序列号有误")
        if (
            not given["timestamp"].isdigit()
            or abs(int(given["timestamp"]) - self._clock.timestamp()) > MOST_SECONDS_OFF
        ):
            raise BadSignature("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
        parts = (
            request.method,
            request.target,
            given["timestamp"],
            given["nonce_str"],
            request.body.decode("utf-8", "replace"),
        )
        if not self.is_merchants(given["signature"], *parts):
            raise BadSignature("签名错误")
        self._use_up(given["nonce_str"] + given["timestamp"])

    def is_merchants(self, signature: str, *parts: str) -> bool:
        """Did the merchant sign these parts?"""
        message = "".join(f"{part}\n" for part in parts).encode()
        try:
            self._merchant.verify(
                base64.b64decode(signature, validate=True), message, padding.PKCS1v15(), hashes.SHA256()
            )
        except (InvalidSignature, binascii.Error):
            return False
        return True

    def _use_up(self, nonce: str) -> None:
        now = self._clock.timestamp()
        with self._store.transaction():
            self._store.write("DELETE FROM wechatpay_nonces WHERE at < ?", (now - 2 * MOST_SECONDS_OFF,))
            if self._store.write("INSERT OR IGNORE INTO wechatpay_nonces VALUES (?, ?)", (nonce, now)) == 0:
                raise BadSignature("签名重复使用")

    def sealed(self, content: Any, associated: str, *, key: str = "", **more: str) -> dict[str, str]:
        """A resource as notices and certificates carry it."""
        nonce = secrets.token_hex(6)
        plain = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        box = AESGCM((key or self._credentials["api_v3_key"]).encode())
        ciphertext = base64.b64encode(box.encrypt(nonce.encode(), plain.encode(), associated.encode())).decode()
        return {
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": ciphertext,
            "associated_data": associated,
            "nonce": nonce,
            **more,
        }
