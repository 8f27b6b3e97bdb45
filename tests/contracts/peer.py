"""A carrier on loopback for the shared contract test: recorded answers over real HTTP, and faults at will.

What a connector's own file of recorded answers says: `Recorded`. What it may be told to do instead: `Fault`.
"""

import json
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from xuliu.carrier.contract import Action, Outcome, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """A request as the peer saw it. Header names are lower case; of a parameter the last value."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, or {} where there is none."""
        return json.loads(self.body) if self.body else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the peer answers."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, said: Any, status: int = 200) -> "Reply":
        """A reply in JSON."""
        return cls(status=status, body=json.dumps(said).encode(), headers={"content-type": "application/json"})


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer: the connection is held for ever, or closed once the request was read."""

    is_held: bool = True


@dataclass(frozen=True, slots=True)
class Drip:
    """An answer of which a byte comes now and then, and never the last."""

    every_seconds: float = 0.05


Fault = Reply | Silence | Drip


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A recorded answer to a change that is no success, and what it means."""

    reply: Reply
    outcome: Outcome
    reason: Reason | None = None
    action: Action | None = None  # of which alone it is an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A way on which the carrier is asked later what became of a change: by order, by job, by our reference.

    `told` is how the words of a recorded refusal stand in the answer there; None where they can have no place in it.
    """

    name: str
    number: str  # the carrier's own, by which it is asked; "" where by our reference
    is_question: Callable[[RecordedCall], bool]
    told: Callable[[Reply], Reply | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The recorded side of one carrier: `RECORDED` in tests/recorded.py of its folder, or in tests/recorded_<module>.py
    beside its file.

    `answer` is what the carrier says to a request when all is well: the SIM `iccid` has `granted_bytes` and a period to
    an end, and `unknown_iccid` is none of its SIMs. `after` is the same once the change of that action has happened.
    `of_another` is its answer to the same request about another SIM (or another order), None where that names none.
    """

    config: Mapping[str, str]
    base_path: str
    iccid: str
    msisdn: str
    unknown_iccid: str
    plan_codes: Mapping[Action, str]
    answer: Callable[[RecordedCall], Reply]
    after: Callable[[Action, RecordedCall], Reply]
    of_another: Callable[[RecordedCall], Reply | None]
    is_change: Callable[[RecordedCall], bool]
    is_token: Callable[[RecordedCall], bool]
    token: str
    stale_token: Reply
    bad_credentials: Reply
    refusals: Sequence[Refusal]
    paths: Sequence[Path] = ()


class StandIn:
    """An HTTP server on a free port that answers by a function and keeps what it was asked."""

    def __init__(self, answer: Callable[[RecordedCall], Fault]) -> None:
        self.answer = answer
        self.asked: list[RecordedCall] = []
        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._answering())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """http://127.0.0.1:port"""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Let go of held connections and stop listening."""
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answering(self) -> type[BaseHTTPRequestHandler]:
        peer = self

        class Answering(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else an answer waits 40 ms for the other's acknowledgement

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: a test's output is the test's."""

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                asked = RecordedCall(
                    method=self.command,
                    path=parts.path,
                    query={name: values[-1] for name, values in parse_qs(parts.query).items()},
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=self.rfile.read(int(self.headers.get("content-length") or 0)),
                )
                peer.asked.append(asked)
                with suppress(ConnectionError):
                    peer._give(self, peer.answer(asked))

            do_POST = do_GET  # noqa: N815 — the name is the base class's

        return Answering

    def _give(self, talk: BaseHTTPRequestHandler, fault: Fault) -> None:
        if isinstance(fault, Silence):
            self._over.wait(timeout=30 if fault.is_held else 0)
            talk.close_connection = True
            with suppress(OSError):
                talk.connection.shutdown(socket.SHUT_RDWR)
            return
        if isinstance(fault, Drip):
            talk.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n")
            while not self._over.wait(timeout=fault.every_seconds):
                talk.wfile.write(b" ")
                talk.wfile.flush()
            talk.close_connection = True
            return
        talk.send_response(fault.status)
        for name, value in {**fault.headers, "content-length": str(len(fault.body))}.items():
            talk.send_header(name, value)
        talk.end_headers()
        talk.wfile.write(fault.body)
