"""The file around the lines: what is read, what is refused as a whole, and the result."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from xuliu.carrier.models import CarrierAccount
from xuliu.inventory.import_sims import import_sims
from xuliu.inventory.imports.problems import UnreadableFile, write_result
from xuliu.inventory.models import Sim
from xuliu.inventory.tests.lines import a_line, refusals

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]


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


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("iccid,商户名称\n8,林记\n".encode("gbk"), "GBK"),
        ("iccid\n8\n".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04rest", "xlsx"),
        (b"", "empty"),
        (b"\xef\xbb\xbf \n", "empty"),
        (b"iccid,colour\n", "“colour” is not known"),
        (b"iccid,msisdn,ICCID\n", "twice"),
        (b"msisdn\n1\n", "“iccid” is missing"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_in_one_sentence(raw: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "sims.csv"
    path.write_bytes(raw)

    with pytest.raises(UnreadableFile) as refused:
        import_sims(path=path)

    assert says in str(refused.value)
    assert not Sim.objects.exists()


def test_the_result_file_opens_in_a_spreadsheet_and_betrays_no_password(
    account: CarrierAccount, file: Any, tmp_path: Path
) -> None:
    report = import_sims(path=file([a_line(1, service_password="a b"), a_line(2, iccid="=1+1", msisdn="")]))

    write_result(report.problems, tmp_path / "result.csv", language="en")

    raw = (tmp_path / "result.csv").read_bytes()
    rows = list(csv.DictReader(raw.decode("utf-8-sig").splitlines()))
    assert raw.startswith(b"\xef\xbb\xbf")
    assert [(row["line"], row["column"], row["value"]) for row in rows] == [
        ("2", "service_password", ""),
        ("3", "iccid", "'=1+1"),
    ]
    assert b"a b" not in raw
