"""A carrier in one file: dropping it in is all it takes."""

import sys
from pathlib import Path

import pytest

from xuliu.carrier import connectors
from xuliu.carrier.registry import UnknownConnector, all_connectors, connector_class

DROPPED = """
from dataclasses import dataclass, field
from xuliu.carrier.contract import Action, BaseConfig, Capabilities, Proof, setting

@dataclass(frozen=True, slots=True, kw_only=True)
class Config(BaseConfig):
    key: str = field(metadata=setting(zh_hans="密钥", en="Key", is_secret=True))

class Connector:
    code = "mei-tel"
    name = {"zh-hans": "美通", "en": "Mei Tel"}
    Config = Config
    capabilities = Capabilities(actions=frozenset({Action.RENEW}), proofs=frozenset({Proof.PERIOD_END}))
"""


def test_the_connectors_that_ship_are_found_by_code() -> None:
    assert list(all_connectors()) == ["1nce", "onelink"]
    assert connector_class("1nce").code == "1nce"


def test_a_file_dropped_in_is_found_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "meitel.py").write_text(DROPPED)
    monkeypatch.setattr(connectors, "__path__", [*connectors.__path__, str(tmp_path)])

    assert list(all_connectors()) == ["1nce", "mei-tel", "onelink"]
    assert connector_class("mei-tel").name["en"] == "Mei Tel"
    del sys.modules["xuliu.carrier.connectors.meitel"]


def test_a_code_that_nobody_has_is_said() -> None:
    with pytest.raises(UnknownConnector, match="zhou-tel"):
        connector_class("zhou-tel")
