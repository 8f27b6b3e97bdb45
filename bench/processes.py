"""The processes of an installation on loopback: web, worker, sandbox."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.fleet import SANDBOX
from xuliu.sandbox.testing import Sandbox, start

READY_WITHIN_SECONDS = 60.0
STOP_WITHIN_SECONDS = 20.0


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def running(arguments: Sequence[str], env: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """One process of ours until the block ends."""
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, *arguments], env={**os.environ, **env}, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def serving(command: Sequence[str], port: int, env: Mapping[str, str], log: Path) -> Iterator[None]:
    """A web server until the block ends; entered once it listens."""
    with running(command, env, log) as process:
        ends = time.monotonic() + READY_WITHIN_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError as error:
                if time.monotonic() > ends or process.poll() is not None:
                    raise TimeoutError(f"nobody listens on {port}; see {log}") from error
                time.sleep(0.05)
        yield


@contextmanager
def sandbox(folder: Path) -> Iterator[Sandbox]:
    """A sandbox of its own on the keys of the bench, its books empty."""
    with start(folder / SANDBOX) as one:
        one.control.reset()
        yield one


@contextmanager
def whole(database_url: str, folder: Path) -> Iterator[None]:
    """Web and worker on that database, until the block ends."""
    port = free_port()
    env = {"DATABASE_URL": database_url, "XULIU_BASE_URL": f"http://127.0.0.1:{port}"}
    serve = ["-m", "xuliu", "serve", "--demo", "--port", str(port)]
    with ExitStack() as stack:
        stack.enter_context(serving(serve, port, env, folder / "serve.log"))
        stack.enter_context(running(["-m", "bench.worker"], env, folder / "worker.log"))
        yield
