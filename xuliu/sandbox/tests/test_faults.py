"""Faults do what they say: to the exchange, and to what was asked for."""

import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from xuliu.sandbox.carriers.onelink.tests.caller import OneLinkCaller
from xuliu.sandbox.carriers.onence.tests.caller import NceCaller
from xuliu.sandbox.conftest import ABROAD, LIN, MEI
from xuliu.sandbox.providers.wechatpay.tests.caller import WeChatCaller
from xuliu.sandbox.testing import ControlRefused, Sandbox
from xuliu.sandbox.tests.callers import NO_TLS, get, post

LINS, MEIS = "1440000000017", "1440000000025"
TOPUP = f"/v1/sims/{ABROAD}/topup"
ORDER = {"msisdn": LINS, "maincommoDity": "0", "packageType": "0"}


def _count(sandbox: Sandbox, carrier: str) -> int:
    return int(sandbox.control.books(summary=True)["carriers"][carrier]["count"])


def test_a_lost_answer_ends_the_connection_after_the_deed(sandbox: Sandbox, nce: NceCaller) -> None:
    nce.fetch_token()
    sandbox.control.fault(peer="1nce", kind="lose_answer", operation="topup")
    with pytest.raises(httpx.RemoteProtocolError):
        nce.call("POST", TOPUP)
    assert _count(sandbox, "1nce") == 1
    assert nce.call("POST", TOPUP).status_code == 201


def test_a_lost_request_does_nothing(sandbox: Sandbox, nce: NceCaller) -> None:
    nce.fetch_token()
    sandbox.control.fault(peer="1nce", kind="lose_answer", operation="topup", acts=False)
    with pytest.raises(httpx.RemoteProtocolError):
        nce.call("POST", TOPUP)
    assert _count(sandbox, "1nce") == 0


def test_a_hanging_call_acts_and_never_answers(sandbox: Sandbox, nce: NceCaller) -> None:
    nce.fetch_token()
    sandbox.control.fault(peer="1nce", kind="hang", operation="topup", seconds=20)
    with pytest.raises(httpx.ReadTimeout):
        nce.call("POST", TOPUP, timeout=0.3)
    assert _count(sandbox, "1nce") == 1


def test_a_late_answer_comes_behind_that_of_a_later_call(sandbox: Sandbox, nce: NceCaller) -> None:
    nce.fetch_token()
    sandbox.control.fault(peer="1nce", kind="late", operation="topup", seconds=0.5)
    begun = time.monotonic()
    with httpx.Client(verify=NO_TLS) as other, httpx.Client(verify=NO_TLS) as first:
        headers = {"Authorization": f"Bearer {nce.token}"}
        with first.stream("GET", f"{nce.base}/v1/sims", headers=headers):
            assert other.get(f"{nce.base}/v1/sims", headers=headers).status_code == 200
    assert nce.call("POST", TOPUP).status_code == 201
    assert time.monotonic() - begun > 0.5


def test_an_answer_can_come_twice_on_the_wire(sandbox: Sandbox, onelink: OneLinkCaller) -> None:
    onelink.fetch_token()
    sandbox.control.fault(peer="onelink", kind="answer_twice", operation="25S04")
    parts = urlsplit(onelink.base)
    target = f"{parts.path}/query/sim-status?transid={onelink.transid()}&token={onelink.token}&msisdn={LINS}"
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.count(b'"cardStatus":"2"') == 2


def test_too_many_calls_are_told_when_to_come_back(sandbox: Sandbox, onelink: OneLinkCaller, nce: NceCaller) -> None:
    onelink.fetch_token()
    sandbox.control.fault(peer="onelink", kind="too_many", operation="23R08", retry_after=7)
    answer = onelink.raw("/order/gprspackage-order", **ORDER)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    sandbox.control.settings(calls_per_second={"1nce": 2})
    statuses = [nce.call("GET", "/v1/sims").status_code for _ in range(3)]
    assert 429 in statuses
    assert _count(sandbox, "onelink") == 0


