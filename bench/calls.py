"""Calls to the outside: their processor time in our process, against bare sockets that send and receive the same."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from bench import load, processes
from bench.databases import Databases
from bench.report import Result, rate
from bench.sizes import Sizes
from xuliu.common.outbound import Outbound

AT_ONCE = 4  # as many as the accounts of the top-ups have places
ASKED = {"transid": "0" * 40, "token": "0" * 32, "msisdn": "1440000000000"}

Call = Callable[[], object]


def call_out(_databases: Databases, folder: Path, sizes: Sizes) -> list[Result]:
    """Exchanges with the sandbox a second of processor time, the sandbox's own left out."""
    with processes.sandbox(folder) as sandbox:
        url = f"{sandbox.urls['onelink']}/query/sim-status"
        with ThreadPoolExecutor(AT_ONCE) as threads:
            outbound = Outbound(deadline_seconds=10)
            ours = _a_second(threads, [lambda: outbound.exchange(method="POST", url=url, json=ASKED)], sizes.calls)
            outbound.close()
            bare = _a_second(threads, [_bare(url) for _ in range(AT_ONCE)], sizes.calls)
    name = f"calls to the outside, {AT_ONCE} at once"
    return [rate(name, ours, ceiling=bare, unit="calls/s of processor time")]


def _a_second(threads: ThreadPoolExecutor, calls: list[Call], count: int) -> float:
    def many(thread: int) -> None:
        for _ in range(count // AT_ONCE):
            calls[thread % len(calls)]()

    list(threads.map(many, range(AT_ONCE)))  # connected, and whatever is looked up once is known
    started = time.process_time()
    list(threads.map(many, range(AT_ONCE)))
    return count // AT_ONCE * AT_ONCE / (time.process_time() - started)


def _bare(url: str) -> Call:
    """The same request and the same answer, with nobody to read either."""
    at = urlsplit(url)
    body = json.dumps(ASKED, separators=(",", ":")).encode()
    request = load.request(at.path, {"Content-Type": "application/json"}, body)
    connected = socket.create_connection((at.hostname or "", at.port or 80))

    def exchange() -> bytes:
        connected.sendall(request)
        answer = connected.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200")
        return answer

    return exchange
