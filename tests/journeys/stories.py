"""Short stories that together pass every named stop of the line; the crash test interrupts them everywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
from django.db import connection
from django.db.models.functions import Now

from tests.make import make_offering, make_person, make_price
from tests.world import (
    World,
    drive,
    drive_for,
    drive_until,
    line_states,
    make_order,
    make_paid_order,
    make_sims,
    open_payments,
)
from xuliu.balance.operations import request_readings
from xuliu.carrier.accounts import set_credentials
from xuliu.carrier.models import CarrierAccount
from xuliu.carrier.operations import pause, resume
from xuliu.catalog.models import Offering
from xuliu.common import clock, examining
from xuliu.common.actor import Actor, acting
from xuliu.common.deciding import PersonReason
from xuliu.inventory.models import Sim
from xuliu.ordering.buying import by_notice
from xuliu.ordering.buying.cancel import cancel
from xuliu.ordering.buying.choose import Visitor, choose
from xuliu.ordering.buying.quote import Selection, quote
from xuliu.ordering.delivering import claims, decide, ready
from xuliu.ordering.delivering.client import CarrierClient
from xuliu.ordering.ending.withdraw import withdraw
from xuliu.ordering.models import Channel, Flight, Order, OrderLine
from xuliu.payment import anew, outside, sign_ins
from xuliu.payment.accounts import provider_of, session_of
from xuliu.payment.models import Notice, Refund

Story = Callable[[World], None]


def plain(world: World) -> None:
    """Paid, delivered later by order number, verified, receipted."""
    make_paid_order(world, make_sims(world, "onelink", 2), "cm-12")
    drive_for(world, timedelta(minutes=1))


def queued(world: World) -> None:
    """The carrier that only queues and takes no reference."""
    make_paid_order(world, make_sims(world, "1nce"), "nce-12")
    drive_for(world, timedelta(minutes=1))


def proven_by_order_query(world: World) -> None:
    """An offering whose proof is the carrier's order query."""
    carrier, proof = world.accounts["onelink"].carrier, Offering.Proof.ORDER_QUERY
    offering = make_offering(carrier, code="asked", months=1, plan_code="300M-1M", cost_minor=200, proof=proof)
    world.offerings["asked"] = offering
    make_price(offering, world.price_list, 500)
    make_paid_order(world, make_sims(world, "onelink"), "asked")
    drive_for(world, timedelta(minutes=1))


def unheard(world: World) -> None:
    """No notice ever comes, and the provider is away for a while."""
    world.sandbox.control.settings(notices=False)
    order = make_order(world, make_sims(world, "onelink"), "cm-12")
    payment = open_payments(world, order)
    drive_for(world, timedelta(seconds=30))
    world.sandbox.control.down("wechatpay")
    drive_for(world, timedelta(minutes=1))
    world.sandbox.control.up("wechatpay")
    world.sandbox.control.pay(payment.reference)
    drive_for(world, timedelta(minutes=6))


def given_back_unheard(world: World) -> None:
    """Refused, and no notice of the refund ever comes: it is asked about."""
    world.sandbox.control.fault(peer="onelink", kind="refuse", operation="change", reason="plan", count=None)
    make_paid_order(world, make_sims(world, "onelink"), "cm-12")
    world.sandbox.control.settings(notices=False)
    drive_for(world, timedelta(minutes=5))


def our_keys_refused(world: World) -> None:
    """The provider refuses our keys: the account pauses itself, is tried, and resumes."""
    world.sandbox.control.fault(peer="wechatpay", kind="refuse", operation="*", status=401, code="SIGN_ERROR", count=4)
    for sim in make_sims(world, "onelink", 3):
        make_order(world, [sim], "cm-12")
    drive_for(world, timedelta(minutes=12))


def _refunded(world: World) -> Refund:
    """A refused line whose refund has failed."""
    world.sandbox.control.fault(peer="onelink", kind="refuse", operation="change", reason="plan", count=None)
    make_paid_order(world, make_sims(world, "onelink"), "cm-12")
    drive_for(world, timedelta(minutes=5))
    return Refund.objects.get()


def closed_and_asked_anew(world: World) -> None:
    """The provider closes a refund; two people have it asked for under another number."""
    world.sandbox.control.settings(refund_outcome="closed")
    refund = _refunded(world)
    world.sandbox.control.settings(refund_outcome="success")
    for name in ("Olga", "Otto"):
        with acting(Actor("person", make_person(name).pk, name)):
            anew.ask_now(refund_id=refund.pk)
            anew.ask_anew(refund_id=refund.pk, why="our balance is filled")
    drive_for(world, timedelta(minutes=5))


