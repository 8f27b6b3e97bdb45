"""Loaded before everything else (pyproject.toml, addopts): names the test database before settings are read.

One embedded PostgreSQL in build/test-postgres serves the whole run, all workers and any run beside it. Ours starts
it, xdist's workers join it, and who ends last stops it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xuliu.config import embedded

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "build" / "test-postgres"
# A test's database need not survive the loss of power; that of a killed process it survives all the same.
SERVER_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}

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
