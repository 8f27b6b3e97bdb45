"""Fixtures for every test of the project. See tests/README.md."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from django.db.backends.signals import connection_created
from hypothesis import settings as hypothesis_settings
from hypothesis.database import DirectoryBasedExampleDatabase
from pytest_django.plugin import DjangoDbBlocker

from tests.harness import databases, locks, site
from xuliu.common import calls
from xuliu.sandbox.testing import Sandbox, start

# A busy machine makes an example slow, not wrong.
hypothesis_settings.register_profile(
    "xuliu", deadline=None, database=DirectoryBasedExampleDatabase("build/cache/hypothesis")
)
hypothesis_settings.load_profile("xuliu")

_numbers = itertools.count(1)
_locks = locks.Recorder(locks.declared())
connection_created.connect(_locks.watch)


@pytest.fixture(autouse=True)
def _locks_are_taken_in_order() -> Iterator[None]:
    """Whatever a test does in this process, it locks tables in the order that xuliu/ordering/README.md states."""
    yield
    faults = _locks.report()
    assert not faults, f"locked out of order (xuliu/ordering/README.md):\n{faults}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave browser tests out where there is no browser; `make test` says so, and fails for it in CI."""
    if not any(map(shutil.which, ("chromium-headless-shell", "chromium"))):
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason="chromium is not installed"))


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """pytest-django's `db` works in this worker's own copy of the template, each test rolled back."""
    name = databases.scratch_name(_worker(), "test")
    with django_db_blocker.unblock():
        databases.forget_abandoned()
        databases.create(name)
        with databases.pointed_at(name):
            yield
        databases.drop(name)


@pytest.fixture
def fresh_database(django_db_blocker: DjangoDbBlocker, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database of the test's own in which commits are real; yields its DATABASE_URL, which processes inherit."""
    name = f"{databases.scratch_name(_worker(), 'fresh')}_{next(_numbers)}"
    with django_db_blocker.unblock():
        url = databases.create(name)
        monkeypatch.setenv("DATABASE_URL", url)
        with databases.pointed_at(name):
            yield url
            connections.close_all()
        databases.drop(name)


@pytest.fixture
def live_site(fresh_database: str) -> Iterator[str]:
    """The whole web application on a port of its own, on a fresh database; yields its address."""
    with site.serving() as address:
        yield address


@pytest.fixture
def clock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file whose number of seconds is added to the business clock of this process and those it starts."""
    path = tmp_path / "clock"
    path.write_text("0")
    monkeypatch.setenv("XULIU_CLOCK_FILE", str(path))
    return path


@pytest.fixture(scope="session")
def sandbox_of_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox a worker, whatever asks for it. Its clock file is a link that each test points at its own."""
    folder = tmp_path_factory.mktemp("sandbox")
    with start(folder, {"XULIU_CLOCK_FILE": str(folder / "clock")}) as running:
        yield running
        calls.outbound().close()


@pytest.fixture
def sandbox(sandbox_of_worker: Sandbox, clock_file: Path) -> Sandbox:
    """A sandbox without SIMs, orders, payments and faults; `clock_file` moves it together with everything else."""
    link = sandbox_of_worker.data_dir / "clock"
    link.unlink(missing_ok=True)
    link.symlink_to(clock_file)
    sandbox_of_worker.control.reset()
    return sandbox_of_worker


@pytest.fixture(scope="session")
def vendor_specs() -> Path:
    """The folder of the vendors' published API descriptions (XULIU_VENDOR_SPECS)."""
    given = os.environ.get("XULIU_VENDOR_SPECS")
    if not given:
        pytest.skip("XULIU_VENDOR_SPECS is not set")
    return Path(given)


def _worker() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "main")
