"""The file around the lines: what is read, what is refused as a whole, and the result."""

import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from xuliu.carrier.models import CarrierAccount
from xuliu.inventory.import_sims import import_sims
from xuliu.inventory.imports.columns import COLUMNS
from xuliu.inventory.imports.problems import FileFault, LineFault, UnreadableFile
from xuliu.inventory.models import Sim, Terminal
from xuliu.inventory.tests.lines import Line, a_line, faults, refusals
from xuliu.party.models import Merchant

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_files_of_any_spreadsheet_are_read(encoding: str, separator: str, account: CarrierAccount, file: Any) -> None:
    chinese = {"卡号": " 8986 0440 0000 0000 0018 ", "运营商账户": "cmcc", "状态": "库存", "到期日": "2027/1/31"}

    report = import_sims(path=file([chinese], encoding=encoding, separator=separator))

    sim = Sim.objects.get()
    assert (sim.iccid, sim.state, sim.period_end_on) == ("89860440000000000018", "IN_STOCK", date(2027, 2, 1))
    assert not report.refused_lines()


@pytest.mark.parametrize(
    "cell", ["\t89860440000000000009", '="89860440000000000009"', "８９８６０４４００００００００００００９"]
)
def test_numbers_are_read_however_a_program_protected_them(cell: str, account: CarrierAccount, file: Any) -> None:
    report = import_sims(path=file([{"iccid": cell, "carrier_account": "cmcc"}]))

    assert not report.problems
    assert Sim.objects.get().iccid == "89860440000000000009"


def test_a_line_with_a_quotation_mark_left_open_spoils_only_itself(account: CarrierAccount, tmp_path: Path) -> None:
    good = [a_line(number)["iccid"] for number in range(3)]
    path = tmp_path / "sims.csv"
    path.write_text(f'iccid,merchant_code\n{good[0]},A\n{good[1]},"B\n\n{good[2]},C,D\n{good[2]},C,,\n', "utf-8")

    report = import_sims(path=path, account_code="cmcc")

    assert [sim.iccid for sim in Sim.objects.order_by("id")] == [good[0], good[2]]
    assert [line for line, _ in refusals(report)] == [3, 5]
    assert report.lines == 4


@pytest.mark.parametrize("sign", ["x", "林", "\U00020000"])
def test_a_line_longer_than_64_kilobytes_is_refused_alone(sign: str, account: CarrierAccount, tmp_path: Path) -> None:
    good = [str(a_line(number)["iccid"]) for number in range(3)]
    most = 64 * 1024 // len(sign.encode())
    lines = ["iccid,imei", f"{good[0]},{sign * (most - 24)}", f"{good[1]},{sign * most}", f'{good[1]},"{sign * most}']
    path = tmp_path / "sims.csv"
    path.write_text("\n".join([*lines, good[2], f'{good[1]},"', sign * (most - 1), '"']), "utf-8")

    report = import_sims(path=path, account_code="cmcc")

    assert [one.line for one in report.problems if one.fault is LineFault.LINE_TOO_LONG] == [3, 4]
    assert [sim.iccid for sim in Sim.objects.all()] == [good[2]]  # the first fits and is no IMEI
    assert 2 in dict(refusals(report))


