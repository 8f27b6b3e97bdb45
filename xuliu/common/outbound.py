"""One HTTP exchange with the outside world under one deadline, from connect to last byte.

httpx limits each read on its own: a peer that drips a byte a second is never cut off. Here every socket
operation is given what is left of the whole, so a call ends when its deadline does. What went wrong is sorted
by the only question that matters for money: can the peer have acted on it?
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from json import JSONDecodeError, loads
from typing import Any

import httpcore
import httpx

MAX_BODY_BYTES = 8 * 1024 * 1024

NEVER_LEFT = (
    httpx.InvalidURL,
    httpcore.UnsupportedProtocol,
    httpcore.PoolTimeout,
    httpcore.ConnectTimeout,
    httpcore.ConnectError,
)

_ends: ContextVar[float] = ContextVar("outbound_deadline")


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
            return loads(self.body)
        except (JSONDecodeError, UnicodeDecodeError):
            return None


class Outbound:
    """A pool of kept-alive connections; safe to share between threads."""

    def __init__(self, *, deadline_seconds: float, verify: ssl.SSLContext | None = None) -> None:
        self.deadline_seconds = deadline_seconds
        self._pool = httpcore.ConnectionPool(
            ssl_context=verify or _trusting_the_system(),
            max_connections=64,
            keepalive_expiry=30,
            network_backend=_DeadlineBackend(),
        )

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
    ) -> Response:
        """Send one request and read its whole answer.

        Raises NotSent when no connection was made in time, NoAnswer when anything failed after that.
        Redirects are not followed: a carrier that redirects a POST gives an odd answer, which is data.
        """
        allowed = deadline_seconds or self.deadline_seconds
        _ends.set(time.monotonic() + allowed)
        try:
            request = httpx.Request(method, url, params=params, json=json, data=form, content=content, headers=headers)
            with self._pool.stream(
                request.method,
                str(request.url),
                headers=request.headers.raw,
                content=request.read(),
                extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), allowed)},
            ) as answer:
                return Response(answer.status, _folded(answer.headers), _bounded(answer.iter_stream()))
        except NEVER_LEFT as error:
            raise NotSent(f"no connection: {type(error).__name__}") from error
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}"[:200]) from error

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._pool.close()


@lru_cache(maxsize=1)
def _trusting_the_system() -> ssl.SSLContext:
    """Reading the system's certificates takes longer than a call; a forked process may share what was read."""
    return ssl.create_default_context()


def _folded(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("ascii").lower(): value.decode("latin-1") for name, value in raw}


def _bounded(chunks: Iterable[bytes]) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise httpcore.RemoteProtocolError("the answer is larger than any honest one")
    return bytes(body)


def _left(timeout: float | None) -> float:
    left = _ends.get() - time.monotonic()
    return max(0.001, left if timeout is None else min(timeout, left))


class _DeadlineBackend(httpcore.NetworkBackend):
    """The plain socket backend, with every wait cut to what is left of the call's deadline."""

    def __init__(self) -> None:
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in _addresses(host, port):
            try:
                plain = self._plain.connect_tcp(address, port, _left(timeout), local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _DeadlineStream(plain)
        raise failure


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(self, plain: httpcore.NetworkStream) -> None:
        self._plain = plain

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._plain.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._plain.write(buffer, _left(timeout))

    def close(self) -> None:
        self._plain.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return _DeadlineStream(self._plain.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._plain.get_extra_info(info)


def _addresses(host: str, port: int) -> list[str]:
    """The addresses of a name. The system's resolver knows no deadline, so it is asked in a thread of its own."""
    found: list[str] = []
    failures: list[OSError] = []

    def ask() -> None:
        try:
            found.extend(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            failures.append(error)

    asking = threading.Thread(target=ask, name="resolve", daemon=True)
    asking.start()
    asking.join(_left(None))
    if failures:
        raise httpcore.ConnectError(str(failures[0]))
    if asking.is_alive():
        raise httpcore.ConnectTimeout(f"no address of {host} in time")
    return list(dict.fromkeys(found))
