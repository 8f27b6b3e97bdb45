"""Fixtures of the journeys: a sandbox a worker, a fresh world a test, and the books checked after each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.books import check_books
from tests.world import World, make_world
from xuliu.carrier.session import forget_accounts
from xuliu.common import calls
from xuliu.sandbox import testing


@pytest.fixture(scope="session")
def shared_clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clock") / "clock"
    path.write_text("0")
    return path


@pytest.fixture(scope="session")
def shared_sandbox(shared_clock: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[testing.Sandbox]:
    """One sandbox process a worker; each test empties it."""
    env = {"XULIU_CLOCK_FILE": str(shared_clock)}
    with testing.start(tmp_path_factory.mktemp("sandbox"), env=env) as running:
        yield running
        calls.outbound().close()


@pytest.fixture
def clock_file(shared_clock: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shared_clock.write_text("0")
    monkeypatch.setenv("XULIU_CLOCK_FILE", str(shared_clock))
    return shared_clock


@pytest.fixture
def world(live_site: str, clock_file: Path, shared_sandbox: testing.Sandbox) -> Iterator[World]:
    """A seller, two carriers, prices; after the test the books are compared, ours with the sandbox's."""
    shared_sandbox.control.reset()
    forget_accounts()
    made = make_world(shared_sandbox, live_site, clock_file)
    yield made
    check_books(made)
