"""What reaches Django, and how little strangers can hold up who send slowly, too much, or nothing."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event
from typing import Any

import pytest

from tests.harness.site import serving
from xuliu.common.addresses import networks
from xuliu.config import front
from xuliu.config.bodies import BodyLimits
from xuliu.config.front import Front

DEADLINE = 0.4
POST = b"POST %s HTTP/1.1\r\nHost: testserver\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
UNFINISHED = POST % b"/webhooks/wx/" + b'Content-Length: 100\r\n\r\n{"id":'

Environ = dict[str, Any]


class Application:
    """In Django's place: keeps what it was asked, and answers what it is told."""

    def __init__(self) -> None:
        self.asked: list[Environ] = []
        self.hold = Event()
        self.hold.set()

    def __call__(self, environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        self.asked.append(environ | {"body": environ["wsgi.input"].read()})
        if environ["PATH_INFO"].startswith("/held"):
            self.hold.wait(5)
        start("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2; Path=/")])
        return iter([b"whole", b" ", b"answer"])


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch) -> Application:
    """Stands in Django's place."""
    one = Application()
    monkeypatch.setattr(front, "application", one)
    return one


@contextmanager
def listening(threads: int = 1, **limits: Any) -> Iterator[int]:
    with serving(Front(threads=threads, limits=BodyLimits(**{"seconds": DEADLINE, **limits}))) as url:
        yield int(url.rpartition(":")[2])


def sent(port: int, *pieces: bytes, pause: float = 0.0) -> socket.socket:
    """A connection over which that was sent."""
    there = socket.create_connection(("127.0.0.1", port), timeout=5)
    for piece in pieces:
        there.sendall(piece)
        time.sleep(pause)
    return there


def heard(there: socket.socket) -> tuple[int, bytes]:
    """Status and body of the next answer on that connection; 0 where it ended without one."""
    said = b""
    while b"\r\n\r\n" not in said:
        if not (piece := there.recv(65_536)):
            return 0, said
        said += piece
    head, _, body = said.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 100"):
        head, _, body = body.partition(b"\r\n\r\n")
    length = int((re.search(rb"content-length: (\d+)", head) or [0, 0])[1])
    while len(body) < length:
        body += there.recv(65_536)
    return int(head.split()[1]), head + b"\n\n" + body


def asked(port: int, *pieces: bytes, pause: float = 0.0) -> int:
    with sent(port, *pieces, pause=pause) as there:
        return heard(there)[0]


def test_a_body_in_chunks_is_handed_on_whole_and_with_its_length(application: Application) -> None:
    with listening() as port:
        chunks = b"5\r\nhello\r\n", b"6\r\n world\r\n", b"0\r\n\r\n"
        assert asked(port, POST % b"/look-up" + CHUNKED, *chunks, pause=0.01) == 200
    assert application.asked[0]["body"] == b"hello world"
    assert application.asked[0]["CONTENT_LENGTH"] == "11"


def test_a_request_is_said_to_django_as_wsgi_says_it(application: Application) -> None:
    with listening() as port:
        request = b"GET /t/%E4%BD%A0/%FF?a=%20b HTTP/1.1\r\nHost: testserver\r\nCookie: a=1\r\nCookie: b=2\r\n"
        assert asked(port, request + b"X-Real-IP: 203.0.113.8\r\nX-A: 1\r\nX-A: 2\r\nContent-Type: x/y\r\n\r\n") == 200
    said = application.asked[0]
    assert said["PATH_INFO"].encode("latin-1").decode() == "/t/你/�"
    wanted = {"QUERY_STRING": "a=%20b", "HTTP_HOST": "testserver", "HTTP_COOKIE": "a=1; b=2", "HTTP_X_A": "1,2"}
    wanted |= {"CONTENT_TYPE": "x/y", "CONTENT_LENGTH": "0", "REMOTE_ADDR": "127.0.0.1", "REQUEST_METHOD": "GET"}
    assert {name: said[name] for name in wanted} == wanted


