"""Everything in one sandbox, put together."""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xuliu.sandbox.engine import credentials, discovery
from xuliu.sandbox.engine.clock import from_environment
from xuliu.sandbox.engine.courier import Courier
from xuliu.sandbox.engine.exchange import Calls, Exchange
from xuliu.sandbox.engine.faults import Faults
from xuliu.sandbox.engine.orders import Orders
from xuliu.sandbox.engine.server import Port, Request, TimedResponse
from xuliu.sandbox.engine.settings import Settings
from xuliu.sandbox.engine.sims import Sims
from xuliu.sandbox.engine.stand_in import Parts, StandIn
from xuliu.sandbox.engine.store import Store

Answering = Callable[[Request], TimedResponse]
CONTROL = "control"


class World:
    """The stand-ins, their books and their ports."""

    def __init__(self, folder: Path, *, seed: int = 0, latency_ms: float = 0.0, **started_with: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        carriers, providers, known = discovery.carriers(), discovery.providers(), discovery.stand_ins()
        keys = credentials.load(folder, {code: one.make_keys for code, one in known.items()})
        self.clock = from_environment()
        self.store = Store(folder / "sandbox.sqlite3", "".join(one.tables for one in known.values()))
        self.settings = Settings(self.store, known.values(), latency_ms=latency_ms, **started_with)
        self.faults = Faults(self.store, {code: one.faults for code, one in known.items()}, seed)
        self.calls = Calls()
        self.sims = Sims(self.store, self.clock, {code: one.terms for code, one in carriers.items()})
        self.sims.load_defaults()
        self.orders = Orders(self.store, self.clock, self.settings, self.sims)
        self.courier = Courier(self.store, self.clock, self.settings, self.faults)
        parts = {code: Parts(self.store, self.clock, self.settings, self.faults, keys[code]) for code in known}
        self.carriers = {code: one(parts[code], self.sims, self.orders) for code, one in carriers.items()}
        self.providers = {code: one(parts[code], self.courier) for code, one in providers.items()}
        self.stand_ins: dict[str, StandIn] = {**self.carriers, **self.providers}
        self.ports: dict[str, Port] = {}

    def open(self, host: str, port: int, control: Answering) -> None:
        """Listen: `port` and those behind it, or free ones (those of the last time, where they are free) for 0."""
        answers: dict[str, Answering] = {CONTROL: control}
        answers |= {code: self._exchange(one) for code, one in self.stand_ins.items()}
        before = self._before()
        for at, (name, answer) in enumerate(answers.items()):
            self.ports[name] = _port(host, port + at if port else 0, before.get(name, 0), answer)
        down = {row["peer"] for row in self.store.rows("SELECT peer FROM down")}
        for name, opened in self.ports.items():
            if name not in down:
                opened.up()
        self.courier.start(self.settle)
        self._write_running(host)

    def _exchange(self, peer: StandIn) -> Answering:
        return Exchange(peer, self.store, self.clock, self.settings, self.faults, self.calls).answer

    def running(self, host: str) -> dict[str, Any]:
        """What the ready line says."""
        ports = {name: port.number for name, port in self.ports.items()}
        urls = {code: f"http://{host}:{ports[code]}{one.path}" for code, one in self.stand_ins.items()}
        return {"ready": True, "pid": os.getpid(), "host": host, "ports": ports, "urls": urls}

    def _write_running(self, host: str) -> None:
        path = self.folder / "running.json"
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(self.running(host)) + "\n")
        draft.replace(path)

    def _before(self) -> dict[str, int]:
        with contextlib.suppress(OSError, ValueError, KeyError):
            found = json.loads((self.folder / "running.json").read_text())
            return {name: int(port) for name, port in found["ports"].items()}
        return {}

    def settle(self, *, is_forced: bool = False) -> dict[str, int]:
        """Bring about what is due, or all that waits; returns how much it was."""
        with self.store.transaction():
            orders = self.orders.settle(is_forced=is_forced)
            refunds = sum(provider.settle(is_forced=is_forced) for provider in self.providers.values())
        return {"orders": orders, "refunds": refunds}

    def switch(self, peer: str, *, is_up: bool) -> None:
        """Take a stand-in down or up; remembered over a restart."""
        if is_up:
            self.store.write("DELETE FROM down WHERE peer = ?", (peer,))
            self.ports[peer].up()
        else:
            self.store.write("INSERT OR IGNORE INTO down VALUES (?)", (peer,))
            self.ports[peer].down()

    def reset(self) -> None:
        """As on the first start, but for the credentials and the series of numbers."""
        with self.store.transaction():
            self.store.empty()
            self.settings.read()
            self.faults.read()
            self.sims.load_defaults()
        self.courier.rest()
        self.calls.clear()
        for code in self.stand_ins:
            self.ports[code].up()

    def close(self) -> None:
        """Stop listening and let go of the books."""
        for port in self.ports.values():
            port.close()
        self.courier.stop()
        self.store.close()


def _port(host: str, wanted: int, before: int, answer: Answering) -> Port:
    if not wanted and before:
        with contextlib.suppress(OSError):
            return Port(host, before, answer)
    return Port(host, wanted, answer)
