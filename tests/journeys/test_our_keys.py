"""Trouble with our own keys at a provider: nothing fails by it; the account pauses, is tried and resumes by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.make import make_person
from tests.world import World, drive_for, drive_until, make_order, make_paid_order, make_sims
from xuliu.common.actor import Actor, acting
from xuliu.common.deciding import PersonReason
from xuliu.common.models import Event
from xuliu.ordering.buying.cannot_place import CannotPlace
from xuliu.ordering.buying.place import place
from xuliu.ordering.buying.quote import Selection, quote
from xuliu.ordering.models import Channel, Order
from xuliu.payment import accounts
from xuliu.payment.models import Payment, ProviderAccount, Refund
from xuliu.ticket.models import Case

REFUSALS = [(401, "SIGN_ERROR"), (403, "NO_AUTH"), (404, "MCH_NOT_EXISTS")]
MINUTE = timedelta(minutes=1)


def _refuse(world: World, status: int = 401, code: str = "SIGN_ERROR", **where: object) -> None:
    fault = {"kind": "refuse", "operation": "*", "status": status, "code": code, "count": None}
    world.sandbox.control.fault(peer="wechatpay", **fault | where)


def _account(world: World) -> ProviderAccount:
    return ProviderAccount.objects.get(id=world.provider.pk)


def _turns(world: World) -> list[tuple[str, str]]:
    turned = Event.objects.filter(kind="provideraccount", subject_id=world.provider.pk).order_by("id")
    return list(turned.values_list("became", "actor_kind"))


def _orders(world: World, count: int) -> list[Order]:
    return [make_order(world, [sim], "cm-12") for sim in make_sims(world, "onelink", count)]


@pytest.mark.parametrize(("status", "code"), REFUSALS)
def test_three_refusals_of_different_orders_pause_the_account_which_resumes_by_itself(
    world: World, status: int, code: str
) -> None:
    _refuse(world, status, code)
    orders = _orders(world, 2)
    drive_for(world, 2 * MINUTE)
    assert not _account(world).is_self_paused  # two orders, however often

    orders += [make_order(world, make_sims(world, "onelink", first=9), "cm-12")]
    drive_for(world, MINUTE)
    assert _account(world).is_self_paused
    assert code in _account(world).paused_detail
    cases = Case.objects.filter(state="OPEN").values_list("kind", flat=True)
    assert list(cases) == ["provider_account_paused"], "one cause is one case"
    asked = len(world.sandbox.control.calls(peer="wechatpay"))
    selection = Selection(sim_id=make_sims(world, "onelink", first=20)[0].pk, offering_id=world.offerings["cm-12"].pk)
    quoted = quote(selections=[selection], price_list_id=world.price_list.pk, channel=Channel.COMMAND)
    with pytest.raises(CannotPlace, match="provider_paused"):  # in words: see the merchant's pages
        place(order_id=quoted, way="native")
    drive_for(world, timedelta(minutes=5, seconds=30))
    assert len(world.sandbox.control.calls(peer="wechatpay")) == asked + 1  # its trial, and nothing else

    world.sandbox.control.clear_faults()
    drive_for(world, timedelta(minutes=5, seconds=15))
    assert _account(world).paused_at is None
    assert _turns(world) == [("PAUSED", "worker"), ("RUNNING", "worker")]
    assert not Case.objects.filter(state="OPEN").exists()
    opened = Payment.objects.filter(order_id__in=[order.pk for order in orders])
    assert "FAILED" not in opened.values_list("state", flat=True)


def test_a_success_between_keeps_the_account_running(world: World) -> None:
    orders = _orders(world, 4)
    payments = {order.pk: Payment.objects.get(order_id=order.pk) for order in orders}
    for order in orders[:2]:
        _refuse(world, reference=payments[order.pk].reference)
    drive_for(world, timedelta(seconds=2))
    assert _account(world).refused == []  # the others were opened after them
    _refuse(world, reference=payments[orders[2].pk].reference)
    drive_for(world, timedelta(minutes=3))
    assert _account(world).paused_at is None


def test_nothing_fails_by_it_refunds_are_sent_once_when_it_is_over(world: World) -> None:
    world.sandbox.control.fault(peer="onelink", kind="refuse", operation="change", reason="sim", count=None)
    for sim in make_sims(world, "onelink", 3):
        make_paid_order(world, [sim], "cm-12")
    _refuse(world, 403, "NO_AUTH")
    drive_for(world, timedelta(minutes=20))
    assert _account(world).is_self_paused
    assert set(Refund.objects.values_list("state", flat=True)) <= {"PENDING", "UNKNOWN"}

    world.sandbox.control.clear_faults()
    drive_for(world, timedelta(minutes=30))
    assert list(Refund.objects.values_list("state", flat=True)) == ["SUCCEEDED"] * 3
    assert world.sandbox.control.books()["providers"]["wechatpay"]["refunded_minor"]["CNY"] == 3 * 3600


def test_a_persons_pause_is_never_ended_by_itself(world: World) -> None:
    orders = _orders(world, 3)
    with acting(Actor("person", make_person("Olga").pk, "Olga")):
        accounts.pause([world.provider.pk], why=PersonReason.A_PERSON_SAYS, detail="we change the bank")
    _refuse(world)
    drive_for(world, timedelta(minutes=2))
    world.sandbox.control.clear_faults()
    drive_for(world, timedelta(minutes=20))
    assert _account(world).paused_detail == "we change the bank"
    # What was placed before is opened and asked about all the same.
    assert set(Payment.objects.filter(order_id__in=[o.pk for o in orders]).values_list("token", flat=True)) != {""}


def test_a_person_may_take_the_pause_over(world: World) -> None:
    _orders(world, 3)
    _refuse(world)
    drive_until(world, lambda: _account(world).is_self_paused)
    with acting(Actor("person", make_person("Olga").pk, "Olga")):
        accounts.pause([world.provider.pk], why=PersonReason.A_PERSON_SAYS, detail="the keys are being replaced")
    world.sandbox.control.clear_faults()
    drive_for(world, timedelta(minutes=20))
    account = _account(world)
    assert (account.is_self_paused, account.paused_detail) == (False, "the keys are being replaced")
    accounts.resume([world.provider.pk])
    assert _account(world).paused_at is None