def test_an_answer_comes_back_with_all_its_headers_and_the_connection_is_used_again(application: Application) -> None:
    with listening() as port, sent(port, b"GET / HTTP/1.1\r\nHost: testserver\r\n\r\n") as there:
        status, said = heard(there)
        assert status == 200
        assert said.endswith(b"\n\nwhole answer")
        assert said.count(b"set-cookie: ") == 2
        there.sendall(b"HEAD / HTTP/1.1\r\nHost: testserver\r\n\r\n")
        head = there.recv(65_536)
        assert b"content-length: 12" in head
        assert b"whole" not in head
        there.sendall(POST % b"/" + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert there.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        there.sendall(b"abc")
        assert heard(there)[0] == 200
    assert application.asked[-1]["body"] == b"abc"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"Content-Length: 1048577\r\n\r\n", 413),
        (CHUNKED + b"100001\r\n" + b"x" * 0x100001 + b"\r\n0\r\n\r\n", 413),
        (b"X_Real_IP: 198.51.100.1\r\nContent-Length: 1\r\n\r\nx", 400),
        (CHUNKED + b"5\r\nhello\r\nno number\r\n", 400),
        (b"Content-Length: 100\r\n\r\n", 408),
        (CHUNKED + b"5\r\nhel", 408),
    ],
)
def test_what_is_too_much_or_never_ends_is_refused_unseen(
    application: Application, request_: bytes, status: int
) -> None:
    with listening() as port, sent(port, POST % b"/look-up" + request_) as there:
        answer, said = heard(there)
        assert answer == status
        assert b"content-type: text/plain" in said
    assert application.asked == []


def test_notices_may_be_smaller_only(application: Application) -> None:
    with listening() as port:
        assert asked(port, POST % b"/webhooks/wx/" + b"Content-Length: 262145\r\n\r\n") == 413


@pytest.mark.parametrize("begun", [UNFINISHED, POST % b"/" + CHUNKED + b"5\r\nhello\r\n"])
def test_half_a_body_of_somebody_who_left_is_not_handed_on(application: Application, begun: bytes) -> None:
    with listening(seconds=5) as port:
        sent(port, begun, pause=0.02).close()
        assert asked(port, b"GET / HTTP/1.1\r\nHost: testserver\r\n\r\n") == 200
    assert [one["REQUEST_METHOD"] for one in application.asked] == ["GET"]


def test_silent_and_dripping_bodies_hold_up_nobody_and_end_at_the_deadline(
    application: Application, settings: Any
) -> None:
    settings.XULIU_ADDRESS_HEADER = "X-Real-IP"
    with listening() as port, ExitStack() as stack:
        begun = [stack.enter_context(sent(port, _from(f"203.0.113.{number}", UNFINISHED))) for number in range(1, 61)]
        started = time.monotonic()
        assert asked(port, b"GET /healthz HTTP/1.1\r\nHost: testserver\r\n\r\n") == 200
        assert asked(port, b"GET / HTTP/1.1\r\nHost: testserver\r\n\r\n") == 200
        assert asked(port, POST % b"/webhooks/wx/" + b"Content-Length: 2\r\n\r\n{}") == 200
        assert time.monotonic() - started < DEADLINE
        for dripping in begun[::2]:
            dripping.sendall(b" ")
        assert {heard(there)[0] for there in begun} == {408}
        assert time.monotonic() - started < 2 * DEADLINE + 1
    assert len(application.asked) == 3


def test_each_client_has_so_many_unfinished_and_takes_nothing_from_others(
    application: Application, settings: Any
) -> None:
    settings.XULIU_ADDRESS_HEADER = "X-Real-IP"
    with listening(most_a_client=2, seconds=5) as port, ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(sent(port, _from("2001:db8:1:2::1", UNFINISHED), pause=0.02))
        assert asked(port, _from("2001:db8:1:2::f", UNFINISHED)) == 429
        whole = POST % b"/webhooks/wx/" + b"Content-Length: 2\r\n\r\n{}"
        for other in ("2001:db8:1:3::1", "203.0.113.8:40001", "unknown", ""):
            assert asked(port, _from(other, whole)) == 200


