"""The table in the README says what the code says."""

from pathlib import Path

from xuliu.carrier.contract import Connector
from xuliu.carrier.registry import all_connectors

README = Path(__file__).parents[1] / "README.md"


def row_of(code: str, connector: type[Connector]) -> str:
    can = connector.capabilities
    cells = [
        f"`{code}`",
        connector.name["zh-hans"],
        ", ".join(sorted(can.actions)),
        "yes" if can.takes_reference else "no",
        str(can.batch_size),
        ", ".join(sorted(can.proofs)),
        str(can.settles_within),
        str(can.verify_within),
    ]
    return f"| {' | '.join(cells)} |"


def test_the_readme_lists_every_connector_as_it_is() -> None:
    listed = [line for line in README.read_text().splitlines() if line.startswith("| `")]

    assert listed == [row_of(code, connector) for code, connector in all_connectors().items()]
