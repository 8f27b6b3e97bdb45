"""`xuliu import-sims`: what it says, where the problems go, how it ends."""

import csv
from pathlib import Path

import pytest

from tests.make import make_account
from xuliu.cli.entry import main
from xuliu.cli.import_sims import SOME_REFUSED
from xuliu.inventory.imports.columns import COLUMNS
from xuliu.inventory.models import Sim

pytestmark = pytest.mark.django_db
GOOD, BAD = "89860440000000000009", "8986"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """One good line and one bad one."""
    make_account(code="cmcc")
    path = tmp_path / "sims.csv"
    path.write_text(f"iccid,last_day\n{GOOD},2027-01-30\n{BAD},2027-01-30\n", encoding="utf-8")
    return path


def test_good_lines_are_in_and_the_bad_one_is_named(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import-sims", str(file), "--account", "cmcc", "--language", "en"]) == SOME_REFUSED

    assert Sim.objects.get().iccid == GOOD
    with file.with_name("sims.csv.result.csv").open(encoding="utf-8-sig") as result:
        rows = list(csv.DictReader(result))
    assert [(row["line"], row["column"], row["value"], row["what"]) for row in rows] == [("3", "iccid", BAD, "refused")]
    said = capsys.readouterr().out
    assert "2 lines" in said
    assert "1 refused" in said
    assert "SIMs: 1 new" in said
    assert "1 × iccid (3): an ICCID has 18 to 20 digits" in said


def test_reasons_are_told_in_chinese_unless_english_is_asked_for(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = tmp_path / "问题.csv"

    main(["import-sims", str(file), "--account", "cmcc", "--result", str(result)])

    assert "ICCID 应为 18 至 20 位数字或大写字母".replace(" ", "\u2009") in result.read_text("utf-8-sig")
    assert "1 行未导入" in capsys.readouterr().out


def test_the_result_opens_in_a_spreadsheet_which_computes_nothing_of_it(file: Path) -> None:
    file.write_text("iccid,service_password\n=1+1,481516\n-2,a b\n", encoding="utf-8")

    main(["import-sims", str(file), "--account", "cmcc"])

    raw = file.with_name("sims.csv.result.csv").read_bytes()
    rows = list(csv.DictReader(raw.decode("utf-8-sig").splitlines()))
    assert raw.startswith(b"\xef\xbb\xbf")
    assert [(row["line"], row["column"], row["value"]) for row in rows] == [
        ("2", "iccid", "'=1+1"),
        ("3", "iccid", "'-2"),
        ("3", "service_password", ""),
    ]
    assert b"a b" not in raw


def test_a_file_without_problems_leaves_no_result(file: Path) -> None:
    file.write_text(f"iccid\n{GOOD}\n", encoding="utf-8")

    assert main(["import-sims", str(file), "--account", "cmcc"]) == 0

    assert not file.with_name("sims.csv.result.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--account", "nobody"], "There is no carrier account “nobody”; there are: cmcc."),
        (["--result", "{file}"], "cannot go into the file that is imported"),
        (["--result", "/nowhere/result.csv"], "/nowhere/result.csv cannot be written"),
    ],
)
def test_what_cannot_begin_says_why_and_writes_nothing(
    arguments: list[str], says: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = file.read_bytes()
    arguments = [argument.format(file=file) for argument in arguments]

    assert main(["import-sims", str(file), "--language", "en", *arguments]) == 1

    assert says in capsys.readouterr().err
    assert not Sim.objects.exists()
    assert file.read_bytes() == before


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import-sims", str(tmp_path / "none.csv"), "--language", "en"]) == 1

    assert capsys.readouterr().err.strip().endswith("none.csv cannot be read (No such file or directory).")
    assert list(tmp_path.iterdir()) == []


def test_the_help_names_every_column(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["import-sims", "--help"])

    said = capsys.readouterr().out
    assert [column.name for column in COLUMNS if f"  {column.name} " not in said] == []
