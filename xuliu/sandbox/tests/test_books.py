"""The books add up, survive a restart and a kill, and are empty after a reset."""

import contextlib
import random
import sqlite3
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from xuliu.sandbox.carriers.onelink.tests.caller import OneLinkCaller
from xuliu.sandbox.carriers.onence.tests.caller import NceCaller
from xuliu.sandbox.conftest import ABROAD, LIN
from xuliu.sandbox.engine.store import OtherBooks, Store
from xuliu.sandbox.providers.wechatpay.tests.caller import WeChatCaller
from xuliu.sandbox.testing import Sandbox, start

LINS, MEIS = "1440000000017", "1440000000025"
PLANS = ("0", "2", "300M-1M", "300M-12M")


@pytest.mark.parametrize("seed", range(3))
def test_the_books_add_up_whatever_goes_wrong(
    sandbox: Sandbox, onelink: OneLinkCaller, nce: NceCaller, wechat: WeChatCaller, seed: int
) -> None:
    dice = random.Random(seed)
    sandbox.control.account("onelink", 1_000_000)
    sandbox.control.settings(refund_spacing_seconds=0)
    onelink.fetch_token()
    nce.fetch_token()
    for at in range(40):
        _plant(sandbox, dice)
        _act(onelink, nce, wechat, sandbox, dice, f"s{seed}a{at:05d}")
    sandbox.control.settle()
    _check(sandbox)


def _plant(sandbox: Sandbox, dice: random.Random) -> None:
    if dice.random() < 0.5:
        kinds = ("lose_answer", "error_after", "act_twice", "nothing", "wrong_amount", "fail_later", "refuse")
        kind = dice.choice((*kinds, "deliver_after_refusing", "odd_body", "error"))
        sandbox.control.fault(peer=dice.choice(("onelink", "1nce")), kind=kind, operation="change")


def _act(
    onelink: OneLinkCaller, nce: NceCaller, wechat: WeChatCaller, sandbox: Sandbox, dice: random.Random, name: str
) -> None:
    fields = {"maincommoDity": "0", "packageType": dice.choice(PLANS)}
    try:
        match dice.randrange(5):
            case 0:
                onelink.raw("/order/gprspackage-order", msisdn=LINS, **fields)
            case 1:
                onelink.raw("/order/gprspackage-order/batch", msisdns=f"{LINS}_{MEIS}", **fields)
            case 2:
                nce.call("POST", f"/v1/sims/{ABROAD}/topup")
            case 3:
                nce.call("POST", "/v1/sims/extension", json={"iccids": [ABROAD]})
            case _:
                total = dice.randrange(1, 5000)
                wechat.open(name, total)
                sandbox.control.pay(name, times=dice.randrange(1, 3))
                wechat.refund(f"r{name}", name, dice.randrange(1, total + 1), total)
    except httpx.TransportError:
        pass  # a planted fault: whether it acted is for the books to say


def _check(sandbox: Sandbox) -> None:
    """Every sum of the books is the sum of what it sums, and every SIM is where its effects have brought it."""
    books = sandbox.control.books()
    cost = sum(effect["cost_minor"] for effect in books["carriers"]["onelink"]["effects"])
    assert books["carriers"]["onelink"]["balance_minor"] == 1_000_000 - cost
    for carrier in books["carriers"].values():
        assert carrier["count"] == len(carrier["effects"]) == sum(one["count"] for one in carrier["by_iccid"].values())
        assert sum(carrier["cost_minor"].values()) == sum(one["cost_minor"] for one in carrier["by_iccid"].values())
        for iccid in carrier["by_iccid"]:
            _check_sim(sandbox, iccid, [effect for effect in carrier["effects"] if effect["iccid"] == iccid])
    paid = books["providers"]["wechatpay"]["by_reference"].values()
    assert books["providers"]["wechatpay"]["paid_minor"].get("CNY", 0) == sum(one["paid_minor"] for one in paid)
    assert books["providers"]["wechatpay"]["refunded_minor"].get("CNY", 0) == sum(one["refunded_minor"] for one in paid)
    assert all(one["refunded_minor"] <= one["paid_minor"] for one in paid)


def _check_sim(sandbox: Sandbox, iccid: str, effects: list[dict[str, Any]]) -> None:
    for before, after in pairwise(effects):
        assert before["period_after"] == after["period_before"]
        assert before["granted_after"] == after["granted_before"]
    sim = sandbox.control.sim(iccid)
    assert (sim["ends_on"], sim["granted_bytes"]) == (effects[-1]["period_after"], effects[-1]["granted_after"])


