"""The table in a connector's README says what the code says."""

import sys
from pathlib import Path

import pytest

from xuliu.carrier.contract import Connector
from xuliu.carrier.registry import all_connectors


def row_of(connector: type[Connector]) -> str:
    """What it can do, as its README has to show it."""
    can = connector.capabilities
    cells = [
        ", ".join(sorted(can.actions)),
        "yes" if can.takes_reference else "no",
        str(can.batch_size),
        ", ".join(sorted(can.proofs)),
        str(can.settles_within),
        str(can.verify_within),
    ]
    return f"| {' | '.join(cells)} |"


def readme_of(connector: type[Connector]) -> Path:
    """README.md in the connector's folder."""
    return Path(str(sys.modules[connector.__module__].__file__)).parent / "README.md"


@pytest.mark.parametrize("code", all_connectors())
def test_a_connectors_readme_shows_what_it_can_do(code: str) -> None:
    connector = all_connectors()[code]

    assert row_of(connector) in readme_of(connector).read_text(encoding="utf-8").splitlines()