def test_a_stranger_who_names_addresses_is_counted_as_the_peer_that_they_are(
    application: Application, settings: Any
) -> None:
    settings.XULIU_ADDRESS_HEADER, settings.XULIU_PROXIES = "X-Real-IP", networks("192.0.2.1")
    with listening(most_a_client=2, seconds=5) as port, ExitStack() as stack:
        for number in range(2):
            stack.enter_context(sent(port, _from(f"203.0.113.{number}", UNFINISHED), pause=0.02))
        assert asked(port, _from("203.0.113.9", UNFINISHED)) == 429


def test_where_all_places_are_taken_the_oldest_ends_and_the_newest_is_read(application: Application) -> None:
    with listening(most=2, seconds=5) as port, ExitStack() as stack:
        first, _ = (stack.enter_context(sent(port, UNFINISHED, pause=0.02)) for _ in range(2))
        assert asked(port, POST % b"/webhooks/wx/" + b"Content-Length: 2\r\n\r\n{}") == 200
        assert heard(first)[0] == 408


def test_bodies_on_their_way_hold_only_so_many_bytes(application: Application) -> None:
    with listening(most_bytes=150_000, seconds=5) as port, ExitStack() as stack:
        large = POST % b"/" + b"Content-Length: 200000\r\n\r\n" + b"x" * 100_000
        first, _ = (stack.enter_context(sent(port, large, pause=0.02)) for _ in range(2))
        assert heard(first)[0] == 408
        assert asked(port, POST % b"/" + b"Content-Length: 2\r\n\r\n{}") == 200


def test_pages_that_take_long_hold_up_neither_notices_nor_health(application: Application) -> None:
    application.hold.clear()
    with listening() as port, sent(port, b"GET /held HTTP/1.1\r\nHost: testserver\r\n\r\n") as slow:
        assert asked(port, b"GET /healthz HTTP/1.1\r\nHost: testserver\r\n\r\n") == 200
        assert asked(port, POST % b"/webhooks/wx/" + b"Content-Length: 2\r\n\r\n{}") == 200
        application.hold.set()
        assert heard(slow)[0] == 200


def test_only_so_many_wait_for_a_thread(application: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Front(threads=1)
    monkeypatch.setattr(one._pages, "_most_waiting", 1)
    application.hold.clear()
    with serving(one) as url, ExitStack() as stack:
        port = int(url.rpartition(":")[2])
        held = [
            stack.enter_context(sent(port, b"GET /held HTTP/1.1\r\nHost: testserver\r\n\r\n", pause=0.05)) for _ in "ab"
        ]
        assert asked(port, b"GET /held HTTP/1.1\r\nHost: testserver\r\n\r\n") == 503
        application.hold.set()
        assert [heard(there)[0] for there in held] == [200, 200]


@pytest.mark.parametrize(("proxies", "is_believed"), [("127.0.0.1", True), ("192.0.2.1", False)])
def test_that_a_visitor_came_by_tls_is_believed_of_a_proxy_of_ours_alone(
    application: Application, settings: Any, proxies: str, is_believed: bool
) -> None:
    settings.XULIU_PROXIES = networks(proxies)
    with listening() as port:
        assert asked(port, b"GET / HTTP/1.1\r\nHost: testserver\r\nX-Forwarded-Proto: https\r\n\r\n") == 200
    assert ("HTTP_X_FORWARDED_PROTO" in application.asked[0]) is is_believed


def _from(address: str, request: bytes) -> bytes:
    """The request as a proxy hands it on for that address."""
    head, _, rest = request.partition(b"\r\n\r\n")
    return head + b"\r\nX-Real-IP: " + address.encode() + b"\r\n\r\n" + rest