def test_the_books_survive_a_restart_and_a_kill_and_the_ports_stay(furnished: Path) -> None:
    folder = furnished
    with start(folder) as first:
        _fill(first)
        credentials, ports, books = first.credentials, first.ports, first.control.books()
        first.control.down("1nce")
        first.control.fault(peer="onelink", kind="error", operation="read", count=None)
    second = start(folder)
    assert (second.credentials, second.ports, second.control.books()) == (credentials, ports, books)
    assert second.control.health()["down"] == ["1nce"]
    assert len(second.control.faults()) == 1
    second.control.pay("lin00001")
    second.kill()
    with start(folder) as third:
        assert third.control.books()["providers"]["wechatpay"]["by_reference"]["lin00001"]["transactions"] == 2


def _fill(sandbox: Sandbox) -> None:
    sandbox.control.sims([{"carrier": "onelink", "iccid": LIN, "msisdn": LINS}])
    with OneLinkCaller(sandbox.urls["onelink"], sandbox.credentials["onelink"]) as onelink:
        onelink.order(LINS, "300M-12M")
    with WeChatCaller(sandbox.urls["wechatpay"], sandbox.credentials["wechatpay"]) as wechat:
        wechat.open("lin00001")
    sandbox.control.pay("lin00001")


def test_a_notice_under_way_is_sent_after_a_restart(furnished: Path, shop: Any) -> None:
    with start(furnished) as first:
        first.control.settings(notices=False)
        with WeChatCaller(first.urls["wechatpay"], first.credentials["wechatpay"]) as wechat:
            wechat.open("lin00001", notify_url=shop.url)
        first.control.pay("lin00001")
    with start(furnished) as second:
        second.control.settings(notices=True)
        shop.take()


def test_after_a_reset_nothing_is_left_but_the_credentials(sandbox: Sandbox, onelink: OneLinkCaller) -> None:
    onelink.order(LINS, "0")
    sandbox.control.fault(peer="onelink", kind="error", count=None)
    sandbox.control.settings(latency_ms=50.0)
    sandbox.control.down("wechatpay")
    sandbox.control.reset()
    books = sandbox.control.books()
    assert not any(carrier["effects"] for carrier in books["carriers"].values())
    assert (sandbox.control.faults(), sandbox.control.sim(LIN), sandbox.control.calls()) == ([], None, [])
    assert sandbox.control.settings()["latency_ms"] == 0
    assert sandbox.control.health()["down"] == []
    assert onelink.refusal("/query/sim-status", msisdn=LINS) == "12021"


def test_plans_are_set_and_sold_at_their_cost(sandbox: Sandbox, onelink: OneLinkCaller) -> None:
    plan = {"carrier": "onelink", "code": "D7", "name": "7 天", "days": 7, "bytes": 1024, "cost_minor": 33}
    sandbox.control.plans([plan])
    onelink.order(LINS, "D7")
    (effect,) = sandbox.control.books()["carriers"]["onelink"]["effects"]
    assert (effect["cost_minor"], effect["period_after"]) == (33, "2050-02-07")
    sandbox.control.plans([{**plan, "is_orderable": False}])
    fields = {"msisdn": LINS, "maincommoDity": "0", "packageType": "D7"}
    assert onelink.refusal("/order/gprspackage-order", **fields) == "12062"


def test_calls_are_remembered_for_counting(sandbox: Sandbox, onelink: OneLinkCaller) -> None:
    onelink.order(LINS, "0")
    onelink.ask("/query/sim-status", msisdn=MEIS)
    assert [call["operation"] for call in sandbox.control.calls("onelink")] == ["token", "23R08", "25S04"]
    assert len(sandbox.control.calls("onelink", "change")) == 1
    assert len(sandbox.control.calls(iccid=LIN)) == 1


def test_a_whole_fleet_is_loaded_at_once(sandbox: Sandbox) -> None:
    sims = [{"carrier": "onelink", "iccid": f"898604{at:014d}", "msisdn": f"14400{at:08d}"} for at in range(30_000)]
    assert sandbox.control.sims(sims) == 30_000
    assert sandbox.control.sim("89860400000000029999")["msisdn"] == "1440000029999"


def test_books_of_another_version_are_refused_in_one_sentence(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "sandbox.sqlite3")) as before:
        before.execute("CREATE TABLE payments (reference TEXT PRIMARY KEY)")
    with pytest.raises(OtherBooks, match="was written by another version; remove it"):
        Store(tmp_path / "sandbox.sqlite3")


def test_a_port_that_is_taken_is_said_in_one_sentence(sandbox: Sandbox, furnished: Path) -> None:
    with pytest.raises(RuntimeError, match="did not start"):
        start(furnished, arguments=["--port", str(sandbox.ports["control"])])
    said = (furnished / "sandbox.log").read_text()
    assert said.startswith("The sandbox cannot listen on 127.0.0.1")
    assert said.count("\n") == 1