def test_an_error_comes_before_or_after_acting(sandbox: Sandbox, nce: NceCaller) -> None:
    nce.fetch_token()
    sandbox.control.fault(peer="1nce", kind="error", operation="topup")
    assert nce.call("POST", TOPUP).status_code == 500
    assert _count(sandbox, "1nce") == 0
    sandbox.control.fault(peer="1nce", kind="error_after", operation="topup")
    assert nce.call("POST", TOPUP).status_code == 502
    sandbox.control.fault(peer="1nce", kind="error", operation="topup", status=504, acts=True)
    assert nce.call("POST", TOPUP).status_code == 504
    assert _count(sandbox, "1nce") == 2


def test_an_odd_body_hides_that_it_was_done(sandbox: Sandbox, onelink: OneLinkCaller) -> None:
    onelink.fetch_token()
    sandbox.control.fault(peer="onelink", kind="odd_body", operation="23R08", body="{'status':")
    answer = onelink.raw("/order/gprspackage-order", **ORDER)
    assert (answer.status_code, answer.text) == (200, "{'status':")
    assert _count(sandbox, "onelink") == 1


@pytest.mark.parametrize(("place", "said"), [(0, '"status": 1e999'), (1, '"message": 1e999'), (2, '"orderNum": 1e999')])
def test_an_odd_value_stands_in_its_place_after_the_deed(
    sandbox: Sandbox, onelink: OneLinkCaller, place: int, said: str
) -> None:
    onelink.fetch_token()
    sandbox.control.fault(peer="onelink", kind="odd_value", operation="23R08", place=place)
    answer = onelink.raw("/order/gprspackage-order", **ORDER)
    assert answer.status_code == 200
    assert said in answer.text
    assert _count(sandbox, "onelink") == 1


def test_a_dripping_answer_keeps_a_naive_read_timeout_happy(sandbox: Sandbox, onelink: OneLinkCaller) -> None:
    onelink.fetch_token()
    sandbox.control.fault(peer="onelink", kind="drip", operation="25S04", seconds=0.005)
    begun = time.monotonic()
    answer = onelink.raw("/query/sim-status", msisdn=LINS)
    assert answer.json()["status"] == "0"
    assert time.monotonic() - begun > 0.5


def test_an_expired_token_is_gone_for_good(sandbox: Sandbox, onelink: OneLinkCaller, nce: NceCaller) -> None:
    onelink.fetch_token()
    nce.fetch_token()
    for peer in ("onelink", "1nce"):
        sandbox.control.fault(peer=peer, kind="token_expired", operation="read")
    for _ in range(2):
        assert onelink.refusal("/query/sim-status", msisdn=LINS) == "12021"
        assert nce.call("GET", "/v1/sims").status_code == 401


@pytest.mark.parametrize(
    ("reason", "code", "status"),
    [("sim", "12089", 403), ("plan", "12062", 400), ("account", "12051", 402), ("temporary", "12071", 503)],
)
def test_a_refusal_is_in_each_vendors_words(
    sandbox: Sandbox, onelink: OneLinkCaller, nce: NceCaller, reason: str, code: str, status: int
) -> None:
    sandbox.control.fault(peer="onelink", kind="refuse", operation="change", reason=reason)
    sandbox.control.fault(peer="1nce", kind="refuse", operation="change", reason=reason)
    assert onelink.refusal("/order/gprspackage-order", **ORDER) == code
    assert nce.call("POST", TOPUP).status_code == status
    assert (_count(sandbox, "onelink"), _count(sandbox, "1nce")) == (0, 0)


def test_a_refused_card_of_a_batch_spoils_no_other(sandbox: Sandbox, onelink: OneLinkCaller) -> None:
    sandbox.control.fault(peer="onelink", kind="refuse", iccid=MEI, reason="plan")
    job = onelink.job(onelink.order_batch([LINS, MEIS], "0"))
    assert {one["resultId"]: one["status"] for one in job["resultList"]} == {LINS: "0", MEIS: "12062"}
    assert _count(sandbox, "onelink") == 1


