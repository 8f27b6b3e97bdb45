"""Topping up from a terminal: the one path, told as it goes; the exit code says how it ended."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connections

from tests.world import World, make_sims, pass_time
from xuliu.cli import waiting
from xuliu.cli.entry import main
from xuliu.common import clock
from xuliu.ordering.models import Order, Receipt
from xuliu.payment.models import Payment

PATIENCE_SECONDS = 60.0


def test_a_sim_is_renewed_from_a_terminal(world: World, worker: None, capsys: pytest.CaptureFixture[str]) -> None:
    (sim,) = make_sims(world, "onelink")

    with once_payable(lambda payment: world.sandbox.control.pay(payment.reference)):
        code = topup("--iccid", sim.iccid, "--offering", "cm-12", "--yes")

    said = capsys.readouterr().out
    receipt = Receipt.objects.get()
    assert code == 0
    assert re.search(r"cm-12 +¥36\.00\n +To pay +¥36\.00\n +tax in it +¥2\.04", said)
    assert "█" in said, "the QR code is missing"
    assert Payment.objects.get().token in said
    told = re.findall(r"^ +\d\d:\d\d:\d\d\.\d +(\w+) ", said, re.MULTILINE)
    assert told == ["pay", "provision", "provision", "verify", "receipt"]
    assert f"Receipt {receipt.text_number}: " in said
    assert f"/r/{receipt.code}" in said


def test_what_the_carrier_refuses_is_not_called_done(
    world: World, worker: None, capsys: pytest.CaptureFixture[str]
) -> None:
    (sim,) = make_sims(world, "onelink")
    world.sandbox.control.fault(peer="onelink", kind="refuse", operation="change", reason="sim")

    with once_payable(lambda payment: world.sandbox.control.pay(payment.reference)):
        code = topup("--iccid", sim.iccid, "--offering", "cm-12", "--yes")

    assert code == 3
    said = capsys.readouterr().out
    assert "Not delivered" in said
    assert "Money sent back" in said


def test_what_nobody_pays_ends_by_itself(world: World, worker: None, capsys: pytest.CaptureFixture[str]) -> None:
    (sim,) = make_sims(world, "onelink")

    with once_payable(lambda payment: pass_time(world, timedelta(minutes=20))):
        code = topup("--iccid", sim.iccid, "--offering", "cm-12", "--yes")

    assert code == 4
    assert "not paid" in capsys.readouterr().out


def test_nothing_is_ordered_where_nobody_confirms(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    (sim,) = make_sims(world, "onelink")

    assert topup("--iccid", sim.iccid, "--offering", "cm-12") == 1

    assert "add --yes" in capsys.readouterr().err
    assert not Payment.objects.exists()


def test_an_unknown_offering_is_answered_with_those_there_are(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    (sim,) = make_sims(world, "1nce")

    assert topup("--iccid", sim.iccid, "--offering", "cm-12", "--yes") == 1

    assert "there is: nce-12, nce-add." in capsys.readouterr().err
    assert not Order.objects.exists()


def test_a_stopped_carrier_is_said_before_anybody_pays(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    (sim,) = make_sims(world, "onelink")
    account = world.accounts["onelink"]
    account.paused_at = clock.now()
    account.save()

    assert topup("--iccid", sim.iccid, "--offering", "cm-12", "--yes") == 1

    assert "the carrier account is paused" in capsys.readouterr().err


def topup(*arguments: str) -> int:
    """The command as it is typed."""
    return main(["topup", "--demo", "--language", "en", *arguments])


class once_payable:  # noqa: N801  # reads as what it is: with once_payable(…)
    """While the command waits, something happens to its payment as soon as that can be paid."""

    def __init__(self, then: Callable[[Payment], object]) -> None:
        self._then = then
        self._thread = threading.Thread(target=self._watch, name="payer")

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._thread.join()

    def _watch(self) -> None:
        pending = Payment.objects.filter(state=Payment.State.PENDING)
        payment = waiting.until(pending.first, seconds=PATIENCE_SECONDS)
        if payment:
            self._then(payment)
        connections.close_all()
