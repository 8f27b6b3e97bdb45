"""A database that another release made is refused in one sentence, by whatever would use it, and left as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from tests.harness import databases
from xuliu.cli.entry import main

SENTENCE = "was made by another release of Xuliu (it knows ordering.0099_of_tomorrow, this one does not)"


@pytest.fixture
def older(fresh_database: str) -> None:
    """A database in which a migration ran that this program does not know."""
    MigrationRecorder(connection).record_applied("ordering", "0099_of_tomorrow")


@pytest.mark.parametrize(
    "command", [["serve", "--demo"], ["worker", "--demo"], ["manage", "migrate"], ["lookup", "8", "--demo"]]
)
def test_whoever_would_use_it_refuses_it(command: list[str], older: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command) == 1
    assert SENTENCE in capsys.readouterr().err


def test_the_doctor_says_so(older: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--demo"]) == 1
    assert SENTENCE in capsys.readouterr().out


def test_a_backup_of_one_is_refused_before_anything_of_it_is_written(
    older: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "xuliu.backup"
    assert main(["backup", str(file)]) == 0
    name = databases.scratch_name("older", "fresh")
    databases.create_empty(name)
    with databases.pointed_at(name):
        assert main(["restore", str(file)]) == 1
        assert connection.introspection.table_names() == []
    databases.drop(name)
    assert f"The backup {SENTENCE}" in capsys.readouterr().err
