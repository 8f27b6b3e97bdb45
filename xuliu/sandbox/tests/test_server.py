"""The HTTP server under the stand-ins."""

import socket
import threading
import time
from urllib.parse import urlsplit

from xuliu.sandbox.carriers.onelink.tests.caller import OneLinkCaller
from xuliu.sandbox.providers.wechatpay.tests.caller import WeChatCaller
from xuliu.sandbox.testing import Sandbox
from xuliu.sandbox.tests.callers import get

LINS = "1440000000017"


def test_it_answers_three_hundred_calls_a_second(onelink: OneLinkCaller) -> None:
    onelink.fetch_token()
    transid = onelink.transid()
    parts = urlsplit(onelink.base)
    target = f"{parts.path}/query/sim-status?transid={transid}&token={onelink.token}&msisdn={LINS}"
    request = f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        begun = time.monotonic()
        for _ in range(300):
            connection.sendall(request)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")
        # A twentieth of what it does on an idle core: other tests run beside this one.
        assert time.monotonic() - begun < 3.0


def test_many_callers_at_once_are_all_answered(onelink: OneLinkCaller) -> None:
    onelink.fetch_token()
    numbers: list[str] = []

    def order() -> None:
        with OneLinkCaller(onelink.base, onelink.credentials) as caller:
            caller.token = onelink.token
            numbers.append(caller.order(LINS, "0"))

    threads = [threading.Thread(target=order) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(numbers)) == 16


def test_a_connection_is_kept_and_a_chunked_body_is_read(wechat: WeChatCaller) -> None:
    parts = urlsplit(wechat.base)
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        for _ in range(2):
            head = b"POST /pay/nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            connection.sendall(head + b"6\r\naction\r\n4\r\n=pay\r\n0\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 404")


def test_what_is_not_http_ends_the_connection_and_nothing_else(sandbox: Sandbox) -> None:
    parts = urlsplit(sandbox.urls["onelink"])
    for rubbish in (b"\x16\x03\x01\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n"):
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            connection.sendall(rubbish)
            assert connection.recv(65536) == b""
    assert sandbox.control.health()["ok"]


def test_latency_is_added_to_every_answer(sandbox: Sandbox) -> None:
    sandbox.control.settings(latency_ms=120.0)
    begun = time.monotonic()
    get(f"{sandbox.urls['onelink']}/get/token")
    assert time.monotonic() - begun > 0.12
