"""`make new-carrier`: what it writes is a connector, and the shared contract says what is to be filled in."""

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.contracts import sandbox_rigs
from tests.contracts import test_connectors as contract
from tests.contracts import test_examining as examining
from tests.contracts.peer import Reply
from tests.contracts.rigs import CODES, rigged
from tools.new_carrier.__main__ import CannotWrite, main, write
from xuliu.carrier import connectors
from xuliu.carrier.connectors.tests import test_readme
from xuliu.carrier.contract import Action
from xuliu.carrier.registry import connector_class

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a new carrier, lying where connectors lie."""
    monkeypatch.setattr(connectors, "__path__", [*connectors.__path__, str(tmp_path)])
    yield write("mei-net", into=tmp_path)
    for name in [name for name in sys.modules if name.startswith(f"{connectors.__name__}.mei_net")]:
        sys.modules.pop(name)


def test_what_is_written_is_found_as_a_connector_and_keeps_what_needs_no_vendor(written: Path) -> None:
    assert written.name == "mei_net"
    assert connector_class("mei-net").code == "mei-net"
    contract.test_a_connector_says_what_it_is("mei-net")
    contract.test_a_connector_knows_neither_django_nor_the_database("mei-net")
    contract.test_a_connector_names_one_card_and_one_number_alike_however_they_are_given("mei-net")


def test_the_contract_runs_against_it_and_its_failures_say_what_to_fill_in(written: Path) -> None:
    with rigged("mei-net") as rig, pytest.raises(NotImplementedError, match=r"^_reading: ask by _call"):
        contract.test_a_reading_says_what_the_carrier_says(rig)
    with rigged("mei-net") as rig, pytest.raises(NotImplementedError, match=r"^_order: how an order of this carrier"):
        contract.test_no_usable_answer_is_not_a_no(rig, Action.RENEW, contract.LOST[-1])
    with rigged("mei-net") as rig, pytest.raises(NotImplementedError, match=r"^_found: ask by our reference"):
        rig.find(rig.change(Action.RENEW))


def test_what_is_written_has_a_readme_and_a_rig_that_fit_it(written: Path) -> None:
    test_readme.test_a_connectors_readme_shows_what_it_can_do("mei-net")
    fleet = import_module(f"{connectors.__name__}.mei_net.tests.rig").FLEET
    assert set(fleet.plans) == connector_class("mei-net").capabilities.actions


def test_its_account_is_right_by_an_answer_of_the_carriers_alone(written: Path) -> None:
    with rigged("mei-net") as rig:
        rig.always(Reply.of({"any": "thing"}))
        examining.test_an_account_that_works_is_found_right_by_questions_that_change_nothing(rig)
        examining.test_refused_credentials_are_found_wrong(rig)
        examining.test_where_nobody_answers_an_account_is_neither_right_nor_wrong(rig, Reply(body=b"<html>"))


def test_a_connector_without_a_rig_stops_nobody_elses_tests(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (written / "tests/rig.py").unlink()
    monkeypatch.setattr(sandbox_rigs, "CODES", (*CODES, "mei-net"))
    assert list(dict(sandbox_rigs._fleets())) == list(CODES)


def test_without_recorded_refusals_it_is_not_done(written: Path) -> None:
    with pytest.raises(AssertionError):
        contract.test_a_connector_brings_its_recorded_answers_along("mei-net")


def test_what_is_written_is_written_as_the_rest_is(written: Path) -> None:
    ruff = [sys.executable, "-m", "ruff"]
    config = ["--config", str(ROOT / "pyproject.toml"), "--no-cache", str(written)]
    for command in (["check", *config], ["format", "--check", *config]):
        ended = subprocess.run([*ruff, *command], capture_output=True, text=True, check=False, cwd=ROOT)
        assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_code_that_is_none_or_taken_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for code in ("", "Mei Tel", "../mei", "a", "x" * 40):
        with pytest.raises(CannotWrite):
            write(code, into=tmp_path)
    assert write("2net", into=tmp_path).name == "c2net"
    with pytest.raises(CannotWrite):
        write("2net", into=tmp_path)
    assert list(tmp_path.iterdir()) == [tmp_path / "c2net"]
    assert main([]) == 2
    assert main(["Mei Tel"]) == 1
    assert "is no code" in capsys.readouterr().err
