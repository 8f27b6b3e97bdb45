"""Everything in one sandbox, put together."""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xuliu.sandbox.carriers.onelink.stand_in import OneLink
from xuliu.sandbox.carriers.onence.stand_in import Nce
from xuliu.sandbox.engine import credentials
from xuliu.sandbox.engine.clock import from_environment
from xuliu.sandbox.engine.exchange import Calls, Exchange, StandIn
from xuliu.sandbox.engine.faults import PEERS, Faults
from xuliu.sandbox.engine.orders import Orders
from xuliu.sandbox.engine.server import Answer, Port, Request
from xuliu.sandbox.engine.settings import Settings
from xuliu.sandbox.engine.sims import Sims
from xuliu.sandbox.engine.store import Store
from xuliu.sandbox.providers.wechatpay.books import Payments
from xuliu.sandbox.providers.wechatpay.notices import Courier
from xuliu.sandbox.providers.wechatpay.payer import Payer
from xuliu.sandbox.providers.wechatpay.signing import Signing
from xuliu.sandbox.providers.wechatpay.stand_in import WeChatPay

Answering = Callable[[Request], Answer]
PORTS = ("control", *PEERS)


class World:
    """The stand-ins, their books and their ports."""

    def __init__(self, folder: Path, *, seed: int = 0, latency_ms: float = 0.0, public_url: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.credentials, vendors = credentials.load(folder)
        self.clock = from_environment()
        self.store = Store(folder / "sandbox.sqlite3")
        self.settings = Settings(self.store, latency_ms=latency_ms, public_url=public_url)
        self.faults = Faults(self.store, seed)
        self.calls = Calls()
        self.sims = Sims(self.store, self.clock)
        self.sims.load_defaults()
        self.orders = Orders(self.store, self.clock, self.settings, self.sims)
        ours = self.credentials["wechatpay"]
        self.signing = Signing(ours, vendors, self.settings, self.clock, self.store)
        self.payments = Payments(self.store, self.clock, self.settings, ours)
        self.courier = Courier(self.store, self.clock, self.settings, self.faults, self.signing, self.payments)
        self.payer = Payer(
            store=self.store,
            clock=self.clock,
            settings=self.settings,
            faults=self.faults,
            signing=self.signing,
            payments=self.payments,
            courier=self.courier,
            credentials=ours,
        )
        self.wechatpay = WeChatPay(
            clock=self.clock,
            settings=self.settings,
            faults=self.faults,
            signing=self.signing,
            payments=self.payments,
            courier=self.courier,
            payer=self.payer,
            credentials=ours,
        )
        self.ports: dict[str, Port] = {}

    def open(self, host: str, port: int, control: Answering) -> None:
        """Listen: `port` and the three behind it, or free ones (those of the last time, where they are free) for 0."""
        parts = (self.store, self.clock, self.settings, self.faults)
        onelink = OneLink(*parts, self.sims, self.orders, self.credentials["onelink"])
        nce = Nce(*parts, self.sims, self.orders, self.credentials["1nce"])
        answers: dict[str, Answering] = {"control": control}
        peers: tuple[StandIn, ...] = (onelink, nce, self.wechatpay)
        answers |= {peer.name: self._exchange(peer) for peer in peers}
        before = self._before()
        for at, name in enumerate(PORTS):
            self.ports[name] = _port(host, port + at if port else 0, before.get(name, 0), answers[name])
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
        return {"ready": True, "pid": os.getpid(), "host": host, **ports}

    def _write_running(self, host: str) -> None:
        path = self.folder / "running.json"
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(self.running(host)) + "\n")
        draft.replace(path)

    def _before(self) -> dict[str, int]:
        with contextlib.suppress(OSError, ValueError):
            found = json.loads((self.folder / "running.json").read_text())
            return {name: int(found[name]) for name in PORTS if name in found}
        return {}

    def settle(self) -> None:
        """Bring about what is due."""
        with self.store.transaction():
            self.orders.settle()
            self.wechatpay.settle()

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
        for name in PEERS:
            self.ports[name].up()

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