def test_it_can_act_twice_wrongly_not_at_all_or_fail_later(sandbox: Sandbox, onelink: OneLinkCaller) -> None:
    plant = sandbox.control.fault
    plant(peer="onelink", kind="act_twice", operation="23R08")
    onelink.order(LINS, "0")
    assert _count(sandbox, "onelink") == 2

    plant(peer="onelink", kind="wrong_amount", operation="23R08", factor=0.25)
    onelink.order(LINS, "0")
    assert sandbox.control.books()["carriers"]["onelink"]["effects"][-1]["bytes"] == 25 * 1024**2

    plant(peer="onelink", kind="nothing", operation="23R08")
    number = onelink.order(LINS, "0")
    assert onelink.ask("/query/order-info", orderNum=number)[0]["status"] == "completed"

    plant(peer="onelink", kind="fail_later", operation="23R08", reason="sim")
    number = onelink.order(LINS, "0")
    assert onelink.ask("/query/order-info", orderNum=number)[0]["status"] == "failed"
    assert _count(sandbox, "onelink") == 3


def test_a_wrong_renewal_is_too_short(sandbox: Sandbox, onelink: OneLinkCaller) -> None:
    sandbox.control.fault(peer="onelink", kind="wrong_amount", operation="23R08")
    onelink.order(LINS, "300M-1M")
    assert sandbox.control.sim(LIN)["ends_on"] == "2050-02-15"


def test_it_can_deliver_after_refusing(sandbox: Sandbox, onelink: OneLinkCaller, nce: NceCaller) -> None:
    for peer in ("onelink", "1nce"):
        sandbox.control.fault(peer=peer, kind="deliver_after_refusing", operation="change", reason="plan")
    assert onelink.refusal("/order/gprspackage-order", **ORDER) == "12062"
    assert nce.call("POST", TOPUP).status_code == 400
    assert (_count(sandbox, "onelink"), _count(sandbox, "1nce")) == (1, 1)


def test_a_batch_can_deliver_one_card_after_refusing_it(sandbox: Sandbox, onelink: OneLinkCaller) -> None:
    sandbox.control.fault(peer="onelink", kind="deliver_after_refusing", iccid=MEI)
    job = onelink.job(onelink.order_batch([LINS, MEIS], "0"))
    assert {one["resultId"]: one["status"] for one in job["resultList"]} == {LINS: "0", MEIS: "12089"}
    by_iccid = sandbox.control.books()["carriers"]["onelink"]["by_iccid"]
    assert {iccid: one["count"] for iccid, one in by_iccid.items()} == {LIN: 1, MEI: 1}


def test_what_was_refused_can_be_delivered_an_hour_later(sandbox: Sandbox, nce: NceCaller, clock_file: Any) -> None:
    sandbox.control.fault(peer="1nce", kind="deliver_after_refusing", operation="topup", seconds=3600)
    assert nce.call("POST", TOPUP).status_code == 403
    assert _count(sandbox, "1nce") == 0
    clock_file.write_text("3601")
    assert _count(sandbox, "1nce") == 1


def test_a_carrier_that_is_down_refuses_connections_until_it_is_back(
    sandbox: Sandbox, nce: NceCaller, onelink: OneLinkCaller
) -> None:
    assert nce.call("GET", "/v1/sims").status_code == 200
    sandbox.control.down("1nce")
    assert sandbox.control.health()["down"] == ["1nce"]
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            nce.call("GET", "/v1/sims")
    with pytest.raises(httpx.ConnectError):
        get(f"{nce.base}/v1/sims")
    assert onelink.ask("/query/sim-status", msisdn=LINS)
    sandbox.control.up("1nce")
    assert nce.call("GET", "/v1/sims").status_code == 200


def test_a_fault_hits_as_often_as_it_is_told_and_only_what_it_names(sandbox: Sandbox, onelink: OneLinkCaller) -> None:
    onelink.fetch_token()
    sandbox.control.fault(peer="onelink", kind="error", operation="25S04", iccid=LIN, count=2)
    statuses = [onelink.raw("/query/sim-status", msisdn=number).status_code for number in (MEIS, LINS, LINS, LINS)]
    assert statuses == [200, 500, 500, 200]
    assert [(one["hits"], one["left"]) for one in sandbox.control.faults()] == [(2, 0)]


