"""A stand-in is a folder that lies there: a carrier and a provider are dropped in, and nothing else is touched."""

import hashlib
import hmac
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from xuliu.sandbox import carriers
from xuliu.sandbox.engine import discovery
from xuliu.sandbox.testing import ControlRefused, Sandbox
from xuliu.sandbox.tests.callers import Shop, get, post

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
COMMAND = """
import sys
from xuliu.cli.entry import main
from xuliu.sandbox import carriers, providers
for kind in (carriers, providers):
    kind.__path__.append(f"{sys.argv[1]}/{kind.__name__.rpartition('.')[2]}")
sys.exit(main(["sandbox", *sys.argv[2:]]))
"""
LIN = "89861199000000000017"


@pytest.fixture(scope="module")
def running(sandbox_of_worker: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """`xuliu sandbox` over the books of before, with the two folders lying there."""
    folder = tmp_path_factory.mktemp("dropped")
    for name in ("credentials.json", "vendor-keys.json"):
        shutil.copy(sandbox_of_worker.data_dir / name, folder / name)
    command = [sys.executable, "-c", COMMAND, str(HERE / "dropped"), "--data", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        with Sandbox(process, json.loads(process.stdout.readline()), folder) as sandbox:
            yield sandbox


@pytest.fixture
def dropped(running: Sandbox) -> Sandbox:
    """Lin's SIM is on the books, and nothing else."""
    running.control.reset()
    running.control.sims([{"carrier": "mei-tel", "iccid": LIN, "ends_on": "2050-01-31", "granted_bytes": 10**9}])
    return running


@pytest.fixture
def shop() -> Iterator[Shop]:
    """The merchant's address for notices."""
    with Shop() as listening:
        yield listening


def order(sandbox: Sandbox, reference: str, plan: str = "year", key: str = "") -> httpx.Response:
    """An order at Mei Tel for Lin's SIM."""
    wanted = {"reference": reference, "iccid": LIN, "plan": plan}
    headers = {"x-key": key or sandbox.credentials["mei-tel"]["key"]}
    return post(f"{sandbox.urls['mei-tel']}/orders", json=wanted, headers=headers)


def at_lan_pay(sandbox: Sandbox) -> dict[str, str]:
    """Who we are there."""
    ours = sandbox.credentials["lan-pay"]
    return {"lan-merchant": ours["merchant"], "lan-key": ours["secret"]}


def opened(sandbox: Sandbox, reference: str, url: str) -> str:
    """A payment at Lan Pay; the payer's page."""
    wanted = {"reference": reference, "amount_minor": 3600, "currency": "CNY", "notify_url": url}
    return str(post(f"{sandbox.urls['lan-pay']}/payments", json=wanted, headers=at_lan_pay(sandbox)).json()["page"])


def refunded(sandbox: Sandbox, reference: str, payment: str, amount_minor: int, url: str = "") -> httpx.Response:
    """A refund asked for at Lan Pay."""
    wanted = {"reference": reference, "payment": payment, "amount_minor": amount_minor, "notify_url": url}
    wanted |= {"total_minor": 3600}
    return post(f"{sandbox.urls['lan-pay']}/refunds", json=wanted, headers=at_lan_pay(sandbox))


def said(sandbox: Sandbox, notice: tuple[dict[str, str], bytes]) -> dict[str, Any] | None:
    """What a notice of Lan Pay says; None where its signature does not hold."""
    headers, body = notice
    key = sandbox.credentials["lan-pay"]["secret"].encode()
    right = hmac.digest(key, f"{headers['lan-time']}\n".encode() + body, hashlib.sha256).hex()
    is_genuine = hmac.compare_digest(headers["lan-signature"], right)
    return dict(json.loads(body)) if is_genuine else None


def test_the_command_lists_them_and_the_control_port_shows_them(dropped: Sandbox, sandbox_of_worker: Sandbox) -> None:
    of_carriers = sorted([*discovery.carriers(), "mei-tel"])
    of_providers = sorted([*discovery.providers(), "lan-pay"])
    assert list(dropped.ports) == ["control", *of_carriers, *of_providers]
    assert dropped.urls["mei-tel"].endswith("/api")
    assert dropped.control.health()["ports"] == dropped.ports
    assert {plan["code"] for plan in dropped.control.get("plans", carrier="mei-tel")} == {"year", "100M"}
    assert dropped.control.settings()["meitel_greeting"] == "plain"
    with pytest.raises(ControlRefused, match="plain, warm"):
        dropped.control.settings(meitel_greeting="cold")
    assert set(dropped.credentials) == {*of_carriers, *of_providers}
    assert dropped.credentials["wechatpay"] == sandbox_of_worker.credentials["wechatpay"], "made anew"


def test_a_carriers_routes_faults_and_books_work(dropped: Sandbox) -> None:
    assert order(dropped, "l1a1", key="guessed").status_code == 401
    assert order(dropped, "l1a1").json()["state"] == "done"
    dropped.control.fault(peer="mei-tel", kind="lose_answer", operation="order")
    with pytest.raises(httpx.TransportError):
        order(dropped, "l2a1", "100M")
    dropped.control.fault(peer="mei-tel", kind="refuse", operation="change", reason="account")
    assert order(dropped, "l3a1").json() == {"state": "refused", "why": "balance"}
    books = dropped.control.books()["carriers"]["mei-tel"]
    assert [(effect["reference"], effect["cost_minor"]) for effect in books["effects"]] == [
        ("l1a1", 1200),
        ("l2a1", 300),
    ]
    assert dropped.control.sim(LIN)["ends_on"] == "2051-01-31"
    assert [call["status"] for call in dropped.control.calls("mei-tel", "order", LIN)] == [401, 200, 200, 200]
    with pytest.raises(ControlRefused, match="mei-tel knows no bad_signature"):
        dropped.control.fault(peer="mei-tel", kind="bad_signature")


def test_a_provider_is_paid_tells_of_it_and_gives_back(dropped: Sandbox, shop: Shop) -> None:
    page = opened(dropped, "lin00001", shop.url)
    number = post(page).json()["number"]
    told = said(dropped, shop.take())
    assert told is not None
    assert (told["number"], told["amount_minor"]) == (number, 3600)
    dropped.control.fault(peer="lan-pay", kind="bad_signature", operation="notice")
    dropped.control.pay("lin00001")
    assert said(dropped, shop.take()) is None
    dropped.control.settings(refund_outcome="hold")
    assert refunded(dropped, "r1", "lin00001", 4000).json()["why"] == "refund_too_much"
    assert refunded(dropped, "r1", "lin00001", 1000, shop.url).json()["status"] == "pending"
    dropped.control.end_refund("r1")
    assert (said(dropped, shop.take()) or {})["status"] == "success"
    dropped.control.refund_outside("lin00001", 600, notify=False)
    sums = {"paid_minor": 3600, "refunded_minor": 1600, "transactions": 2}
    assert dropped.control.books()["providers"]["lan-pay"]["by_reference"] == {"lin00001": sums}
    assert dropped.control.books()["providers"]["wechatpay"]["paid_minor"] == {}
    dropped.control.forge_notice("lan-pay", shop.url, resource={"reference": "x"}, key="wrong")
    assert said(dropped, shop.take()) is None


@pytest.mark.parametrize("code", ["mei-tel", "lan-pay"])
def test_one_that_is_down_refuses_connections_alone(dropped: Sandbox, code: str) -> None:
    dropped.control.down(code)
    with pytest.raises(httpx.ConnectError):
        get(dropped.urls[code])
    assert get(dropped.urls["onelink"]).status_code == 404
    dropped.control.up(code)
    assert get(dropped.urls[code]).status_code == 404


def test_a_folder_that_is_no_stand_in_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing/__init__.py").touch()
    monkeypatch.setattr(carriers, "__path__", [*carriers.__path__, str(tmp_path)])
    with pytest.raises(discovery.MisplacedStandIn, match=r"carriers\.nothing has no class StandIn"):
        discovery.stand_ins()


def test_the_engine_names_no_vendor() -> None:
    """Neither codes nor names, nor the folders', nor the long words of a name."""
    names: set[str] = set()
    for code, stand_in in discovery.stand_ins().items():
        folder = stand_in.__module__.split(".")[3]
        names |= {code, folder, stand_in.name, *re.findall(r"\w{5,30}", stand_in.name)}
    pattern = re.compile("|".join(re.escape(name) for name in names), re.IGNORECASE)
    sandbox = HERE.parent
    doors = [sandbox / name for name in ("__init__.py", "__main__.py", "testing.py", "CONTROL.md", "README.md")]
    engine = [path for path in (sandbox / "engine").rglob("*") if path.suffix in {".py", ".md", ".html"}]
    found = [
        f"{path.relative_to(sandbox)}:{at}: {line.strip()}"
        for path in (*engine, *doors)
        for at, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []
