"""Peers on a loopback socket that behave as they are told: what an HTTP library never does."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Behaviour = Callable[[socket.socket, bytes], None]


@dataclass
class ScriptedServer:
    """Where it listens, the requests it received whole, and how many connections were made to it."""

    port: int
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/v5/change"


def answers(response: bytes = OK) -> Behaviour:
    """Answers at once, with these bytes, and keeps the connection."""
    return lambda connection, _request: connection.sendall(response)


def resets(connection: socket.socket, _request: bytes) -> None:
    """Hears the request and resets the connection without an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def closes(connection: socket.socket, _request: bytes) -> None:
    """Hears the request and closes the connection in order, without an answer."""
    connection.close()


def drips(stop: threading.Event) -> Behaviour:
    """Begins an answer and sends one byte of it each 20 ms until stopped."""

    def behave(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not stop.wait(0.02):
            connection.sendall(b".")

    return behave


def keeps_silent(stop: threading.Event) -> Behaviour:
    """Hears the request and says nothing until stopped."""

    def behave(_connection: socket.socket, _request: bytes) -> None:
        stop.wait(30)

    return behave


@contextmanager
def peer(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    """A peer that treats each whole request so; behind TLS where a context for it is given."""
    listening = socket.create_server(("127.0.0.1", 0))
    one = ScriptedServer(listening.getsockname()[1])

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                one.connections += 1
                threading.Thread(target=_serve, args=(connection, behaviour, one, tls), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield one
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def _serve(plain: socket.socket, behaviour: Behaviour, one: ScriptedServer, tls: ssl.SSLContext | None) -> None:
    with contextlib.suppress(OSError), plain, tls.wrap_socket(plain, server_side=True) if tls else plain as connection:
        while request := _request(connection):
            one.heard.append(request)
            behaviour(connection, request)


def _request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            return b""
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def unused_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
