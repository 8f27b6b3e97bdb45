"""Printed pages come out whole, the same each time, in a font that has our characters."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typst

from xuliu.common import pdf

NOON = datetime(2026, 12, 1, 4, 0, tzinfo=UTC)
TEMPLATE = f"""
#let data = json(bytes(sys.inputs.data))
#set document(title: "凭证")
#set text(font: "{pdf.FONT}", fallback: false)
= #data.title
#image(bytes(data.code), format: "svg", width: 20mm)
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A page with Chinese text and a QR code."""
    path = tmp_path / "page.typ"
    path.write_text(TEMPLATE, encoding="utf-8")
    return path


def test_the_same_page_is_the_same_bytes_whoever_asks_and_however_many_at_once(template: Path) -> None:
    data = {"title": "续费凭证 №7", "code": pdf.qr_svg("https://pay.example.com/t/abc")}

    with ThreadPoolExecutor(4) as people:
        pages = list(people.map(lambda _: pdf.render(template, data, made_at=NOON), range(8)))

    assert len(set(pages)) == 1
    assert pages[0].startswith(b"%PDF-")


def test_other_data_make_another_page(template: Path) -> None:
    code = pdf.qr_svg("https://pay.example.com/t/abc")

    assert pdf.render(template, {"title": "一", "code": code}, made_at=NOON) != pdf.render(
        template, {"title": "二", "code": code}, made_at=NOON
    )


def test_only_the_font_that_is_shipped_is_used(template: Path) -> None:
    page = pdf.render(template, {"title": "流量", "code": pdf.qr_svg("x")}, made_at=NOON)

    assert set(re.findall(rb"/FontName\s*/[A-Z]{6}\+([^\s/]+)", page)) == {b"NotoSansCJKsc-Regular"}


def test_a_template_reads_nothing_above_its_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("keys")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "page.typ").write_text('#read("../secret.txt")')

    with pytest.raises(typst.TypstError):
        pdf.render(inner / "page.typ", {}, made_at=NOON)
