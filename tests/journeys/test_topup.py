"""One top-up, from a quote to its receipt, over real HTTP and a real database."""

from __future__ import annotations

import pytest

from tests.world import World, drive_until, line_states, make_paid_order, make_sims
from xuliu.common.dates import add_months
from xuliu.ledger import addresses
from xuliu.ledger.queries import balance
from xuliu.ordering.models import Attempt, Order
from xuliu.ordering.progress import progress
from xuliu.ordering.queries import receipt_of


@pytest.mark.parametrize(("account", "offering"), [("onelink", "cm-12"), ("1nce", "nce-12")])
def test_lin_renews_a_sim_that_is_about_to_go_dark(world: World, account: str, offering: str) -> None:
    (sim,) = make_sims(world, account)
    end_before = sim.period_end_on
    assert end_before is not None

    order = make_paid_order(world, [sim], offering)
    drive_until(world, lambda: progress(order.pk).is_final)

    order.refresh_from_db()
    sim.refresh_from_db()
    assert order.state == Order.State.COMPLETED
    assert line_states(order) == ["COMPLETED"]
    assert sim.period_end_on == add_months(end_before, 12, anchor_day=end_before.day)
    assert world.sandbox.control.sim(sim.iccid)["ends_on"] == str(sim.period_end_on)
    receipt = receipt_of(order.pk)
    assert receipt is not None
    assert receipt.text_number == "XL00000001"
    assert Attempt.objects.get(line__order=order).proof == "period_end"
    assert balance(addresses.held(order.pk), "CNY") == 0


@pytest.mark.parametrize(("account", "offering"), [("onelink", "cm-add"), ("1nce", "nce-add")])
def test_lin_adds_data_within_the_period(world: World, account: str, offering: str) -> None:
    (sim,) = make_sims(world, account)

    order = make_paid_order(world, [sim], offering)
    drive_until(world, lambda: progress(order.pk).is_final)

    assert line_states(order) == ["COMPLETED"]
    assert Attempt.objects.get(line__order=order).proof == "granted_total"
