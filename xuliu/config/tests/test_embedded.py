"""The embedded PostgreSQL: started, joined, killed and started again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.harness.plugin import MEMORY
from xuliu.config import embedded, wheel

# Where there is room, in memory: what is tried here is the start, and a disk makes it three times as long.
WHERE = MEMORY if MEMORY.is_dir() else Path("/tmp")  # noqa: S108  # the tests' own folder is made there

HOLD_UNTIL_TOLD = """
import sys
from pathlib import Path
from xuliu.config import embedded
server = embedded.start(Path(sys.argv[1]))
print("started" if server.started_here else "joined", flush=True)
sys.stdin.readline()
server.release()
"""


@contextlib.contextmanager
def opened(name: str, *, on: Path) -> Iterator[Path]:
    """A folder for a home; pytest's own are closed to all but us, and so to the user that the server runs as."""
    folder = on / f"xuliu-test-{os.getpid()}-{name}"
    folder.mkdir()
    yield folder
    embedded.remove(folder)
    subprocess.run(["rm", "-rf", str(folder)], check=True)


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home in which nothing has been made yet."""
    with opened(tmp_path_factory.mktemp("home").name, on=WHERE) as folder:
        yield folder


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home whose data are made, for copies: making them takes most of a first start."""
    with opened(tmp_path_factory.mktemp("made").name, on=WHERE) as folder:
        embedded.start(folder).release()
        yield folder


@pytest.fixture
def made_home(made_once: Path, home: Path) -> Path:
    """A home of the test's own whose data are made."""
    subprocess.run(["cp", "-a", f"{made_once}/.", str(home)], check=True)
    return home


@pytest.fixture
def home_of_programs() -> Iterator[Path]:
    """A home from which programs can be run, which memory may forbid."""
    with opened("programs", on=Path("/tmp")) as folder:  # noqa: S108  # see `opened`
        yield folder


def test_a_server_listens_on_a_socket_and_on_no_port(made_home: Path) -> None:
    with embedded.running(made_home) as server, psycopg.connect(server.url()) as connection:
        row = connection.execute("SELECT current_setting('listen_addresses'), inet_server_port()").fetchone()
        assert row == ("", None)


def test_chinese_text_is_found_by_trigrams(made_home: Path) -> None:
    with embedded.running(made_home) as server, psycopg.connect(server.url()) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
        assert connection.execute("SELECT similarity('林记小吃店', '林记小吃') > 0.4").fetchone() == (True,)


def test_acknowledged_rows_survive_a_killed_server(made_home: Path) -> None:
    server = embedded.start(made_home)
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (number int)")
        connection.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
        os.kill(_server_pid(server.cluster), signal.SIGKILL)

    again = embedded.start(made_home)
    assert again.started_here
    with psycopg.connect(again.url()) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)
    again.release()
    server.release()


def test_starters_at_the_same_time_agree_on_one_server(home: Path) -> None:
    holders = [_hold(home) for _ in range(4)]
    answers = sorted(_line(holder) for holder in holders)
    assert answers == ["joined", "joined", "joined", "started"]
    for holder in holders:
        holder.communicate("\n")
    assert not (embedded.locate(home).data / "postmaster.pid").exists()


def test_the_server_stays_until_its_last_user_has_gone(made_home: Path) -> None:
    first, second = _hold(made_home), _hold(made_home)
    _line(first), _line(second)
    first.communicate("\n")
    psycopg.connect(embedded.locate(made_home).url()).close()
    second.communicate("\n")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(embedded.locate(made_home).url())


def test_a_killed_user_does_not_keep_the_server_from_being_stopped(made_home: Path) -> None:
    killed = _hold(made_home)
    _line(killed)
    killed.kill()
    killed.communicate()
    with embedded.running(made_home) as server:
        assert not server.started_here
    assert not (server.cluster.data / "postmaster.pid").exists()


