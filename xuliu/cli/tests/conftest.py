"""What the commands' tests share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.quick_passwords import quick_passwords
from tests.world import World, make_world
from xuliu.carrier.session import forget_accounts
from xuliu.cli.worker import Worker
from xuliu.sandbox.testing import Sandbox

__all__ = ["quick_passwords", "worker", "world"]


@pytest.fixture
def world(live_site: str, clock_file: Path, sandbox: Sandbox) -> World:  # the fixture's value
    """A seller, two carriers and prices, without SIMs, on a fresh database and a site that hears notices."""
    forget_accounts()
    return make_world(sandbox, live_site, clock_file)


@pytest.fixture
def worker(world: World) -> Iterator[None]:
    """A worker in threads of this process."""
    running = Worker()
    thread = threading.Thread(target=running.run, name="worker")
    thread.start()
    yield
    running.stop()
    thread.join()
