"""One HTTP exchange with the outside world under one deadline, from connect to last byte.

A library's timeouts apply to each read: a peer that drips a byte per second is never cut off. Here every wait gets what
is left of the deadline, so a call ends on time. No request is ever repeated automatically. Failures are sorted by the
only question that matters for money: can the peer have acted?
"""

import contextlib
import io
import select
import socket
import ssl
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPConnection, HTTPException
from json import dumps
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from xuliu.common.bounds import read_json, words

MAX_BODY_BYTES = 8 * 1024 * 1024
IDLE_SECONDS = 30.0  # a connection idle for longer is not reused: the peer may be about to close it
IDLE_KEPT = 64  # per peer
PORTS = {"http": 80, "https": 443}
# What may stand in a path or a query as it is, "%" among them: our callers have quoted what they put in.
PLAIN = "/?:@!$&'()*+,;=~%-._[]"


class NotSent(Exception):
    """The peer certainly did not act: no connection was made, or it was kept back on our side."""

    def __init__(self, why: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(why)
        self.retry_after_seconds = retry_after_seconds


class NoAnswer(Exception):
    """The request may have reached the peer and no whole answer came back: it may have acted."""


@dataclass(frozen=True, slots=True)
class Response:
    """What the peer said. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 are replaced, never an error."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON, or None where it is not JSON: an odd body is data, not an exception."""
        try:
            return read_json(self.body)
        except ValueError:
            return None


class Outbound:
    """Connections that are kept alive; safe to share between threads."""

    def __init__(self, *, deadline_seconds: float, verify: ssl.SSLContext | None = None) -> None:
        self.deadline_seconds = deadline_seconds
        self._verify = verify
        self._idle: defaultdict[_Origin, deque[_Connection]] = defaultdict(deque)

    def exchange(
        self,
        *,
        method: str,
        url: str,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        deadline_seconds: float | None = None,
        leaving: Callable[[], object] | None = None,
    ) -> Response:
        """Send one request and read its whole answer; `leaving` is called when its first byte is about to leave.

        Raises NotSent when no connection was made in time, NoAnswer when anything failed after that.
        Redirects are not followed: a carrier that redirects a POST gives an odd answer, which is data.
        """
        ends = time.monotonic() + (deadline_seconds or self.deadline_seconds)
        try:
            body, kind = _body(json, form, content)
            origin, target = _address(url, params)
            connection = self._rested(origin) or _Connection(origin, ends, self._verify)
            connection.compose(method, target, body, kind | dict(headers or {}))
        except (OSError, HTTPException, ValueError, TypeError) as error:  # what cannot be said: ValueError, TypeError
            raise NotSent(f"no connection: {_described(error)}") from error
        try:
            if leaving is not None:
                leaving()
            return connection.exchange(ends)
        except (OSError, HTTPException, ValueError) as error:
            raise NoAnswer(_described(error)) from error
        finally:
            self._rest(origin, connection)

    def close(self) -> None:
        """Close the kept-alive connections."""
        for resting in self._idle.values():
            while resting:
                resting.pop().close()

    def _rested(self, origin: "_Origin") -> "_Connection | None":
        """A connection to that peer which is still good; those that are not are closed."""
        resting = self._idle[origin]
        while resting:
            try:
                connection = resting.pop()
            except IndexError:  # another thread was quicker
                return None
            if connection.is_good():
                return connection
            connection.close()
        return None

    def _rest(self, origin: "_Origin", connection: "_Connection") -> None:
        if connection.is_whole and len(self._idle[origin]) < IDLE_KEPT:
            self._idle[origin].append(connection)
        else:
            connection.close()


def _described(error: Exception) -> str:
    """An error for a log: what it quotes is the peer's."""
    return words(f"{type(error).__name__}: {error}", most=200)


@dataclass(frozen=True, slots=True)
class _Origin:
    scheme: str
    host: str
    port: int


def _address(url: str, params: Mapping[str, str | int] | None) -> tuple[_Origin, str]:
    """Whom to ask, and for what. Raises ValueError for what is no address."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("an address begins with http:// or https:// and a name")
    query = "&".join(filter(None, (parts.query, urlencode(params or {}, quote_via=quote))))
    target = quote(f"{parts.path or '/'}{'?' if query else ''}{query}", safe=PLAIN)
    return _Origin(parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme]), target


def _body(json: Any, form: Mapping[str, str] | None, content: bytes | None) -> tuple[bytes | None, dict[str, str]]:
    """What is sent, and the header that says what it is."""
    if json is not None:
        text = dumps(json, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode(), {"Content-Type": "application/json"}
    if form is not None:
        return urlencode(form).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    return content, {}


class _Connection:
    """One connection to one peer. `is_whole` while the next answer on it can only be that of the next request."""

    def __init__(self, origin: _Origin, ends: float, verify: ssl.SSLContext | None) -> None:
        """Raises OSError where none was made before `ends`, a time of the monotonic clock."""
        self.is_whole = True
        self._rested_at = 0.0
        self._line = _Line(_connected(origin, ends, verify))
        self._http = HTTPConnection(origin.host, origin.port)
        self._http.default_port = PORTS[origin.scheme]
        self._http.auto_open = 0
        self._http.sock = self._line

    def compose(self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]) -> None:
        """Make the request ready; nothing is sent yet.

        Raises ValueError or HTTPException for what cannot be said, letting go of the connection.
        """
        try:
            self._http.request(method, target, body, headers)
        except BaseException:
            self.close()
            raise

    def exchange(self, ends: float) -> Response:
        """Send what was composed and read the whole answer. Raises OSError, HTTPException, ValueError."""
        self.is_whole = False
        self._line.send(ends)
        answer = self._http.getresponse()
        body = answer.read(MAX_BODY_BYTES + 1)
        if len(body) > MAX_BODY_BYTES:
            raise HTTPException("the answer is larger than any honest one")
        if answer.length:
            raise HTTPException(f"the answer ended {answer.length} bytes early")
        self.is_whole = answer.isclosed() and not answer.will_close
        self._rested_at = time.monotonic()
        return Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)

    def is_good(self) -> bool:
        """Whether it has not rested for too long, and nothing came in meanwhile: no end, no word that nobody asked."""
        return time.monotonic() < self._rested_at + IDLE_SECONDS and self._line.is_quiet()

    def close(self) -> None:
        """Let go of it."""
        self._line.end()


class _Line(io.RawIOBase):
    """What `http.client` takes for a socket: it gathers a request to send it at once, and all that waits on it waits
    until `ends` at the longest."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._ends = 0.0
        self._is_resting = False
        self._composed: list[bytes] = []
        self._reader = _Reader(self)

    def sendall(self, data: bytes) -> None:
        self._composed.append(data)

    def send(self, ends: float) -> None:
        """Send what was gathered. Raises OSError."""
        self._ends = ends
        composed, self._composed = b"".join(self._composed), []
        self._socket.settimeout(_left(ends))
        self._socket.sendall(composed)

    def makefile(self, _mode: str) -> "_Reader":
        return self._reader

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._is_resting:
            return None
        self._socket.settimeout(_left(self._ends))
        return self._socket.recv_into(buffer)

    def is_quiet(self) -> bool:
        """Whether nothing was read that belonged to no answer, and nothing lies ready to be read."""
        self._is_resting = True
        is_empty = not self._reader.peek(1)
        self._is_resting = False
        return is_empty and not _is_readable(self._socket)

    def close(self) -> None:
        """The peer will send nothing more; what it has sent is still to be read."""

    def end(self) -> None:
        self._socket.close()


class _Reader(io.BufferedReader):
    """Outlives the answer, whose end closes it, to know what came after that end."""

    def close(self) -> None:
        pass


def _is_readable(one: socket.socket) -> bool:
    poll = select.poll()
    poll.register(one, select.POLLIN)
    return bool(poll.poll(0))


def _connected(origin: _Origin, ends: float, verify: ssl.SSLContext | None) -> socket.socket:
    """A socket to the first of the peer's addresses that takes it. Raises OSError."""
    failure = OSError(f"{origin.host} has no address")
    for address in _addresses(origin, ends):
        try:
            plain = socket.create_connection((address, origin.port), timeout=_left(ends))
        except OSError as error:
            failure = error
            continue
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if origin.scheme == "http":
            return plain
        with contextlib.ExitStack() as unless_secured:
            unless_secured.callback(plain.close)
            plain.settimeout(_left(ends))
            secured = (verify or _trusting_the_system()).wrap_socket(plain, server_hostname=origin.host)
            unless_secured.pop_all()
        return secured
    raise failure


@lru_cache(maxsize=1)
def _trusting_the_system() -> ssl.SSLContext:
    """Reading the system's certificates takes longer than a call; a forked process may share what was read."""
    return ssl.create_default_context()


def _left(ends: float) -> float:
    return max(0.001, ends - time.monotonic())


def _addresses(origin: _Origin, ends: float) -> list[str]:
    """The addresses of a name. The system's resolver knows no deadline, so it is asked in a thread of its own."""
    found: list[str] = []
    failures: list[OSError] = []

    def ask() -> None:
        try:
            entries = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
            found.extend(str(entry[4][0]) for entry in entries)
        except OSError as error:
            failures.append(error)

    asking = threading.Thread(target=ask, name="resolve", daemon=True)
    asking.start()
    asking.join(_left(ends))
    if failures:
        raise failures[0]
    if asking.is_alive():
        raise TimeoutError(f"no address of {origin.host} in time")
    return list(dict.fromkeys(found))
