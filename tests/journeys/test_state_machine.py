"""Random sequences of everything that can happen, with the books compared after each step. `make soak` runs more."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import django.conf
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from pytest_django.plugin import DjangoDbBlocker

from tests.journeys.machine import Line, Stage
from tests.journeys.machine_people import CARRIERS
from tests.world import drive_for
from xuliu.ordering.models import OrderLine
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
    sandbox: Sandbox, clock_file: Path, django_db_blocker: DjangoDbBlocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Line, "stage", Stage(sandbox, clock_file), raising=False)
    with django_db_blocker.unblock():
        run_state_machine_as_test(seed(1)(Line), settings=SMALL)


@pytest.mark.parametrize(
    ("pick", "offering", "has_come"),
    [(0, 0, True), (0, 2, True), (2, 0, True), (2, 1, True), (0, 2, False), (2, 0, False)],
)
def test_its_people_accept_what_has_come_and_nothing_else(
    sandbox: Sandbox,
    clock_file: Path,
    django_db_blocker: DjangoDbBlocker,
    monkeypatch: pytest.MonkeyPatch,
    pick: int,
    offering: int,
    has_come: bool,
) -> None:
    """Of each carrier, a renewal and an add-on: they know one from the other, and what was refused is not there."""
    monkeypatch.setattr(Line, "stage", Stage(sandbox, clock_file), raising=False)
    with django_db_blocker.unblock():
        machine = Line()
        machine.somebody_orders_and_pays(picks=[pick], offering=1 - offering % 2, count=1)
        drive_for(machine.world, timedelta(minutes=1))
        lost = {"kind": "lose_answer", "operation": "change", "acts": has_come}
        machine.a_carrier_goes_wrong(peer=CARRIERS[pick // 2], fault=lost, count=1)
        machine.somebody_orders_and_pays(picks=[pick], offering=offering, count=1)
        machine.one_step_runs("pay.apply")
        machine.one_step_runs("fulfil")
        line = OrderLine.objects.latest("id")
        assert line.state == "UNKNOWN"

        machine.olga_and_otto_decide(pick=0, gives_up=True)

        line.refresh_from_db()
        assert line.state == ("COMPLETED" if has_come else "REJECTED")
        machine.teardown()


def test_its_people_wait_for_no_look_that_waits_for_their_decision(
    sandbox: Sandbox,
    clock_file: Path,
    django_db_blocker: DjangoDbBlocker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of one card: a line that was refused, to be looked at again, and one that was sent as often as it may."""
    monkeypatch.setattr(Line, "stage", Stage(sandbox, clock_file), raising=False)
    monkeypatch.setattr(django.conf.settings, "XULIU_MOST_SENDINGS", 1)
    with django_db_blocker.unblock():
        machine = Line()
        machine.a_line_is_refused_and_its_refund_ends_so(outcome="success", pick=0)
        machine.control.fault(peer="onelink", kind="error", operation="change", count=None)
        machine.somebody_orders_and_pays(picks=[0], offering=0, count=1)
        drive_for(machine.world, timedelta(hours=3))
        refused, in_vain = OrderLine.objects.order_by("id")
        assert (refused.state, in_vain.state, in_vain.is_set_aside) == ("REJECTED", "UNKNOWN", True)

        machine.teardown()  # at rest nothing is set aside
