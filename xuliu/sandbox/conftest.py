"""What the sandbox's own tests share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from xuliu.sandbox.carriers.onelink.tests.caller import OneLinkCaller
from xuliu.sandbox.carriers.onence.tests.caller import NceCaller
from xuliu.sandbox.providers.wechatpay.tests.caller import WeChatCaller
from xuliu.sandbox.testing import Sandbox
from xuliu.sandbox.tests.callers import Shop

LIN = "89860412342600000017"
MEI = "89860412342600000025"
ABROAD = "8988280666000000017"


@pytest.fixture
def furnished(sandbox_of_worker: Sandbox, tmp_path: Path) -> Path:
    """A folder for a sandbox of the test's own, with credentials: making keys takes longer than all the rest."""
    for name in ("credentials.json", "vendor-keys.json"):
        shutil.copy(sandbox_of_worker.data_dir / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def onelink(sandbox: Sandbox) -> Iterator[OneLinkCaller]:
    """A caller of OneLink with two cards: Lin's and Mei's."""
    common = {"carrier": "onelink", "starts_on": "2020-01-01", "ends_on": "2050-01-31", "granted_bytes": 300 * 1024**2}
    sandbox.control.sims([
        {**common, "iccid": LIN, "msisdn": "1440000000017", "imsi": "460040000000017", "used_bytes": 100 * 1024**2},
        {**common, "iccid": MEI, "msisdn": "1440000000025", "imsi": "460040000000025"},
    ])  # fmt: skip
    with OneLinkCaller(sandbox.urls["onelink"], sandbox.credentials["onelink"]) as caller:
        yield caller


@pytest.fixture
def nce(sandbox: Sandbox) -> Iterator[NceCaller]:
    """A caller of 1NCE with one card."""
    common = {"carrier": "1nce", "imsi": "901405100000017", "msisdn": "882285100000017", "imei": "0000000000000017"}
    sandbox.control.sims([
        {**common, "iccid": ABROAD, "ends_on": "2050-01-31", "granted_bytes": 500_000_000, "used_bytes": 64_212_049}
    ])  # fmt: skip
    with NceCaller(sandbox.urls["1nce"], sandbox.credentials["1nce"]) as caller:
        yield caller


@pytest.fixture
def wechat(sandbox: Sandbox) -> Iterator[WeChatCaller]:
    """A merchant that signs."""
    with WeChatCaller(sandbox.urls["wechatpay"], sandbox.credentials["wechatpay"]) as caller:
        yield caller


@pytest.fixture
def shop() -> Iterator[Shop]:
    """The merchant's address for notices; keeps what arrives."""
    with Shop() as listening:
        yield listening
