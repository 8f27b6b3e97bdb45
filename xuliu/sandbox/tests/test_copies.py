"""Reads that are answered from a copy that lags behind, or of another SIM."""

from pathlib import Path
from typing import Any

import pytest

from xuliu.sandbox.carriers.onelink.tests.caller import OneLinkCaller
from xuliu.sandbox.carriers.onence.tests.caller import NceCaller
from xuliu.sandbox.conftest import ABROAD
from xuliu.sandbox.testing import ControlRefused, Sandbox

LINS = "1440000000017"


def _end(nce: NceCaller) -> str:
    return str(nce.call("GET", f"/v1/sims/{ABROAD}/quota/data").json()["expiry_date"])[:10]


def _margin(onelink: OneLinkCaller) -> Any:
    return onelink.raw("/query/sim-data-margin", msisdn=LINS).json()["result"]


def test_a_stale_read_is_what_was_said_a_moment_ago(sandbox: Sandbox, nce: NceCaller, onelink: OneLinkCaller) -> None:
    nce.fetch_token()
    onelink.fetch_token()
    before, margin = _end(nce), _margin(onelink)
    sandbox.control.sim(ABROAD, ends_on="2039-01-01")
    onelink.raw("/order/gprspackage-order", msisdn=LINS, maincommoDity="0", packageType="0")
    for peer in ("1nce", "onelink"):
        sandbox.control.fault(peer=peer, kind="stale_read", operation="read")

    assert (_end(nce), _margin(onelink)) == (before, margin)
    assert _end(nce) == "2039-01-01"
    assert _margin(onelink) != margin


def test_a_copy_lags_no_further_behind_than_it_is_told_to(sandbox: Sandbox, nce: NceCaller, clock_file: Path) -> None:
    nce.fetch_token()
    before = _end(nce)
    sandbox.control.sim(ABROAD, ends_on="2039-01-01")
    clock_file.write_text("59")
    sandbox.control.fault(peer="1nce", kind="stale_read", operation="read", seconds=60)
    assert _end(nce) == before
    clock_file.write_text("61")
    sandbox.control.fault(peer="1nce", kind="stale_read", operation="read", seconds=60)

    assert _end(nce) == "2039-01-01"


def test_another_sims_card_is_named_as_such(sandbox: Sandbox, nce: NceCaller) -> None:
    nce.fetch_token()
    sandbox.control.fault(peer="1nce", kind="other_sim", operation="read")

    said = [nce.call("GET", f"/v1/sims/{ABROAD}").json()["iccid"] for _ in range(2)]

    assert said[0] != ABROAD
    assert said[1] == ABROAD


def test_it_is_of_reads_alone(sandbox: Sandbox, nce: NceCaller) -> None:
    nce.fetch_token()
    sandbox.control.fault(peer="1nce", kind="other_sim", operation="*")
    assert nce.call("POST", f"/v1/sims/{ABROAD}/topup").status_code == 201
    with pytest.raises(ControlRefused):
        sandbox.control.fault(peer="onelink", kind="other_sim", operation="read")
    with pytest.raises(ControlRefused):
        sandbox.control.fault(peer="wechatpay", kind="stale_read", operation="query")
