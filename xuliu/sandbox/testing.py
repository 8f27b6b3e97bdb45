"""A sandbox in a process of its own, for tests and the demo."""

import contextlib
import http.client
import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

START_SECONDS = 20.0
STOP_SECONDS = 10.0


class ControlRefused(Exception):
    """The control port refused a request."""


class _ControlConnection(http.client.HTTPConnection):
    """A connection to the control port."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port, timeout=120)
        self.process_id = os.getpid()

    def is_closed(self) -> bool:
        """Whether the other side has ended it: between two answers there is nothing to be read."""
        if self.sock is None:
            return False  # not opened yet
        waiting = select.poll()
        waiting.register(self.sock, select.POLLIN)
        return bool(waiting.poll(0))


class ControlClient:
    """The control API; one method per call. Raises ControlRefused if a call is refused."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._free: list[_ControlConnection] = []

    def __del__(self) -> None:
        for connection in self._free:
            connection.close()

    def post(self, path: str, content: Any = None) -> Any:
        """POST JSON to /control/<path>."""
        return self._call("POST", path, content if content is not None else {})

    def get(self, path: str, **query: str) -> Any:
        """GET /control/<path>."""
        return self._call("GET", f"{path}?{urlencode(query)}" if query else path, None)

    def _call(self, method: str, path: str, content: Any) -> Any:
        body = None if content is None else json.dumps(content).encode()
        with self._connection() as connection:
            connection.request(method, f"/control/{path}", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = json.loads(answer.read())
        if answer.status != http.client.OK:
            raise ControlRefused(f"{method} {path}: {said['error']}")
        return said

    @contextlib.contextmanager
    def _connection(self) -> Iterator[http.client.HTTPConnection]:
        """A connection kept from an earlier call; a new one where none is free, or it is closed, or a parent's."""
        connection = self._free.pop() if self._free else _ControlConnection(self._host, self._port)
        if connection.process_id != os.getpid() or connection.is_closed():
            connection.close()
            connection = _ControlConnection(self._host, self._port)
        try:
            yield connection
        except BaseException:  # nobody knows what is still to come on it
            connection.close()
            raise
        self._free.append(connection)

    def health(self) -> Any:
        """Ports, time, what is down."""
        return self.get("health")

    def reset(self) -> None:
        """As on the first start, with the same credentials."""
        self.post("reset")

    def sims(self, sims: Sequence[Mapping[str, Any]]) -> int:
        """Add or replace SIMs; returns how many."""
        return int(self.post("sims", list(sims))["count"])

    def sim(self, iccid: str, **fields: Any) -> Any:
        """Change the fields given of a SIM; without any, just look at it."""
        if fields:
            return self.post("sim", {"iccid": iccid, **fields})
        found = self.get("sims", iccid=iccid)
        return found[0] if found else None

    def plans(self, plans: Sequence[Mapping[str, Any]]) -> int:
        """Add or replace plans; returns how many."""
        return int(self.post("plans", list(plans))["count"])

    def account(self, carrier: str, balance_minor: int | None) -> None:
        """What our account at a carrier holds; None = no limit."""
        self.post("account", {"carrier": carrier, "balance_minor": balance_minor})

    def settings(self, **values: Any) -> Any:
        """Set some; returns all."""
        return self.post("settings", values)

    def fault(self, **fault: Any) -> int:
        """Plant a fault; returns its id. `peer` and `kind` are needed."""
        return int(self.post("faults", fault)["ids"][0])

    def faults(self) -> Any:
        """The planted faults."""
        return self.get("faults")

    def clear_faults(self, **which: Any) -> None:
        """Remove all, or one by `id`, or a peer's."""
        self.post("faults/clear", which)

    def down(self, peer: str) -> None:
        """Refuse connections."""
        self.post("down", {"peer": peer})

    def up(self, peer: str) -> None:
        """Accept connections again."""
        self.post("up", {"peer": peer})

    def pay(self, reference: str, **more: Any) -> list[str]:
        """The payer pays; returns the provider's numbers."""
        return list(self.post("pay", {"reference": reference, **more})["transactions"])

    def repeat_notice(self, reference: str, *, times: int = 1, parallel: bool = True, kind: str = "payment") -> Any:
        """Send the newest notice about something again; returns the answers."""
        wanted = {"reference": reference, "times": times, "parallel": parallel, "kind": kind}
        return self.post("notices", wanted)["answers"]

    def forge_notice(self, peer: str, url: str, **more: Any) -> Any:
        """Send a notice of your own making, as that provider would; returns the answer."""
        return self.post("notices/forged", {"peer": peer, "url": url, **more})["answers"][0]

    def notices(self, reference: str = "") -> Any:
        """The notices about something, or all."""
        return self.get("notices", reference=reference)

    def end_refund(self, reference: str, status: str = "success") -> Any:
        """End a refund that is held."""
        return self.post("refund", {"reference": reference, "status": status})

    def refund_outside(self, reference: str, amount_minor: int, *, notify: bool = True) -> Any:
        """Give back a part of a payment in the merchant platform, past the merchant's own system."""
        wanted = {"reference": reference, "amount_minor": amount_minor, "notify": notify}
        return self.post("refund/outside", wanted)

    def settle(self) -> Any:
        """Bring about now everything that is waiting for its time."""
        return self.post("settle")

    def usage(self, iccid: str, used_bytes: int) -> None:
        """What a SIM has used."""
        self.post("usage", {"iccid": iccid, "used_bytes": used_bytes})

    def expire_tokens(self, peer: str) -> None:
        """Access tokens of that peer stop working."""
        self.post("tokens/expire", {"peer": peer})

    def calls(self, peer: str = "", operation: str = "", iccid: str = "") -> Any:
        """The calls that fit, oldest first."""
        return self.get("calls", peer=peer, operation=operation, iccid=iccid)

    def books(self, *, summary: bool = False) -> Any:
        """What really happened."""
        return self.get("books", **({"summary": "1"} if summary else {}))


class Sandbox:
    """A running sandbox."""

    def __init__(self, running: subprocess.Popen[bytes], ready: Mapping[str, Any], data_dir: Path) -> None:
        self._running = running
        self.data_dir = data_dir
        self.pid: int = ready["pid"]
        self.ports: dict[str, int] = ready["ports"]
        self.urls: dict[str, str] = ready["urls"]
        self.credentials: dict[str, dict[str, str]] = json.loads((data_dir / "credentials.json").read_text())
        self.control = ControlClient(ready["host"], self.ports["control"])

    def stop(self) -> None:
        """End the process; its books stay."""
        self._running.terminate()
        try:
            self._running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._close()

    def kill(self) -> None:
        """End it as a power cut would."""
        self._running.kill()
        self._running.wait(STOP_SECONDS)
        self._close()

    def _close(self) -> None:
        if self._running.stdout is not None:
            self._running.stdout.close()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(data_dir: Path | str, env: Mapping[str, str] | None = None, arguments: Sequence[str] = ()) -> Sandbox:
    """Start one over `data_dir`, with `env` added to ours, and wait until it listens; it ends when we end.

    Raises RuntimeError where it does not start.
    """
    folder = Path(data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "xuliu.sandbox", "--data", str(folder), f"--with-parent={os.getpid()}", *arguments]
    with (folder / "sandbox.log").open("ab") as log:
        running = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, env={**os.environ, **(env or {})}, cwd=_root()
        )
    line = _first_line(running)
    if not line:
        running.kill()
        running.communicate()
        raise RuntimeError(f"the sandbox did not start; see {folder / 'sandbox.log'}")
    return Sandbox(running, json.loads(line), folder)


def _root() -> Path:
    """Where `xuliu` can be imported from, whatever the caller's folder is."""
    return Path(__file__).resolve().parents[2]


def _first_line(running: subprocess.Popen[bytes]) -> bytes:
    if running.stdout is None:
        return b""
    ready, _, _ = select.select([running.stdout], [], [], START_SECONDS)
    return running.stdout.readline() if ready else b""
