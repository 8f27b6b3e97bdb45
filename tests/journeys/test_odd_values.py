"""Odd values in answers, before, at and after sending: no step fails, no line is without a future, the books are equal.

What each connector makes of each value in each place is tests/contracts/test_odd_values.py; here the line meets some.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contracts.odd import VALUES
from tests.world import World, drive_for, line_states, make_paid_order, make_sims
from xuliu.ordering.models import OrderLine
from xuliu.ticket.models import Case, Failure

ACCOUNTS = pytest.mark.parametrize(("account", "offering"), [("onelink", "cm-12"), ("1nce", "nce-12")])
SOME = [VALUES[name] for name in ("1e999", "a NUL", "a year 9999", "a negative number", "6,000 digits", "an object")]


def plant(world: World, peer: str, operation: str) -> None:
    """The next answers have each an odd value, in one place after the other."""
    for place, value in enumerate(SOME):
        world.sandbox.control.fault(peer=peer, kind="odd_value", operation=operation, place=place, value=value)


@ACCOUNTS
@pytest.mark.parametrize("operation", ["read", "change"])
def test_a_line_is_delivered_once_whatever_its_carrier_says_in_between(
    world: World, account: str, offering: str, operation: str
) -> None:
    (sim,) = make_sims(world, account)
    plant(world, account, operation)
    order = make_paid_order(world, [sim], offering)

    drive_for(world, timedelta(hours=26))

    effects = world.sandbox.control.books()["carriers"][account]["effects"]
    assert not Failure.objects.exists(), "a step failed"
    assert line_states(order) == ["COMPLETED"], list(Case.objects.values_list("kind", "facts"))
    assert len(effects) == 1
    assert not OrderLine.objects.filter(is_set_aside=True).exists()


@pytest.mark.parametrize("operation", ["native", "query", "close"])
def test_a_payment_is_applied_once_whatever_its_provider_says_in_between(world: World, operation: str) -> None:
    (sim,) = make_sims(world, "1nce")
    world.sandbox.control.settings(notices=operation != "query")
    plant(world, "wechatpay", operation)
    order = make_paid_order(world, [sim], "nce-12")

    drive_for(world, timedelta(hours=3))

    assert not Failure.objects.exists(), "a step failed"
    assert line_states(order) == ["COMPLETED"]
