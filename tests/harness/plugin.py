"""Loaded before everything else (pyproject.toml, addopts): names the test database before settings are read.

One embedded PostgreSQL in build/test-postgres serves the whole run, all workers and any run beside it. Ours starts
it, xdist's workers join it, and who ends last stops it. Its files lie in memory where there is room: five hundred
databases are made and dropped in a run, and a file system on disk is slow to make files where it has just removed some.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from xuliu.config import embedded

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "build" / "test-postgres"
MEMORY = Path("/dev/shm")  # noqa: S108  # its folder there is the tests' own
LEAST_FREE_BYTES = 4 * 2**30
# A test's database need not survive the loss of power; that of a killed process it survives all the same. Making and
# dropping a database looks through all buffers and copies every file: few buffers, and copies made by the kernel.
SERVER_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "file_copy_method": "clone",
}


def _lie_in_memory() -> None:
    """Put the server's folder into memory, unless it has one already or there is little room."""
    link = HOME / "postgres"
    if link.is_symlink():
        link.resolve().mkdir(exist_ok=True)  # memory forgets over a restart
    elif not link.exists() and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= LEAST_FREE_BYTES:
        HOME.mkdir(parents=True, exist_ok=True)
        place = MEMORY / f"xuliu-test-{hashlib.sha256(os.fsencode(HOME)).hexdigest()[:16]}"
        place.mkdir(mode=0o700, exist_ok=True)
        link.symlink_to(place)


_lie_in_memory()
os.environ["DATABASE_URL"] = embedded.locate(HOME).url("postgres")
os.environ["XULIU_HOME"] = str(ROOT / "build" / "test-home")
os.environ.setdefault("XULIU_DEMO", "1")
for name in ("XULIU_SECRET", "XULIU_OLD_SECRETS", "XULIU_BASE_URL", "XULIU_CLOCK_FILE", "XULIU_KILL_AT", "XULIU_DEBUG"):
    os.environ.pop(name, None)

_server: list[embedded.Running] = []


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Static files come from their sources: nothing need be collected before a page can be tested."""
    from django.conf import settings

    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.WHITENOISE_USE_FINDERS = True
    settings.WHITENOISE_AUTOREFRESH = True
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    if not session.config.option.collectonly:
        _server.append(embedded.start(HOME, SERVER_SETTINGS))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    while _server:
        _server.pop().release()
