"""A small client of WeChat Pay, for the sandbox's own tests."""

import base64
import json
import secrets
import time
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from xuliu.sandbox.providers.wechatpay.keys import private_key
from xuliu.sandbox.tests.callers import Caller


class WeChatCaller(Caller):
    """A merchant that signs its requests."""

    def __init__(self, base: str, credentials: dict[str, str]) -> None:
        super().__init__(base)
        self.credentials = credentials
        self.key = private_key(credentials["merchant_private_key"])

    def authorization(self, method: str, path: str, body: bytes, key: rsa.RSAPrivateKey | None = None) -> str:
        """The header that signs a request."""
        stamp, nonce = str(int(time.time())), secrets.token_hex(16)
        signature = self.sign(method, path, stamp, nonce, body.decode(), key=key)
        given = {"mchid": self.credentials["mchid"], "nonce_str": nonce, "signature": signature, "timestamp": stamp}
        listed = ",".join(f'{name}="{value}"' for name, value in given.items())
        return f'WECHATPAY2-SHA256-RSA2048 {listed},serial_no="{self.credentials["merchant_serial"]}"'

    def sign(self, *parts: str, key: rsa.RSAPrivateKey | None = None) -> str:
        """Base64 of the merchant's signature."""
        message = "".join(f"{part}\n" for part in parts).encode()
        return base64.b64encode((key or self.key).sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()

    def call(self, method: str, path: str, content: Any = None, **headers: str) -> httpx.Response:
        """One signed call."""
        body = b"" if content is None else json.dumps(content).encode()
        sent = {"Authorization": self.authorization(method, path, body), "Accept": "application/json", **headers}
        return self.http.request(method, f"{self.base}{path}", content=body, headers=sent)

    def opening(self, reference: str, total: int = 3600, notify_url: str = "", **more: Any) -> dict[str, Any]:
        """The body of an opening."""
        wanted = {name: self.credentials[name] for name in ("appid", "mchid")}
        wanted |= {
            "description": "续费 12 个月",
            "out_trade_no": reference,
            "notify_url": notify_url or "http://127.0.0.1:9/",
        }
        return {**wanted, "amount": {"total": total, "currency": "CNY"}, **more}

    def open(self, reference: str, total: int = 3600, notify_url: str = "", **more: Any) -> str:
        """A native payment; its code URL."""
        wanted = self.opening(reference, total, notify_url, **more)
        answer = self.call("POST", "/v3/pay/transactions/native", wanted)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["code_url"])

    def query(self, reference: str) -> dict[str, Any]:
        """A payment as the provider knows it."""
        path = f"/v3/pay/transactions/out-trade-no/{reference}?mchid={self.credentials['mchid']}"
        return dict(self.call("GET", path).json())

    def close_order(self, reference: str) -> httpx.Response:
        """Nobody shall pay it any more."""
        path = f"/v3/pay/transactions/out-trade-no/{reference}/close"
        return self.call("POST", path, {"mchid": self.credentials["mchid"]})

    def refund(self, reference: str, payment: str, refund: int, total: int = 3600, **more: Any) -> httpx.Response:
        """Give money back."""
        wanted = {"out_refund_no": reference, "out_trade_no": payment, "reason": "未开通", **more}
        wanted["amount"] = {"refund": refund, "total": total, "currency": "CNY"}
        return self.call("POST", "/v3/refund/domestic/refunds", wanted)
