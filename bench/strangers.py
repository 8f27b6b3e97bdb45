"""Strangers who begin a body and never end it, half of them silent, half dripping: what others notice of them."""

from __future__ import annotations

import http.client
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median

from bench import processes
from bench.databases import Databases
from bench.report import Result, duration
from bench.sizes import Sizes
from xuliu.config.bodies import BodyLimits

LOOKS = 50
DRIP_SECONDS = 0.5
MOST_SECONDS, MOST_LATE_SECONDS = 0.05, 2.0
HEADER = "X-Real-IP"


def hold_bodies(databases: Databases, folder: Path, sizes: Sizes) -> list[Result]:
    """Seconds of /healthz beside unfinished bodies, against idle; and until the last of them has ended."""
    port = processes.free_port()
    env = {"DATABASE_URL": databases.url(databases.make("bench_ours")), "XULIU_ADDRESS_HEADER": HEADER}
    with processes.serving(["-m", "xuliu", "serve", "--demo", "--port", str(port)], port, env, folder / "serve.log"):
        idle, _ = _health(port)
        with _unfinished(port, sizes.strangers) as bodies:
            begun = time.monotonic()
            beside, slowest = _health(port)
            ended = _drip_until_all_ended(bodies, begun)
    print(f"/healthz beside them: median {beside * 1000:.1f} ms, slowest {slowest * 1000:.1f} ms")
    what = f"{sizes.strangers} unfinished bodies"
    most = BodyLimits().seconds + MOST_LATE_SECONDS
    return [
        duration(f"/healthz beside {what}", beside, ceiling=idle, most=MOST_SECONDS, bar=f"≤ {MOST_SECONDS:g} s"),
        duration(f"{what} have all ended", ended, most=most, bar=f"≤ {most:g} s"),
    ]


def _health(port: int) -> tuple[float, float]:
    """Median and slowest of some looks, each over a connection of its own."""
    took = []
    for _ in range(LOOKS):
        started = time.perf_counter()
        there = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        there.request("GET", "/healthz")
        assert there.getresponse().status == 200
        there.close()
        took.append(time.perf_counter() - started)
    return median(took), max(took)


@contextmanager
def _unfinished(port: int, count: int) -> Iterator[list[socket.socket]]:
    """So many bodies, each of another client and begun alone."""
    with ExitStack() as stack:
        bodies = []
        for number in range(count):
            there = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            address = f"198.51.{number // 250}.{number % 250}"
            head = (
                f"POST /webhooks/wx/ HTTP/1.1\r\nHost: 127.0.0.1\r\n{HEADER}: {address}\r\nContent-Length: 100\r\n\r\n"
            )
            there.sendall(head.encode() + b'{"id":')
            bodies.append(there)
        yield bodies


def _drip_until_all_ended(bodies: list[socket.socket], begun: float) -> float:
    """Let every second one drip; returns after how many seconds the last was answered."""
    with selectors.DefaultSelector() as waiting:
        for there in bodies:
            waiting.register(there, selectors.EVENT_READ)
        dripping = set(bodies[::2])
        while waiting.get_map():
            for key, _ in waiting.select(DRIP_SECONDS):
                there = key.fileobj
                assert isinstance(there, socket.socket)
                with suppress(ConnectionError):  # what it dripped last, nobody read
                    assert there.recv(65_536).startswith(b"HTTP/1.1 408")
                waiting.unregister(there)
                dripping.discard(there)
            for there in dripping:
                with suppress(ConnectionError):
                    there.send(b" ")
    return time.monotonic() - begun
