"""Random sequences of everything that can happen, with the books compared after each step. `make soak` runs more."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from pytest_django.plugin import DjangoDbBlocker

from tests.journeys.machine import Line, Stage
from xuliu.sandbox.testing import Sandbox

# A few sequences, the same in every run: the soak looks for new ones.
SMALL = settings(
    max_examples=6,
    stateful_step_count=25,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_any_sequence_of_events_ends_with_the_books_agreeing(
    shared_sandbox: Sandbox, clock_file: Path, django_db_blocker: DjangoDbBlocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Line, "stage", Stage(shared_sandbox, clock_file), raising=False)
    with django_db_blocker.unblock():
        run_state_machine_as_test(seed(1)(Line), settings=SMALL)
