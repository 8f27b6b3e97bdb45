"""Collects static files into XULIU_HOME, once per state of their sources."""

import fcntl
import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def collect() -> None:
    """Collect them if that has not been done yet. Several processes may call this at once; one does the work.

    Collecting deletes and rewrites files, which would disturb a server running on the same home: so it is skipped if
    nothing has changed.
    """
    home: Path = settings.XULIU_HOME
    home.mkdir(parents=True, exist_ok=True)
    with (home / "static.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        state = _state()
        if lock.read() == state and (settings.STATIC_ROOT / "staticfiles.json").exists():
            return
        lock.truncate(0)  # a half-finished collection is repeated
        call_command("collectstatic", interactive=False, verbosity=0)
        lock.write(state)


def _state() -> str:
    """A mark that changes if a file is added, removed or written."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            about = Path(storage.path(path)).stat()
            digest.update(f"{path} {about.st_size} {about.st_mtime_ns}\n".encode())
    return digest.hexdigest()
