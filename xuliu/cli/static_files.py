"""The files that browsers are sent, gathered into XULIU_HOME once for each state of their sources."""

import fcntl
import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def collect() -> None:
    """Gather them where that has not been done yet. Several may call this at once on one home; one does the work.

    Gathering deletes files and writes them anew, which a server that runs on the same home must not meet: so it is
    left out where nothing has changed.
    """
    home: Path = settings.XULIU_HOME
    home.mkdir(parents=True, exist_ok=True)
    with (home / "static.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        state = _state()
        if lock.read() == state and (settings.STATIC_ROOT / "staticfiles.json").exists():
            return
        lock.truncate(0)  # what is half gathered is gathered again
        call_command("collectstatic", interactive=False, verbosity=0)
        lock.write(state)


def _state() -> str:
    """Changes where a file was added, taken away or written."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            about = Path(storage.path(path)).stat()
            digest.update(f"{path} {about.st_size} {about.st_mtime_ns}\n".encode())
    return digest.hexdigest()