def refund_refused(world: World) -> None:
    """The provider refuses a refund, and does not have it; a person has it sent once more."""
    refusal = {"kind": "refuse", "operation": "refund", "status": 404, "code": "RESOURCE_NOT_EXISTS"}
    world.sandbox.control.fault(peer="wechatpay", **refusal)
    refund = _refunded(world)
    with acting(Actor("person", make_person("Olga").pk, "Olga")):
        anew.send_again(refund_id=refund.pk, why="the order is there")
    drive_for(world, timedelta(minutes=5))


def refunded_outside(world: World) -> None:
    """Paid, and a part given back past us before we heard of either; people enter how much, and give back the rest."""
    order = make_order(world, make_sims(world, "onelink"), "cm-12")
    payment = open_payments(world, order)
    world.sandbox.control.settings(notices=False)  # the provider's own comes late, and is no second refund
    world.sandbox.control.pay(payment.reference, notify=False)
    told = world.sandbox.control.refund_outside(payment.reference, 1000)
    drive_for(world, timedelta(minutes=2))
    for name in ("Olga", "Otto"):
        with acting(Actor("person", make_person(name).pk, name)):
            number = told["number"]
            outside.enter(payment_id=payment.pk, number=number, amount_minor=1000, why="seen in the merchant platform")
    with acting(Actor("person", make_person("Olga").pk, "Olga")):
        outside.give_back_rest(payment_id=payment.pk, why="the payer wants no more of it")
    drive_for(world, timedelta(minutes=5))


def unpaid(world: World) -> None:
    """Placed and never paid; another only chosen on a page; a third cancelled."""
    sims = make_sims(world, "onelink", 3)
    open_payments(world, make_order(world, sims[:1], "cm-12"))
    selection = Selection(sim_id=sims[1].pk, offering_id=world.offerings["cm-12"].pk)
    visitor = Visitor(browser="b" * 64, shares=[], is_by_sticker=True)
    choose(selections=[selection], price_list_id=world.price_list.pk, merchant_id=None, visitor=visitor)
    cancel(order_id=make_order(world, sims[2:], "cm-12").pk)
    drive_for(world, timedelta(minutes=40))


def opening_refused(world: World) -> None:
    """The provider refuses to open a payment, and does not have it; the payer places the order once more."""
    refusal = {"kind": "refuse", "operation": "native", "status": 400, "code": "PARAM_ERROR"}
    world.sandbox.control.fault(peer="wechatpay", **refusal)
    make_order(world, make_sims(world, "onelink"), "cm-12")
    drive_for(world, timedelta(minutes=30))


def closed_elsewhere(world: World) -> None:
    """The provider says by itself that a payment is closed."""
    payment = open_payments(world, make_order(world, make_sims(world, "onelink"), "cm-12"))
    account = payment.account
    provider_of(account).close(session_of(account), payment.reference)
    drive_for(world, timedelta(minutes=2))


def refused(world: World) -> None:
    """Refused by the carrier, given back, looked at once more."""
    world.sandbox.control.fault(peer="onelink", kind="refuse", operation="change", reason="sim", count=None)
    make_paid_order(world, make_sims(world, "onelink"), "cm-12")
    drive_for(world, timedelta(hours=2))


def unknown_to_the_carrier(world: World) -> None:
    """The carrier does not know the SIM: it says so when it is read, and nothing is sent."""
    (sim,) = make_sims(world, "1nce")
    Sim.objects.filter(id=sim.pk).update(iccid="8988280000000000999")
    make_paid_order(world, [sim], "nce-12")
    drive_for(world, timedelta(minutes=5))


def locked_out(world: World) -> None:
    """Our credentials are refused when the SIM is read: the account is paused until a person has seen to it."""
    set_credentials(world.accounts["onelink"], {"password": "revoked"})
    make_paid_order(world, make_sims(world, "onelink"), "cm-12")
    drive_for(world, timedelta(minutes=1))
    assert CarrierAccount.objects.get(code="onelink").paused_at is not None
    set_credentials(world.accounts["onelink"], {"password": world.sandbox.credentials["onelink"]["password"]})


