"""A small HTTP/1.1 server whose answers can be lost, late, doubled, dripped or refused a connection.

Written on sockets because what a fault needs is below what an HTTP library lets one say: to close after acting, to
answer twice, to stop listening and still hold the port.
"""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from io import BufferedReader
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

MAX_BODY_BYTES = 256 * 1024 * 1024
MAX_HEADERS = 100
MAX_LINE = 65536


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller sent. Header names are lower case; `target` is path and query as they came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    path: str
    query: Mapping[str, str]

    def json(self) -> Any:
        """The body as JSON; None where it is not."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def fields(self) -> dict[str, str]:
        """Query, form and flat JSON fields together, as text: for peers that take them all."""
        found = dict(self.query)
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            found |= dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        elif self.body:
            content = self.json()
            if isinstance(content, dict):
                found |= {str(name): str(value) for name, value in content.items() if value is not None}
        return found


@dataclass(slots=True)
class Response:
    """What is said back."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Manner(StrEnum):
    """How an answer goes over the wire."""

    PLAIN = "plain"
    CLOSE = "close"  # no answer: the connection ends
    TWICE = "twice"
    DRIP = "drip"  # a byte every `pause` seconds


@dataclass(slots=True)
class TimedResponse:
    """A response, how it is sent, and how long after the call (real seconds)."""

    response: Response
    manner: Manner = Manner.PLAIN
    delay: float = 0.0
    pause: float = 0.2


def json_response(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON as the peers send it: UTF-8, no escapes."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, body, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})


class Port:
    """One listening port with a thread per connection. Going down closes every connection and refuses new ones; the
    port stays ours meanwhile, held by a socket that is bound and does not listen."""

    def __init__(self, host: str, port: int, answer: Callable[[Request], TimedResponse]) -> None:
        self.host = host
        self._answer = answer
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._socket = self._bound(port)
        self.is_up = False
        self.number: int = self._socket.getsockname()[1]

    def up(self) -> None:
        """Listen; nothing happens where it listens already."""
        with self._lock:
            if self.is_up:
                return
            self._socket.listen(1024)
            self.is_up = True
            listener = self._socket
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def down(self) -> None:
        """Refuse connections and end those that stand."""
        with self._lock:
            if not self.is_up:
                return
            self._silence()
            self._socket = self._bound(self.number)
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the port up."""
        with self._lock:
            self._silence()

    def _silence(self) -> None:
        self.is_up = False
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes accept(); close() alone would not
        self._socket.close()

    def _bound(self, port: int) -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((self.host, port))
        except OSError:
            bound.close()
            raise
        return bound

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            if not self.is_up:
                connection.close()
                return
            self._connections.add(connection)
        try:
            with connection, connection.makefile("rb", 65536) as reader:
                while self._exchange(connection, cast("BufferedReader", reader)):
                    pass
        except OSError:
            pass  # the caller went away
        finally:
            with self._lock:
                self._connections.discard(connection)

    def _exchange(self, connection: socket.socket, reader: BufferedReader) -> bool:
        """One request and its answer; False where the connection is to end."""
        try:
            request = read_request(reader)
        except ValueError:
            return False  # that was no HTTP: the end of the connection is the answer
        if request is None:
            return False
        answer = self._answer(request)
        if answer.delay > 0:
            time.sleep(answer.delay)
        if answer.manner is Manner.CLOSE:
            return False
        is_kept = request.headers.get("connection", "").lower() != "close"
        wire = _encode(answer.response, is_kept=is_kept, has_body=request.method != "HEAD")
        _send(connection, wire, answer)
        return is_kept


def _send(connection: socket.socket, wire: bytes, answer: TimedResponse) -> None:
    if answer.manner is Manner.DRIP:
        for at in range(len(wire)):
            connection.sendall(wire[at : at + 1])
            time.sleep(answer.pause)
        return
    connection.sendall(wire * 2 if answer.manner is Manner.TWICE else wire)


def _encode(response: Response, *, is_kept: bool, has_body: bool) -> bytes:
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {response.status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    if response.status != HTTPStatus.NO_CONTENT:
        lines.append(f"Content-Length: {len(response.body)}")
    lines.append(f"Connection: {'keep-alive' if is_kept else 'close'}")
    head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
    return head + response.body if has_body and response.status != HTTPStatus.NO_CONTENT else head


def read_request(reader: BufferedReader) -> Request | None:
    """The next request of a connection; None at its end. Raises ValueError for what is not HTTP."""
    line = reader.readline(MAX_LINE)
    if not line.strip():
        return None
    method, target, _version = line.decode("latin-1").split()
    headers = _read_headers(reader)
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Request(method, target, headers, _read_body(reader, headers), unquote(parts.path), query)


def _read_headers(reader: BufferedReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(MAX_HEADERS):
        line = reader.readline(MAX_LINE).decode("utf-8", "replace").rstrip("\r\n")
        if not line:
            return headers
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    raise ValueError("too many headers")


def _read_body(reader: BufferedReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _read_chunks(reader)
    length = int(headers.get("content-length") or 0)
    if not 0 <= length <= MAX_BODY_BYTES:
        raise ValueError("a body of that length is not taken")
    body = reader.read(length)
    if len(body) < length:
        raise ValueError("the body ended early")
    return body


def _read_chunks(reader: BufferedReader) -> bytes:
    chunks: list[bytes] = []
    taken = 0
    while taken <= MAX_BODY_BYTES:
        size = int(reader.readline(MAX_LINE).split(b";")[0], 16)
        if size == 0:
            _read_headers(reader)  # trailers, and the empty line behind them
            return b"".join(chunks)
        taken += size
        chunks.append(reader.read(size))
        reader.readline(MAX_LINE)
    raise ValueError("a body of that length is not taken")
