"""Printed pages come out whole, the same each time, in a font that has our characters."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> list[str]:
    """What was made, in a home of its own: a title a page."""
    settings.XULIU_HOME, titles = tmp_path / "home", []

    def counted(template: Path, data: dict[str, str], *, made_at: datetime) -> bytes:
        titles.append(data["title"])
        return rendered(template, data, made_at=made_at)

    rendered = pdf.render
    monkeypatch.setattr(pdf, "render", counted)
    return titles


def test_a_page_that_twenty_ask_for_at_once_is_made_once(template: Path, made: list[str]) -> None:
    data = {"title": "一", "code": pdf.qr_svg("x")}

    with ThreadPoolExecutor(20) as people:
        pages = list(people.map(lambda _: pdf.kept(template, data, made_at=NOON), range(20)))

    assert made == ["一"]
    assert len(set(pages)) == 1
    assert pages[0].startswith(b"%PDF-")


def test_other_words_another_template_or_another_time_are_another_page(template: Path, made: list[str]) -> None:
    data = {"title": "一", "code": pdf.qr_svg("x")}
    pdf.kept(template, data, made_at=NOON)

    pdf.kept(template, {**data, "title": "二"}, made_at=NOON)
    pdf.kept(template, data, made_at=NOON + timedelta(seconds=1))
    template.write_text(TEMPLATE + "新", encoding="utf-8")
    pdf.kept(template, data, made_at=NOON)

    assert made == ["一", "二", "一", "一"]


def test_a_page_is_kept_for_a_day_and_what_is_old_goes(
    template: Path, made: list[str], clock_file: Path, settings: Any
) -> None:
    data = {"title": "一", "code": pdf.qr_svg("x")}
    for seconds in (0, 23 * 3600, 25 * 3600):
        clock_file.write_text(str(seconds))
        pdf.kept(template, data, made_at=NOON)
    assert made == ["一", "一"]

    clock_file.write_text(str(50 * 3600))
    for number in range(64):  # some into each folder
        pdf.kept(template, {**data, "title": str(number)}, made_at=NOON)

    kept = list((settings.XULIU_HOME / "printed").rglob("*.p*"))
    assert len(kept) == len(made) - 2


def test_a_home_that_takes_no_file_keeps_nobody_from_a_page(
    template: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)

    assert pdf.kept(template, {"title": "一", "code": pdf.qr_svg("x")}, made_at=NOON).startswith(b"%PDF-")
