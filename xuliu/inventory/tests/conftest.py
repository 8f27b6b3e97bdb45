"""What the tests of the import share."""

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.make import make_account
from xuliu.carrier.models import CarrierAccount
from xuliu.inventory.tests.lines import Line


@pytest.fixture
def account() -> CarrierAccount:
    """The account that lines name."""
    return make_account(code="cmcc")


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Writes lines of named cells into a file as a spreadsheet would."""

    def write(lines: Iterable[Line], *, encoding: str = "utf-8", separator: str = ",") -> Path:
        lines = list(lines)
        path = tmp_path / "sims.csv"
        with path.open("w", encoding=encoding, newline="") as out:
            headings = dict.fromkeys(name for line in lines for name in line)
            writer = csv.DictWriter(out, headings, delimiter=separator)
            writer.writeheader()
            writer.writerows(lines)
        return path

    return write