def test_a_number_that_now_belongs_to_another_program_does_not_block_the_start(made_home: Path) -> None:
    with embedded.running(made_home) as server:
        cluster = server.cluster
    lines = [str(os.getpid()), str(cluster.data), "1", "5432", str(cluster.socket), "", "1 1", "ready"]
    (cluster.data / "postmaster.pid").write_text("\n".join(lines) + "\n")
    with embedded.running(made_home) as server, psycopg.connect(server.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_path_too_long_for_a_socket_is_served_all_the_same(home: Path) -> None:
    with embedded.running(home / ("long" * 20) / ("path" * 20)) as server:
        assert len(str(server.cluster.socket / embedded.SOCKET_NAME)) < embedded.SOCKET_PATH_LIMIT
        psycopg.connect(server.url()).close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_root_is_served_in_a_home_closed_to_others(home: Path) -> None:
    home.chmod(0o700)
    with embedded.running(home) as server:
        assert not server.cluster.root.is_relative_to(home)
        psycopg.connect(server.url()).close()
    embedded.remove(home)
    assert not server.cluster.root.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_the_programs_run_from_where_root_copied_them(home_of_programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheel, "SHARED_ROOT", home_of_programs / "shared")
    monkeypatch.setattr(wheel, "open_to_all", lambda folder: False)
    ended = wheel.run("initdb", "--version", folder=home_of_programs)
    assert ended.stdout.startswith("initdb (PostgreSQL) 18")
    assert wheel.server_program("initdb").is_relative_to(home_of_programs / "shared")


ODD_NAMES = ["with spaces", "终端", "SIM's", "100%", "a#b;c", "a,b", 'say "hi"', "back\\slash", "$(touch x)", "`id`"]


def test_whatever_printable_signs_its_folder_has_a_server_starts(home: Path) -> None:
    # One folder with all of them: a server for each would take a second each.
    with embedded.running(home / "+".join(ODD_NAMES)) as server:
        psycopg.connect(server.url()).close()


def test_a_user_without_a_name_is_told_what_to_do_before_anything_is_made(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wheel, "server_uid", lambda: 23456)
    with pytest.raises(wheel.EmbeddedPostgresError, match=r"User number 23456 has no name.*DATABASE_URL"):
        embedded.start(home / "its")
    assert not (home / "its").exists()


def test_the_cause_is_told_where_making_the_data_folder_fails(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As initdb of PostgreSQL 18 said it on a disk of 20 MB.
    said = (
        "running bootstrap script ... 2026-11-28 06:28:36.041 UTC [14456] FATAL:  could not write to file"
        ' "pg_wal/xlogtemp.1": No space left on device\nchild process exited with exit code 1\n'
        'initdb: removing data directory "/home/postgres/data.new"\n'
    )
    monkeypatch.setattr(wheel, "run", lambda *_, **__: subprocess.CompletedProcess([], 1, "", said))
    with pytest.raises(wheel.EmbeddedPostgresError, match=r"FATAL:  could not write .*: No space left on device$"):
        embedded.start(home)
    assert not (embedded.locate(home).root / "data.new").exists()


def test_the_cause_is_told_where_the_server_does_not_start(made_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "RETRY_FOR_SECONDS", 0.0)
    with pytest.raises(wheel.EmbeddedPostgresError, match=r'did not start: FATAL:  could not access file "no"'):
        embedded.start(made_home, {"shared_preload_libraries": "no"})


def test_a_server_without_a_free_connection_is_named_so_and_not_as_one_that_does_not_start(made_home: Path) -> None:
    few = {"max_connections": "4", "superuser_reserved_connections": "0", "max_wal_senders": "0"}
    with embedded.running(made_home, few) as server, contextlib.ExitStack() as taken:
        for _each in range(4):
            taken.enter_context(psycopg.connect(server.url()))
        with pytest.raises(wheel.EmbeddedPostgresError, match="has no connection free"):
            embedded.start(made_home)


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("", "no reason given"),
        ("one\n\n two \n", "two"),
        ("pg_ctl: could not start server\nExamine the log output.\n", "pg_ctl: could not start server"),
        ("pg_dump: error: connection failed\npg_dump: hint: look\n", "pg_dump: error: connection failed"),
        ("LOG:  x\nERROR:  y\nFATAL:  z\nHINT:  w\n", "FATAL:  z"),
        ("2026-11-28 06:28:36.041 UTC [14456] PANIC:  no room\n", "PANIC:  no room"),
        # As PostgreSQL 18 said it on a disk of 20 MB, a second time.
        ("FATAL:  x: No space left on device\nPANIC:  cannot abort\n", "FATAL:  x: No space left on device"),
    ],
)
def test_the_cause_is_the_gravest_line_and_not_the_last(said: str, cause: str) -> None:
    assert wheel.cause(said) == cause


def test_the_data_of_another_version_are_named_with_the_way_to_bring_them_along(made_home: Path) -> None:
    with embedded.running(made_home) as server:
        made_by = server.cluster.data / "PG_VERSION"
    made_by.write_text("17\n")
    with pytest.raises(wheel.EmbeddedPostgresError) as told:
        embedded.start(made_home)
    assert all(word in str(told.value) for word in ("PostgreSQL 17", "XULIU_POSTGRES", "backup FILE", "restore FILE"))


def test_the_server_runs_by_the_programs_that_the_setting_names(
    home: Path, home_of_programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The way by which data of an older version are backed up: an old wheel unpacked beside.
    shipped = wheel.client("postgres").parent.parent
    for folder in (shipped.parent, shipped.parent.with_name(f"{shipped.parent.name}.libs")):
        shutil.copytree(folder, home_of_programs / "old" / folder.name, symlinks=True)
    programs = home_of_programs / "old" / shipped.parent.name / shipped.name
    for walked, _, _ in os.walk(home_of_programs / "old"):
        Path(walked).chmod(0o755)
    monkeypatch.setenv("XULIU_POSTGRES", str(programs))
    with embedded.running(home / "its") as server:
        running = Path(f"/proc/{_server_pid(server.cluster)}/exe").resolve()
    assert running == programs / "bin" / "postgres"


@pytest.mark.parametrize("named", ["/nowhere", "/proc"])
def test_a_setting_that_names_no_programs_is_refused(named: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XULIU_POSTGRES", named)
    with pytest.raises(wheel.EmbeddedPostgresError, match=f"XULIU_POSTGRES is {named}"):
        embedded.start(home)


def test_programs_in_a_folder_that_a_shell_would_read_are_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = home / "a$(touch x)b" / "bin"
    odd.mkdir(parents=True)
    (odd / "postgres").touch()
    monkeypatch.setenv("XULIU_POSTGRES", str(odd.parent))
    with pytest.raises(wheel.EmbeddedPostgresError, match=r"its path has no \$"):
        embedded.start(home)


def test_a_folder_that_cannot_be_written_to_is_named_in_one_sentence() -> None:
    with pytest.raises(wheel.EmbeddedPostgresError, match="/proc/nowhere cannot be written to"):
        embedded.start(Path("/proc/nowhere"))


def _hold(home: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLD_UNTIL_TOLD, str(home)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _line(holder: subprocess.Popen[str]) -> str:
    assert holder.stdout is not None
    return holder.stdout.readline().strip()


def _server_pid(cluster: embedded.Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().split("\n", 1)[0])