def abandoned(world: World) -> None:
    """A worker claimed lines and was never heard of again: their lease runs out."""
    world.sandbox.control.down("onelink")
    order = make_paid_order(world, make_sims(world, "onelink", 2), "cm-12")
    drive_until(world, lambda: line_states(order) == ["READY", "READY"])
    world.sandbox.control.up("onelink")
    OrderLine.objects.update(due_at=clock.now())
    claims.claim(CarrierClient.of(world.accounts["onelink"].pk), 10)
    Flight.objects.update(lease_until=Now() - timedelta(seconds=1))
    drive_for(world, timedelta(minutes=1))


def withdrawn(world: World) -> None:
    """The carrier is down and the payer takes the order back."""
    world.sandbox.control.down("onelink")
    order = make_paid_order(world, make_sims(world, "onelink"), "cm-12")
    drive_for(world, timedelta(seconds=30))
    withdraw(order_id=order.pk)
    drive_for(world, timedelta(minutes=5))


def lost(world: World) -> None:
    """The request is lost on the way: asked about, proven not to have happened, sent again."""
    world.sandbox.control.fault(peer="onelink", kind="lose_answer", operation="change", acts=False)
    make_paid_order(world, make_sims(world, "onelink"), "cm-12")
    drive_for(world, timedelta(hours=2))


def never_done(world: World) -> None:
    """Accepted and never ended by the carrier: judged by readings, disputed, decided by a person."""
    CarrierAccount.objects.update(verify_within=timedelta(minutes=5))
    world.sandbox.control.settings(settle_seconds=10**7)
    order = make_paid_order(world, make_sims(world, "1nce"), "nce-12")
    drive_for(world, timedelta(minutes=30))
    with acting(Actor("person", make_person("Olga").pk, "Olga")):
        decide.ask_again(line_id=OrderLine.objects.get(order=order).pk)
        decide.refund(line_id=OrderLine.objects.get(order=order).pk, why="the carrier confirmed that nothing came")
    drive_for(world, timedelta(minutes=5))


def seen_by_a_person(world: World) -> None:
    """OK without an effect in our readings; a person saw the effect for themselves."""
    CarrierAccount.objects.update(verify_within=timedelta(minutes=5))
    world.sandbox.control.fault(peer="onelink", kind="nothing", operation="change")
    order = make_paid_order(world, make_sims(world, "onelink"), "cm-12")
    drive_for(world, timedelta(minutes=30))
    line = OrderLine.objects.get(order=order)
    world.by_hand[line.sim.iccid] += 1
    with acting(Actor("person", make_person("Olga").pk, "Olga")):
        decide.accept(line_id=line.pk, why="seen in the carrier's portal", proof="screenshot 17")
    drive_for(world, timedelta(minutes=1))


def held_back(world: World) -> None:
    """The carrier shows less of a SIM than was proven; two people have the next line sent on that."""
    (sim,) = make_sims(world, "1nce")
    first = make_paid_order(world, [sim], "nce-12")
    drive_until(world, lambda: line_states(first) == ["COMPLETED"])
    world.sandbox.control.sim(sim.iccid, ends_on=str(sim.period_end_on))
    second = make_paid_order(world, [sim], "nce-12")
    drive_for(world, timedelta(hours=3))
    for name in ("Olga", "Otto"):
        with acting(Actor("person", make_person(name).pk, name)):
            decide.send_on_reading(line_id=OrderLine.objects.get(order=second).pk, why="the carrier took it back")
    drive_for(world, timedelta(minutes=5))


def looked_back(world: World) -> None:
    """The answer is lost and nothing found for long; what the carrier did late is seen before it is sent again."""
    world.sandbox.control.settings(settle_seconds=2700)
    world.sandbox.control.fault(peer="1nce", kind="lose_answer", operation="change")
    order = make_paid_order(world, make_sims(world, "1nce"), "nce-12")
    drive_until(world, lambda: line_states(order) == ["UNKNOWN"])
    pause([world.accounts["1nce"].pk], why=PersonReason.A_PERSON_SAYS, detail="Olga looks into it")
    drive_for(world, timedelta(hours=1))
    resume([world.accounts["1nce"].pk])
    drive_for(world, timedelta(minutes=5))


def sent_again_by_two(world: World) -> None:
    """Nobody can say what became of it; two people have it sent again."""
    world.sandbox.control.fault(peer="onelink", kind="lose_answer", operation="change", acts=False)
    order = make_paid_order(world, make_sims(world, "onelink"), "cm-12")
    drive_until(world, lambda: line_states(order) == ["UNKNOWN"])
    world.sandbox.control.down("onelink")
    drive_for(world, timedelta(minutes=45), step=timedelta(minutes=15))
    for name in ("Olga", "Otto"):
        with acting(Actor("person", make_person(name).pk, name)):
            decide.send_again(line_id=OrderLine.objects.get(order=order).pk, why="asked the carrier by phone")
    world.sandbox.control.up("onelink")
    drive_for(world, timedelta(minutes=20))


