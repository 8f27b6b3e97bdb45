"""Stickers: one a terminal, 24 a page, each opening its own SIM's page."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.urls import resolve

from tests.make import make_merchant, make_terminal
from xuliu.cli import stickers as command
from xuliu.cli.entry import main
from xuliu.common import pdf
from xuliu.inventory.queries import Sticker, stickers

pytestmark = pytest.mark.django_db


def pages(path: Path) -> int:
    """How many pages a PDF has."""
    return len(re.findall(rb"/Type\s*/Page\b", path.read_bytes()))


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (24, 1), (25, 2)])
def test_there_are_twenty_four_on_a_page(count: int, expected: int, tmp_path: Path) -> None:
    for _ in range(count):
        make_terminal()

    assert main(["stickers", "-o", str(tmp_path / "stickers.pdf")]) == 0

    assert pages(tmp_path / "stickers.pdf") == expected


def test_each_carries_the_address_of_its_own_terminal(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.XULIU_BASE_URL = "https://pay.example.com"
    carried: list[str] = []

    def noted(text: str, draw: Callable[[str], str] = pdf.qr_svg) -> str:
        carried.append(text)
        return draw(text)

    monkeypatch.setattr(pdf, "qr_svg", noted)
    one, other = make_terminal(), make_terminal()

    page = command.page(stickers(), language="zh-hans")

    assert page.startswith(b"%PDF")
    assert sorted(carried) == sorted(f"https://pay.example.com/t/{terminal.sticker_code}" for terminal in (one, other))
    assert resolve(f"/t/{one.sticker_code}").url_name == "sticker"


def test_a_merchants_terminals_alone_and_named_ones_alone() -> None:
    lin = make_merchant()
    hers = [make_terminal(merchant=lin, serial_number=f"A{number}") for number in (2, 1)]
    make_terminal()

    assert [sticker.serial_number for sticker in stickers(merchant_code=lin.code)] == ["A1", "A2"]
    assert stickers(serial_numbers=["A2"]) == [Sticker(hers[0].sticker_code, "A2", "Newland N910")]


def test_a_thousand_take_one_query(django_assert_num_queries: Any) -> None:
    for _ in range(30):
        make_terminal()

    with django_assert_num_queries(1):
        assert len(stickers()) == 30


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--merchant", "nobody"], "There is no merchant nobody."),
        (["--terminal", "A1", "B2", "c-3"], "There is no such terminal: B2, C3."),
        (["--terminal", "A1", "--merchant", "M2"], "There is no such terminal there: A1."),
    ],
)
def test_who_is_unknown_is_named_and_nothing_is_written(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_terminal(serial_number="A1")
    make_merchant(code="M2")

    assert main(["stickers", "-o", str(tmp_path / "stickers.pdf"), *arguments]) == 1

    assert capsys.readouterr().err.strip() == f"xuliu: {says}"
    assert not (tmp_path / "stickers.pdf").exists()


def test_none_is_printed_that_leads_a_phone_to_itself(
    tmp_path: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    make_terminal()
    settings.XULIU_DEMO = False

    assert main(["stickers", "-o", str(tmp_path / "stickers.pdf")]) == 1

    assert "which no phone can reach" in capsys.readouterr().err


def test_a_serial_number_as_long_as_there_may_be_still_fits_its_label() -> None:
    found = [Sticker(f"code{number}", "W" * 40, "Castles Saturn1000") for number in range(24)]

    for language in ("zh-hans", "en"):
        assert len(re.findall(rb"/Type\s*/Page\b", command.page(found, language=language))) == 1
