"""A backup holds everything, and a restore brings everything back or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection

from tests.harness import databases
from xuliu.cli.entry import main
from xuliu.party.models import Person


def test_what_was_backed_up_is_what_is_restored(fresh_database: str, tmp_path: Path) -> None:
    Person.objects.create(sign_in_name="olga", display_name="Olga")
    before = _everything()
    file = tmp_path / "xuliu.backup"

    assert main(["backup", str(file)]) == 0
    name = databases.scratch_name("restore", "fresh")
    databases.create_empty(name)
    with databases.pointed_at(name):
        assert main(["restore", str(file)]) == 0
        assert _everything() == before
    databases.drop(name)
    assert file.stat().st_mode & 0o077 == 0


def test_a_database_that_holds_anything_is_never_restored_into(
    fresh_database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "xuliu.backup"
    assert main(["backup", str(file)]) == 0
    assert main(["restore", str(file)]) == 1
    assert "restore into an empty one" in capsys.readouterr().err


def test_a_file_that_exists_is_never_written_over(
    fresh_database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "xuliu.backup"
    file.write_text("mine")
    assert main(["backup", str(file)]) == 1
    assert "exists already" in capsys.readouterr().err
    assert file.read_text() == "mine"


def test_a_damaged_file_leaves_the_database_empty(
    fresh_database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "xuliu.backup"
    assert main(["backup", str(file)]) == 0
    file.write_bytes(file.read_bytes()[:-4000])
    name = databases.scratch_name("damaged", "fresh")
    databases.create_empty(name)
    with databases.pointed_at(name):
        assert main(["restore", str(file)]) == 1
        assert connection.introspection.table_names() == []
    databases.drop(name)
    assert "pg_restore failed" in capsys.readouterr().err


def _everything() -> dict[str, list[str]]:
    """Every row of every table of ours, as text."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"SELECT t::text FROM {table} t ORDER BY 1")
            found[model._meta.db_table] = [row[0] for row in cursor.fetchall()]
    return found
