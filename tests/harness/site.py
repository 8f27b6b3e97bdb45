"""The web application in this process, behind its front, reached over HTTP as a browser reaches it."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xuliu.config.front import Front

THREADS = 4  # each keeps a connection to the database
READY_WITHIN_SECONDS = 20.0


@contextmanager
def serving(front: Front | None = None) -> Iterator[str]:
    """Serve on a free port of 127.0.0.1 until the block ends."""
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels
    from granian.server.embed import Server

    from xuliu.config.front import Front

    port = _free_port()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        server = Server(
            front or Front(threads=THREADS),
            port=port,
            interface=Interfaces.RSGI,
            http=HTTPModes.http1,
            websockets=False,
            log_level=LogLevels.error,
            log_enabled=False,
        )
        servers.append(server)
        await server.serve()

    servers: list[Server] = []
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), name="site")
    thread.start()
    try:
        _await_ears(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(servers[0].stop)
        thread.join()
        loop.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _await_ears(port: int) -> None:
    ends = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < ends:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.01)
    raise TimeoutError(f"nobody listens on {port}")
