"""The programs that a demonstration starts; they end with it, however it ends."""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xuliu.cli.failure import CommandFailed

# linux/prctl.h: the signal that a process gets when its parent dies, even by kill -9.
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
READY_WITHIN_SECONDS = 120.0
STOP_WITHIN_SECONDS = 15.0
LOOK_AGAIN_SECONDS = 0.05


@dataclass
class Child:
    """A running program and its log file."""

    name: str
    running: subprocess.Popen[bytes]
    log: Path

    def last_words(self) -> str:
        """The last thing it wrote: a log message, or a bare line."""
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        last = lines[-1] if lines else "nothing"
        with suppress(ValueError, KeyError, TypeError):
            return str(json.loads(last)["message"])
        return last.removeprefix("xuliu: ")


class Children:
    """The programs, in the order they were started."""

    def __init__(self, logs: Path) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._all: list[Child] = []

    def start(self, name: str, *arguments: str) -> Child:
        """Start `xuliu <arguments>`, in a session of its own so that a terminal's Ctrl-C is ours to pass on."""
        log = self._logs / f"{name}.log"
        environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        with log.open("wb") as file:
            running = subprocess.Popen(
                [sys.executable, "-m", "xuliu", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=file,
                # Without the address each of them holds the embedded server itself: the last one to end stops it.
                env=environment,
                start_new_session=True,
                preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509  # one thread at this point
            )
        child = Child(name, running, log)
        self._all.append(child)
        return child

    def check(self) -> None:
        """Raises CommandFailed if one of them has ended by itself."""
        for child in self._all:
            code = child.running.poll()
            if code is not None:
                how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
                raise CommandFailed(f"The {child.name} {how}; its last words: {child.last_words()} (see {child.log}).")

    def wait_for(self, is_ready: Callable[[], bool], what: str) -> None:
        """Wait until it is ready. Raises CommandFailed if that takes too long or a program ends meanwhile."""
        give_up_at = time.monotonic() + READY_WITHIN_SECONDS
        while not is_ready():
            self.check()
            if time.monotonic() > give_up_at:
                raise CommandFailed(f"The {what} did not start within {READY_WITHIN_SECONDS:.0f} s; see {self._logs}.")
            time.sleep(LOOK_AGAIN_SECONDS)

    def stop(self) -> None:
        """Stop all gracefully, the first one last, because the others call it."""
        first, rest, self._all = self._all[:1], self._all[1:], []
        for together in (rest, first):
            for child in together:
                child.running.terminate()
            for child in together:
                _end(child.running)


def _end(running: subprocess.Popen[bytes]) -> None:
    """Wait until it has ended; kill what has not ended in time."""
    with suppress(subprocess.TimeoutExpired):
        running.wait(STOP_WITHIN_SECONDS)
    # Its session is its process group: leftovers that it started end too.
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    if running.stdout:
        running.stdout.close()


def ready_line(child: Child) -> dict[str, Any]:
    """The line of JSON that says the child is listening. Raises CommandFailed if none comes."""
    output = child.running.stdout
    ready = output and select.select([output], [], [], READY_WITHIN_SECONDS)[0]
    line = output.readline() if output and ready else b""
    if not line:
        child.running.wait(STOP_WITHIN_SECONDS)
        raise CommandFailed(f"The {child.name} did not start: {child.last_words()} (see {child.log}).")
    return dict(json.loads(line))


def refuse_used(host: str, ports: Sequence[int]) -> None:
    """Raises CommandFailed if a port is taken or the address cannot be listened on."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104  # refused, not bound
        raise CommandFailed(
            f"{host} is no address that others reach; give this machine's own, such as 192.168.1.20: it goes into the"
            " links and QR codes."
        )
    for port in ports:
        try:
            with socket.create_server((host, port)):
                pass
        except OSError as error:
            # Python extends the system's message; a name that cannot be resolved has its own.
            why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
            raise CommandFailed(
                f"Port {port} of {host} cannot be had ({why}); the demonstration takes {len(ports)} of them,"
                f" {ports[0]} to {ports[-1]}. End what uses it, or take others: make demo PORT={ports[0] + 1000}."
            ) from error


@contextmanager
def deaf() -> Iterator[None]:
    """Ignore Ctrl-C inside the block: cleaning up ends by itself."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, reaction in before.items():
            signal.signal(number, reaction)


def end_with_parent() -> None:
    """Have this process sent SIGTERM when its parent dies, however that happens."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _die_with(parent: int) -> Callable[[], None]:
    def die_with_parent() -> None:
        end_with_parent()
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return die_with_parent
