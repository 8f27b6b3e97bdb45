"""The command line: every subcommand can be found, and what goes wrong is one sentence."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.make import make_account
from xuliu.cli.entry import commands, main

REAL_SECRET = "0123456789abcdef0123456789abcdef"


def test_every_subcommand_says_in_a_line_what_it_is_for() -> None:
    assert {"serve", "manage", "backup", "restore"} <= set(commands())
    assert all(command.help.endswith((".", "…")) for command in commands().values())


@pytest.mark.parametrize("name", [name for name, command in commands().items() if not command.takes_rest])
def test_every_subcommand_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f"usage: xuliu {name}" in capsys.readouterr().out


def test_help_needs_no_secret() -> None:
    ended = _xuliu("serve", "--help", XULIU_DEMO="", XULIU_SECRET="")
    assert ended.returncode == 0
    assert "--port" in ended.stdout


def test_an_unknown_subcommand_is_refused() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sell"])
    assert ended.value.code == 2


def test_without_a_secret_nothing_starts() -> None:
    ended = _xuliu("serve", XULIU_DEMO="", XULIU_SECRET="")
    assert ended.returncode == 1
    assert ended.stderr.startswith("xuliu: XULIU_SECRET must have at least 32 characters")
    assert "Traceback" not in ended.stderr


def test_debug_is_refused_outside_a_demonstration(fresh_database: str) -> None:
    ended = _xuliu("serve", XULIU_DEMO="", XULIU_SECRET=REAL_SECRET, XULIU_DEBUG="1")
    assert ended.returncode == 1
    assert "XULIU_DEBUG is on" in ended.stderr


def test_the_demo_secret_is_refused_outside_a_demonstration(fresh_database: str) -> None:
    ended = _xuliu("serve", XULIU_DEMO="1")
    assert ended.returncode == 1
    assert "demo secret" in ended.stderr


@pytest.mark.parametrize("name", ["serve", "worker"])
def test_a_sandbox_account_is_refused_outside_a_demonstration(name: str, fresh_database: str) -> None:
    make_account(code="cm-play", is_sandbox=True)
    ended = _xuliu(name, XULIU_DEMO="", XULIU_SECRET=REAL_SECRET)
    assert ended.returncode == 1
    assert "Carrier account cm-play is a sandbox" in ended.stderr


def test_a_used_port_is_named(fresh_database: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = _xuliu("serve", "--demo", "--port", port)
    assert ended.returncode == 1
    assert f"127.0.0.1:{port}" in ended.stderr


def test_an_empty_database_is_refused_with_what_to_run(tmp_path: Path) -> None:
    from tests.harness import databases

    name = databases.scratch_name("bare", "fresh")
    url = databases.create_empty(name)
    ended = _xuliu("serve", "--demo", DATABASE_URL=url)
    databases.drop(name)
    assert ended.returncode == 1
    assert "xuliu manage migrate" in ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["lookup", "{}"],
        ["lookup", "--sticker", "{}"],
        ["topup", "--iccid", "{}", "--offering", "x"],
        ["topup", "--sn", "{}", "--offering", "x"],
        ["topup", "--iccid", "8", "--offering", "{}"],
        ["stickers", "-o", "x.pdf", "--merchant", "{}"],
        ["stickers", "-o", "x.pdf", "--terminal", "N86", "{}"],
        ["import-sims", "x.csv", "--account", "{}"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("odd", ["898\udcff", "898\0"])
def test_an_argument_with_a_byte_that_is_no_text_is_refused_in_a_sentence(
    arguments: list[str], odd: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([argument.format(odd) for argument in arguments]) == 1

    said = capsys.readouterr().err
    assert "holds a byte that is no text." in said
    assert len(said.splitlines()) == 1


def _xuliu(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "xuliu", *arguments]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_database_that_does_not_answer_is_one_sentence() -> None:
    ended = _xuliu("check-account", "carrier:x", DATABASE_URL="postgresql://x@127.0.0.1:1/x")
    assert ended.returncode == 1
    assert ended.stderr.startswith("xuliu: The database does not serve: ")
    assert ended.stderr.count("\n") == 1
