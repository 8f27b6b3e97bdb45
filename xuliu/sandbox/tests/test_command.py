"""The process: how it starts, and how it ends."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import httpx
import pytest

from xuliu.sandbox.engine.discovery import stand_ins
from xuliu.sandbox.tests.callers import NO_TLS, WAIT_SECONDS

ROOT = Path(__file__).resolve().parents[3]
COMMAND = "import sys; from xuliu.cli.entry import main; sys.exit(main(['sandbox', *sys.argv[1:]]))"


def test_the_command_says_where_it_listens_and_ends_when_it_is_told_to(tmp_path: Path) -> None:
    command = [sys.executable, "-c", COMMAND, "--data", str(tmp_path / "new"), "--seed", "7"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as running:
        assert running.stdout is not None
        try:
            ready = json.loads(running.stdout.readline())
            control = f"http://{ready['host']}:{ready['ports']['control']}/control"
            health = httpx.get(f"{control}/health", verify=NO_TLS).json()
        finally:  # leaving the block waits for its end, which without this never comes where something went wrong
            running.send_signal(signal.SIGTERM)
        assert running.wait(WAIT_SECONDS) == 0
    assert json.loads((tmp_path / "new/running.json").read_text()) == ready
    assert health["ports"] == ready["ports"]
    assert list(ready["ports"]) == ["control", *stand_ins()]
    assert (tmp_path / "new/credentials.json").stat().st_mode & 0o077 == 0


def test_it_ends_with_the_process_that_started_it(furnished: Path) -> None:
    starter = textwrap.dedent(f"""
        import os
        from xuliu.sandbox.testing import start
        print(start({str(furnished)!r}).pid, flush=True)
        os._exit(9)
    """)
    said = subprocess.run([sys.executable, "-c", starter], cwd=ROOT, capture_output=True, text=True, check=False)
    with contextlib.suppress(ProcessLookupError):  # it has ended already
        descriptor = os.pidfd_open(int(said.stdout))
        ended, _, _ = select.select([descriptor], [], [], WAIT_SECONDS)
        os.close(descriptor)
        assert ended, "it outlived its parent"


@pytest.mark.parametrize("argument", ["--nothing", "--port=many"])
def test_a_wrong_argument_is_explained(argument: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "xuliu.sandbox", "--data", str(tmp_path), argument]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (said.returncode, "usage:" in said.stderr) == (2, True)
