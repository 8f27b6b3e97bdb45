"""The journeys' world: the worker's sandbox, a fresh database and site a test, and the books checked after each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.books import check_books
from tests.world import World, make_world
from xuliu.carrier.registry import all_connectors
from xuliu.carrier.session import forget_accounts
from xuliu.payment.registry import all_providers
from xuliu.sandbox.testing import Sandbox


@pytest.fixture
def world(live_site: str, clock_file: Path, sandbox: Sandbox) -> Iterator[World]:
    """A seller, two carriers, prices; after the test the books are compared, ours with the sandbox's."""
    forget_accounts()
    made = make_world(sandbox, live_site, clock_file)
    yield made
    check_books(made)


@pytest.fixture
def short_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who hangs is given up after two seconds, not ten: that wait is real."""
    for one in (*all_connectors().values(), *all_providers().values()):
        monkeypatch.setattr(one, "capabilities", replace(one.capabilities, deadline_seconds=2.0))