@pytest.mark.parametrize(
    ("raw", "fault", "fact"),
    [
        ("iccid,商户名称\n8,林记\n".encode("gbk"), FileFault.ENCODING, "GBK"),
        ("iccid\n8\n".encode("utf-16"), FileFault.ENCODING, "UTF-16"),
        (b"PK\x03\x04rest", FileFault.SPREADSHEET, "Excel (.xlsx)"),
        (b"", FileFault.EMPTY, None),
        ("iccid\n8\n".encode("utf-16-le"), FileFault.ENCODING, "UTF-16"),
        ("iccid\n8\n".encode("utf-16-be"), FileFault.ENCODING, "UTF-16"),
        ("卡号,接入号\n898604,1\n".encode("utf-16-le"), FileFault.ENCODING, "UTF-16"),
        ("卡号,接入号\n898604,1\n".encode("utf-16-be"), FileFault.ENCODING, "UTF-16"),
        (b"icc\0id\n8\n", FileFault.HIDDEN_SIGN, "\0"),
        (b"\xef\xbb\xbf \n", FileFault.EMPTY, None),
        (b"sep=,\n\n", FileFault.EMPTY, None),
        (b"iccid,colour\n", FileFault.COLUMN_UNKNOWN, "colour"),
        (b"iccid,msisdn,ICCID\n", FileFault.COLUMN_TWICE, "iccid"),
        (b"msisdn\n1\n", FileFault.COLUMN_MISSING, "iccid"),
        (b"iccid," * 11_000 + b"\n", FileFault.HEADING_TOO_LONG, None),
        (b"\0" * 70_000, FileFault.HEADING_TOO_LONG, None),
        (b"8" * 70_000, FileFault.HEADING_TOO_LONG, None),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_as_a_whole(
    raw: bytes, fault: FileFault, fact: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "sims.csv"
    path.write_bytes(raw)

    with pytest.raises(UnreadableFile) as refused:
        import_sims(path=path)

    assert refused.value.fault is fault
    assert next(iter(refused.value.facts.values()), None) == fact
    assert not Sim.objects.exists()


def test_a_quotation_mark_left_open_swallows_no_line_of_the_table(account: CarrierAccount, tmp_path: Path) -> None:
    good = [a_line(number)["iccid"] for number in range(4)]
    path = tmp_path / "sims.csv"
    path.write_text(f'iccid,merchant_code\n{good[0]},"A\n{good[1]},B\n{good[2]},C"\n{good[3]},"D\n', "utf-8")

    report = import_sims(path=path, account_code="cmcc")

    assert [sim.iccid for sim in Sim.objects.order_by("id")] == [good[1], good[2]]
    assert {line for line, _ in refusals(report)} == {2, 5}


def test_a_name_of_three_lines_is_one_name_and_lines_keep_their_numbers(
    account: CarrierAccount, tmp_path: Path
) -> None:
    path = tmp_path / "sims.csv"
    rows = f'{a_line(1)["iccid"]},T1,"Tea house,\r\nupstairs\r\n""left"""\r\nbad,T2,\r\n'
    path.write_bytes(f"iccid,merchant_code,merchant_name\r\n{rows}".encode())

    report = import_sims(path=path, account_code="cmcc")

    assert Merchant.objects.get().name == 'Tea house, upstairs "left"'
    assert refusals(report) == [(5, "iccid")]


@pytest.mark.parametrize(
    "nothing", ["#N/A", "NULL", "nan", "N/A", "none", "-", "—", "#REF!", "#VALUE!", "\\N", "/", "无", "\ufeff"]
)
def test_a_word_for_nothing_is_nothing_in_every_column_that_may_be_empty(
    nothing: str, account: CarrierAccount, file: Any
) -> None:
    optional = [column.name for column in COLUMNS if column.name not in ("iccid", "carrier_account")]

    report = import_sims(path=file([a_line(1, **dict.fromkeys(optional, nothing)), a_line(2, iccid=nothing)]))

    assert (Sim.objects.get().msisdn, Merchant.objects.count(), Terminal.objects.count()) == ("", 0, 0)
    assert faults(report) == [(3, "iccid", LineFault.MISSING)]


@pytest.mark.parametrize("first", ["sep=;\r\n", '"sep=;"\n', "SEP=;\n", "\n\nsep=;\n\n", "\ufeff\ufeffsep=;\n"])
def test_a_hint_about_the_separator_is_obeyed_and_blank_lines_before_the_heading_are_none(
    first: str, account: CarrierAccount, tmp_path: Path
) -> None:
    path = tmp_path / "sims.csv"
    path.write_text(f'{first}\u200b卡号 ;"\xa0到期日\ufeff"\n{a_line(1)["iccid"]};2026年12月31日\n', "utf-8")

    report = import_sims(path=path, account_code="cmcc")

    assert not report.problems
    assert Sim.objects.get().period_end_on == date(2027, 1, 1)


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ("2026-12-31T00:00:00", ""),
        ("2026/12/31 23:59", ""),
        ("20261231", ""),
        ("2026.12.31", ""),
        ("'２０２６／１２／３１", ""),
        ("2026-12-31 08:00:00", LineFault.NOT_A_WHOLE_DAY),
        ("2026-12-31T00:00:00Z", LineFault.NOT_A_WHOLE_DAY),
        ("46387", LineFault.COUNT_OF_DAYS),
        ("31/12/2026", LineFault.NOT_A_DATE),
        ("2026-12/31", ""),
        ("2026-13-01", LineFault.NOT_A_DATE),
        ("9999-12-31", LineFault.NOT_A_DATE),
    ],
)
def test_days_are_read_as_spreadsheets_and_databases_write_them(
    cell: str, fault: str, account: CarrierAccount, file: Any
) -> None:
    report = import_sims(path=file([{"iccid": a_line(1)["iccid"], "carrier_account": "cmcc", "last_day": cell}]))

    assert [found for _, _, found in faults(report)] == [fault] * bool(fault)
    assert [sim.period_end_on for sim in Sim.objects.all()] == [date(2027, 1, 1)] * (not fault)


def test_a_warning_that_nine_of_ten_lines_get_is_told_once(account: CarrierAccount, file: Any) -> None:
    def wrong(number: int) -> Line:
        iccid = str(a_line(number)["iccid"])
        return a_line(number, iccid=f"{iccid[:-1]}{(int(iccid[-1]) + 1) % 10}")

    often = import_sims(path=file([*map(wrong, range(1, 19)), a_line(19), a_line(20)]))
    seldom = import_sims(path=file([*map(a_line, range(101, 121)), wrong(121), wrong(122)]))

    (told,) = often.problems
    assert (told.line, told.column, told.fault) == (2, "iccid", LineFault.COMMON)
    assert (told.facts["count"], told.facts["lines"]) == (18, 20)
    assert [(line, column) for line, column, _ in faults(seldom)] == [(22, "iccid"), (23, "iccid")]


def test_what_a_file_costs_grows_with_its_lines_however_they_are_broken(
    account: CarrierAccount, tmp_path: Path
) -> None:
    def seconds(count: int) -> float:
        path = tmp_path / "sims.csv"
        path.write_text("iccid,merchant_name\n" + '8,"left open\n' * count, "utf-8")
        began = time.process_time()
        assert import_sims(path=path, account_code="cmcc").refused_lines() == count
        return time.process_time() - began

    assert seconds(4_000) < 40 * max(seconds(400), 0.005)
