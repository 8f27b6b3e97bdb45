"""What the stand-ins' small clients share, and a merchant that takes notices: for the sandbox's own tests."""

import queue
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import httpx

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