def poisoned(world: World) -> None:
    """A line of which nothing can be kept, and a notice that nobody can read."""
    sims = make_sims(world, "1nce", 3)
    order = make_paid_order(world, sims, "nce-12")
    Notice.objects.create(
        account_id=world.provider.pk, notice_id="odd", subject="payment", is_pushed=True, body=b"{}",
        received_at=clock.now(), state_at=clock.now(),
    )  # fmt: skip
    line = OrderLine.objects.get(order=order, sim=sims[1])
    with connection.cursor() as cursor:
        never = f"line_id = {line.pk} AND before IS NOT NULL"
        cursor.execute(f"ALTER TABLE ordering_attempt ADD CONSTRAINT poison CHECK (NOT ({never}))")
    drive_for(world, timedelta(minutes=2))


def refused_by_the_database(world: World) -> None:
    """A payment, an order and a line with a worker that died, none of which can be written any more."""
    sims = make_sims(world, "onelink", 3)
    selection = Selection(sim_id=sims[0].pk, offering_id=world.offerings["cm-12"].pk)
    lapsing = quote(selections=[selection], price_list_id=world.price_list.pk, channel=Channel.COMMAND)
    order = make_paid_order(world, sims[2:], "cm-12")
    by_notice.apply_notices()
    unopened = make_order(world, sims[1:2], "cm-12")
    line = OrderLine.objects.get(order=order)
    Flight.objects.create(
        sim_id=line.sim_id, line_id=line.pk, account_id=line.account_id, attempt=1,
        lease_until=clock.now() - timedelta(days=1),
    )  # fmt: skip
    OrderLine.objects.filter(id=line.pk).update(state="SUBMITTING")
    with connection.cursor() as cursor:  # what was written stays, what is written from now on is refused
        for table, never in (
            ("ordering_order", f"id = {lapsing} AND state = 'LAPSED'"),
            ("ordering_orderline", f"id = {line.pk} AND state = 'READY'"),
            ("payment_payment", f"order_id = {unopened.pk} AND token <> ''"),
        ):
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT poison CHECK (NOT ({never})) NOT VALID")
    drive_for(world, timedelta(minutes=40))


def large(world: World) -> None:
    """More lines than one transaction releases."""
    order = make_paid_order(world, make_sims(world, "onelink", 3), "cm-3")
    by_notice.apply_notices()
    OrderLine.objects.filter(order=order).update(state="WAITING")
    while ready.release_rest(limit=1):
        pass
    drive_for(world, timedelta(minutes=1))


def signed_in(world: World) -> None:
    """The payer signs in inside WeChat and pays on its sheet; the day after, the way there is forgotten."""
    (sim,) = make_sims(world, "onelink")
    selection = Selection(sim_id=sim.pk, offering_id=world.offerings["cm-12"].pk)
    order_id = quote(
        selections=[selection], price_list_id=world.price_list.pk, channel=Channel.COMMAND, is_waited_for=True
    )
    word = sign_ins.leave(order_id=order_id, account_id=world.provider.pk, way="jsapi", browser="b" * 64)
    where = provider_of(world.provider).sign_in_url(return_url="http://127.0.0.1:9/", state=word)
    came = parse_qs(urlsplit(httpx.get(where.partition("#")[0]).headers["location"]).query)
    sign_ins.come_back(word=came["state"][0], browser="b" * 64, code=came["code"][0])
    world.sandbox.control.pay(open_payments(world, Order.objects.get(id=order_id)).reference)
    drive_for(world, timedelta(minutes=1))
    drive_for(world, timedelta(hours=25), step=timedelta(hours=5))


def entered(world: World) -> None:
    """Access to two accounts was entered, and they are tried before money goes through them."""
    for account in (world.accounts["onelink"], world.provider):
        examining.want(account)
    drive()
    make_paid_order(world, make_sims(world, "onelink"), "cm-12")
    drive_for(world, timedelta(minutes=1))


def looked_up(world: World) -> None:
    """Somebody looks at SIMs, of which one carrier answers."""
    sims = make_sims(world, "onelink") + make_sims(world, "1nce")
    world.sandbox.control.down("1nce")
    request_readings(sim_ids=[sim.pk for sim in sims])
    drive()
