"""A payment that cannot be opened for a reason of our own: its payer is told at once, and one case is opened."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from tests.journeys.test_pages import working
from tests.world import World, drive, drive_for, make_order, make_sims, open_payments
from xuliu.ordering.models import Order
from xuliu.payment.accounts import set_credentials
from xuliu.payment.models import Payment, ProviderAccount
from xuliu.ticket.models import Case

TOLD = "It cannot be paid at the moment"


def another_merchant(world: World) -> None:
    """The provider refuses our signature."""
    set_credentials(world.provider, {"mchid": "1900000199"})


def lost_key(_world: World) -> None:
    """The secrets were sealed with a key that nobody has any more."""
    ProviderAccount.objects.update(secrets_key_id="gone")


def is_told(address: str, order: Order) -> bool:
    return TOLD in httpx.get(f"{address}/o/{order.code}", headers={"Accept-Language": "en"}).text


@pytest.mark.parametrize("reason", [another_merchant, lost_key])
def test_the_payer_is_told_and_one_case_is_opened(
    world: World, live_site: str, reason: Callable[[World], None]
) -> None:
    kept = ProviderAccount.objects.values("secrets_key_id", "config").get()
    reason(world)
    wanted = {"onelink": "cm-12", "1nce": "nce-12"}
    orders = [make_order(world, make_sims(world, carrier), offering) for carrier, offering in wanted.items()]
    assert not is_told(live_site, orders[0])

    drive()

    assert all(is_told(live_site, order) for order in orders)
    assert set(Payment.objects.values_list("state", flat=True)) == {"OPENING"}, "nothing fails by it"
    assert [case.kind for case in Case.objects.filter(state="OPEN")] == ["payment_cannot_be_opened"]

    ProviderAccount.objects.update(**kept)
    world.provider.refresh_from_db()
    drive_for(world, timedelta(minutes=8))
    assert not is_told(live_site, orders[0])
    assert open_payments(world, orders[0]).trouble_at is None
    assert not Case.objects.filter(state="OPEN").exists(), "it closed by itself"


def test_with_a_worker_at_work_the_payer_is_told_within_five_seconds(world: World, live_site: str) -> None:
    another_merchant(world)
    with working():
        order, began = make_order(world, make_sims(world, "onelink"), "cm-12"), time.monotonic()
        while not is_told(live_site, order) and time.monotonic() < began + 10:
            pass
        took = time.monotonic() - began
    assert took < 5
    set_credentials(world.provider, {"mchid": world.sandbox.credentials["wechatpay"]["mchid"]})
