"""Small clients of the stand-ins and a merchant that takes notices: for the sandbox's own tests."""

import base64
import json
import queue
import secrets
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from xuliu.sandbox.providers.wechatpay.keys import private_key

WAIT_SECONDS = 10.0
# Nobody here speaks TLS; httpx would read all authorities of the world for every client.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def get(url: str, **more: Any) -> httpx.Response:
    """One GET on a connection of its own."""
    return httpx.get(url, verify=NO_TLS, timeout=WAIT_SECONDS, **more)


def post(url: str, **more: Any) -> httpx.Response:
    """One POST on a connection of its own."""
    return httpx.post(url, verify=NO_TLS, timeout=WAIT_SECONDS, **more)


class Caller:
    """One kept-alive connection to a stand-in."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.http = httpx.Client(timeout=WAIT_SECONDS, verify=NO_TLS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()


class OneLinkCaller(Caller):
    """Speaks OneLink."""

    def __init__(self, base: str, credentials: dict[str, str]) -> None:
        super().__init__(base)
        self.credentials = credentials
        self.token = ""
        self._count = 0

    def transid(self) -> str:
        """A fresh one."""
        self._count += 1
        return f"{self.credentials['appid']}20260101000000{self._count:08d}"

    def fetch_token(self) -> str:
        """Get a token and keep it."""
        query = {**self.credentials, "transid": self.transid()}
        self.token = self.http.get(f"{self.base}/get/token", params=query).json()["result"][0]["token"]
        return self.token

    def raw(self, path: str, **fields: str) -> httpx.Response:
        """One call with transid and token."""
        if not self.token:
            self.fetch_token()
        query = {"transid": self.transid(), "token": self.token, **fields}
        return self.http.get(f"{self.base}{path}", params=query)

    def ask(self, path: str, **fields: str) -> list[Any]:
        """The result of a call that goes well."""
        answer = self.raw(path, **fields).json()
        assert answer["status"] == "0", answer
        return list(answer["result"])

    def refusal(self, path: str, **fields: str) -> str:
        """The code of a call that is refused."""
        answer = self.raw(path, **fields).json()
        assert answer["status"] != "0", answer
        assert answer["result"] == []
        return str(answer["status"])

    def order(self, msisdn: str, plan: str) -> str:
        """23R08; the order's number."""
        path, fields = "/order/gprspackage-order", {"msisdn": msisdn, "maincommoDity": "0", "packageType": plan}
        return str(self.ask(path, **fields)[0]["orderNum"])

    def order_batch(self, msisdns: list[str], plan: str) -> str:
        """23R09; the job's number."""
        fields = {"msisdns": "_".join(msisdns), "maincommoDity": "0", "packageType": plan}
        return str(self.ask("/order/gprspackage-order/batch", **fields)[0]["jobId"])

    def job(self, number: str) -> dict[str, Any]:
        """23M10."""
        return dict(self.ask("/query/sim-batch-result", jobId=number)[0])


class NceCaller(Caller):
    """Speaks 1NCE's API."""

    def __init__(self, base: str, credentials: dict[str, str]) -> None:
        super().__init__(base)
        self.credentials = credentials
        self.token = ""

    def fetch_token(self) -> httpx.Response:
        """Client credentials."""
        who = (self.credentials["client_id"], self.credentials["client_secret"])
        answer = self.http.post(f"{self.base}/oauth/token", json={"grant_type": "client_credentials"}, auth=who)
        self.token = answer.json()["access_token"]
        return answer

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One call with a Bearer token."""
        if not self.token:
            self.fetch_token()
        return self.http.request(
            method, f"{self.base}{path}", headers={"Authorization": f"Bearer {self.token}"}, **more
        )


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


class Shop:
    """A merchant's notify_url. `status` is what it answers; `notices` what has come, in order."""

    def __init__(self) -> None:
        self.status = 204
        self.notices: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        shop = self

        class Receiver(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(shop.status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                shop.notices.put(({name.lower(): value for name, value in self.headers.items()}, body))

            def log_message(self, *_: object) -> None:
                pass

        class Listening(ThreadingHTTPServer):
            request_queue_size = 128

        self._server = Listening(("127.0.0.1", 0), Receiver)
        self.url = f"http://127.0.0.1:{self._server.server_port}/notices/wechatpay"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def take(self) -> tuple[dict[str, str], bytes]:
        """The next notice; raises queue.Empty where none comes."""
        return self.notices.get(timeout=WAIT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
