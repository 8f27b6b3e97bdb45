"""The demonstration as a stranger runs it: in processes of its own, and nothing of it stays behind."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from xuliu.config import embedded

PATIENCE_SECONDS = 180.0
STEPS = ["look", "quote", "pay", "provision", "provision", "verify", "receipt"]


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that all may enter: below a closed one root would put the database elsewhere."""
    folder = Path(tempfile.mkdtemp(prefix="xuliu-demo-"))
    folder.chmod(0o755)
    yield folder / "home"
    embedded.remove(folder)
    shutil.rmtree(folder)


def test_it_tops_up_goes_on_with_its_data_and_leaves_nothing_running(home: Path) -> None:
    port = five_free_ports()

    first = started(home, port)
    said = read_until(first, "Serving")
    assert told(said) == STEPS
    assert "DIFFERS" not in said
    for path in set(re.findall(rf"http://127.0.0.1:{port}(/\S*)", said)):
        assert status(port, path) in {200, 302}, path
    beside = subprocess.run(command(home, port + 10), capture_output=True, text=True, check=False, timeout=60)
    assert f"xuliu: A demonstration already runs out of {home}" in beside.stderr
    assert beside.returncode == 1
    first.send_signal(signal.SIGINT)
    assert first.wait(PATIENCE_SECONDS) == 0
    close(first)
    assert left_behind(home) == []

    second = started(home, port)
    read_until(second, "the web\n")
    assert len(left_behind(home)) >= 5  # itself, web, worker, sandbox, database
    second.kill()
    second.wait()
    close(second)
    assert eventually(lambda: left_behind(home) == []), left_behind(home)

    third = subprocess.run(
        command(home, port, "--once"), capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
    )
    assert third.returncode == 0, third.stdout + third.stderr
    # The first one's renewal, perhaps the killed one's, and its own.
    renewed = re.findall(r": renewed +(\d+) +(\d+)", third.stdout)
    assert all(ours == theirs for ours, theirs in renewed)
    assert sum(int(ours) for ours, _ in renewed) >= 2
    assert "XL00000002" in third.stdout
    assert left_behind(home) == []


def test_a_used_port_is_named_and_nothing_is_started(home: Path) -> None:
    port = five_free_ports()
    with socket.create_server(("127.0.0.1", port + 3)):
        ended = subprocess.run(command(home, port), capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"xuliu: Port {port + 3} of 127.0.0.1 cannot be had (Address already in use)")
    assert f"make demo PORT={port + 1000}" in ended.stderr
    assert left_behind(home) == []


def test_an_address_that_nobody_reaches_is_refused(home: Path) -> None:
    arguments = command(home, five_free_ports(), "--host", "0.0.0.0")  # noqa: S104  # refused, not bound
    ended = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert "give this machine's own" in ended.stderr


def test_a_folder_that_cannot_be_written_to_is_named(home: Path) -> None:
    home.parent.joinpath("file").write_text("not a folder")
    ended = subprocess.run(
        command(home.parent / "file" / "demo", 8000), capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 1
    assert "cannot be written to (Not a directory)" in ended.stderr
    assert "Traceback" not in ended.stderr


def command(home: Path, port: int, *more: str) -> list[str]:
    """The command line of a demonstration in English."""
    where = ("--home", str(home), "--port", str(port), "--language", "en")
    return [sys.executable, "-m", "xuliu", "demo", *where, *more]


def started(home: Path, port: int) -> subprocess.Popen[str]:
    """A demonstration that runs until it is told."""
    return subprocess.Popen(command(home, port), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def read_until(running: subprocess.Popen[str], wanted: str) -> str:
    """What it says up to the line with these words."""
    said = ""
    assert running.stdout
    for line in running.stdout:
        said += line
        if wanted in line:
            return said
    raise AssertionError(said)


def close(running: subprocess.Popen[str]) -> None:
    """Its pipe, which it leaves open."""
    if running.stdout:
        running.stdout.close()


def told(said: str) -> list[str]:
    """The steps of the top-up, in the order in which they were told."""
    return re.findall(r"^ +\d\d:\d\d:\d\d\.\d +(\w+)", said, re.MULTILINE)


def status(port: int, path: str) -> int:
    """What a page answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers={"Accept-Language": "en"})
        return connection.getresponse().status
    finally:
        connection.close()


def five_free_ports() -> int:
    """The first of five in a row that nobody uses."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            first = int(probe.getsockname()[1])
        if first < 65_000 and all(is_free(first + number) for number in range(5)):
            return first


def is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def left_behind(home: Path) -> list[str]:
    """What runs out of that folder: by its command line, or by the XULIU_HOME that it was given."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
        except OSError:
            continue
        if int(entry.name) != os.getpid() and os.fsencode(home) in words + environment:
            found.append(words.replace(b"\0", b" ").decode())
    return found


def eventually(is_so: Callable[[], bool]) -> bool:
    """Whether it comes to be so; nobody is left who could be waited for."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS / 3
    while not is_so():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.1)
    return True