def test_a_standing_fault_hits_until_it_is_cleared(sandbox: Sandbox, onelink: OneLinkCaller) -> None:
    onelink.fetch_token()
    planted = sandbox.control.fault(peer="onelink", kind="error", operation="read", count=None)
    assert [onelink.raw("/query/sim-status", msisdn=LINS).status_code for _ in range(3)] == [500] * 3
    sandbox.control.clear_faults(id=planted)
    assert onelink.raw("/query/sim-status", msisdn=LINS).status_code == 200


def test_chance_falls_the_same_way_for_the_same_seed(sandbox: Sandbox, onelink: OneLinkCaller) -> None:
    def hits() -> list[bool]:
        sandbox.control.fault(peer="onelink", kind="error", operation="25S04", probability=0.5, count=None)
        fallen = [onelink.raw("/query/sim-status", msisdn=LINS).status_code == 500 for _ in range(40)]
        sandbox.control.clear_faults()
        return fallen

    onelink.fetch_token()
    first, second = hits(), hits()
    assert first == second
    assert 5 < sum(first) < 35


def test_a_fault_by_reference_hits_that_payment_alone(sandbox: Sandbox, wechat: WeChatCaller) -> None:
    sandbox.control.fault(peer="wechatpay", kind="refuse", reference="mei00002", code="NOTENOUGH", status=403)
    assert wechat.call("POST", "/v3/pay/transactions/native", wechat.opening("mei00001")).status_code == 200
    refused = wechat.call("POST", "/v3/pay/transactions/native", wechat.opening("mei00002"))
    assert (refused.status_code, refused.json()["code"]) == (403, "NOTENOUGH")


def test_a_refund_can_be_for_ever_under_way_or_go_wrong(sandbox: Sandbox, wechat: WeChatCaller) -> None:
    sandbox.control.fault(peer="wechatpay", kind="nothing", operation="refund")
    wechat.open("mei00003")
    sandbox.control.pay("mei00003")
    wechat.refund("r3", "mei00003", 3600)
    assert wechat.call("GET", "/v3/refund/domestic/refunds/r3").json()["status"] == "PROCESSING"
    sandbox.control.fault(peer="wechatpay", kind="fail_later", operation="refund")
    wechat.open("mei00004")
    sandbox.control.pay("mei00004")
    wechat.refund("r4", "mei00004", 3600)
    assert wechat.call("GET", "/v3/refund/domestic/refunds/r4").json()["status"] == "ABNORMAL"


@pytest.mark.parametrize(
    "fault",
    [
        {"peer": "onelink", "kind": "explode"},
        {"peer": "unicom", "kind": "error"},
        {"peer": "1nce", "kind": "refuse", "reason": "mood"},
        {"peer": "1nce", "kind": "error", "count": 0},
        {"peer": "1nce", "kind": "bad_signature"},
        {"peer": "wechatpay", "kind": "act_twice"},
        {"peer": "wechatpay", "kind": "nothing", "operation": "native"},
        {"peer": "wechatpay", "kind": "lose_answer", "operation": "notice"},
        {"kind": "error"},
    ],
)
def test_a_fault_that_could_never_hit_is_not_planted(sandbox: Sandbox, fault: dict[str, Any]) -> None:
    with pytest.raises(ControlRefused):
        sandbox.control.fault(**fault)
    assert sandbox.control.faults() == []


def test_what_the_control_port_does_not_understand_is_an_error(sandbox: Sandbox) -> None:
    for path, content in (
        ("settings", {"latency": 3}),
        ("settings", {"latency_ms": "slow"}),
        ("settings", {"refund_outcome": "lost"}),
        ("sims", {"carrier": "onelink"}),
        ("sims", [{"carrier": "onelink"}]),
        ("sims", [{"carrier": "onelink", "iccid": "1", "colour": "red"}]),
        ("sim", {"iccid": "nothing", "state": "active"}),
        ("plans", [{"carrier": "unicom", "code": "1", "name": "x"}]),
        ("account", {"carrier": "onelink", "balance_minor": "much"}),
        ("pay", {"reference": "nothing"}),
        ("down", {"peer": "everything"}),
        ("refund", {"reference": "r", "status": "LOST"}),
    ):
        answer = post(f"http://127.0.0.1:{sandbox.ports['control']}/control/{path}", content=json.dumps(content))
        assert (answer.status_code, "error" in answer.json()) == (400, True), path
