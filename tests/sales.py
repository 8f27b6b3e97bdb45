"""Orders for the SIMs of a shop (`tests/make.py`), in any state.

What a worker would do is done here by hand, through the same single writer of states, so that a page can be looked at
in a state that the line reaches only now and then.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.make import (
    MB,
    Shop,
    make_account,
    make_carrier,
    make_merchant,
    make_offering,
    make_price,
    make_reading,
    make_shop,
    make_sim,
    make_terminal,
    today,
)
from xuliu.balance.operations import ProvingReading, store_proven
from xuliu.carrier.contract import Reading as CarrierReading
from xuliu.carrier.models import Call, CarrierAccount, ReadCount
from xuliu.carrier.operations import pause
from xuliu.carrier.reasons import CarrierReason
from xuliu.catalog.models import Offering
from xuliu.common import clock
from xuliu.common.codes import new_code
from xuliu.common.reasons import Why
from xuliu.common.state import move
from xuliu.inventory.models import Sim
from xuliu.ledger import addresses
from xuliu.ledger.operations import Entry, post
from xuliu.ordering.buying.place import place
from xuliu.ordering.buying.quote import Selection, quote
from xuliu.ordering.delivering.outcomes import Delivery, complete, reject
from xuliu.ordering.delivering.reasons import LineCase, LineReason, Short
from xuliu.ordering.ending.receipts import issue_receipts
from xuliu.ordering.ending.settle import settle
from xuliu.ordering.models import Attempt, Channel, Flight, Order, OrderLine, Receipt
from xuliu.ordering.patience import OverdueCase
from xuliu.ordering.set_aside import SetAsideCase
from xuliu.payment.cases import PaymentCase
from xuliu.payment.models import Payment, Refund, RefundNumber
from xuliu.payment.outside import OutsideRefund, record
from xuliu.payment.reasons import RefundMove
from xuliu.ticket.operations import open_case

State = OrderLine.State


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What stands on Olga's desk."""

    shop: Shop
    unknown: OrderLine
    disputed: OrderLine
    aside: OrderLine
    held: OrderLine
    completed: Order


def make_desk() -> Desk:
    """A shop, and one order in each state that matters here."""
    shop = make_shop()
    make_reading(shop.sim)
    return Desk(
        shop=shop,
        completed=make_delivered(shop),
        unknown=make_unknown(shop),
        disputed=make_disputed(shop),
        aside=make_set_aside(shop),
        held=make_held_back(shop),
    )


def make_quote(shop: Shop, offering: Offering | None = None) -> Order:
    """A quote of a year for the shop's SIM."""
    selection = Selection(sim_id=shop.sim.pk, offering_id=(offering or shop.year).pk)
    order_id = quote(
        selections=[selection], price_list_id=shop.price_list.pk, channel=Channel.MERCHANT, is_waited_for=True
    )
    return Order.objects.get(id=order_id)


def make_payment(order: Order, *, way: str = "native", payer_id: str = "") -> Payment:
    """The order placed and its payment opened at the provider: a token is there to pay by."""
    payment_id = place(order_id=order.pk, way=way, payer_id=payer_id)
    assert payment_id is not None
    token = f"weixin://wxpay/bizpayurl?pr={new_code(9)}" if way == "native" else f"wx{new_code(34)}"
    move(Payment, [payment_id], to=Payment.State.PENDING, also={"token": token})
    return Payment.objects.get(id=payment_id)


def make_paid(order: Order, *, seconds_ago: float = 0) -> Order:
    """The order paid and its line ready."""
    payment, at = make_payment(order), clock.now() - timedelta(seconds=seconds_ago)
    number = f"42000023452026112200{payment.pk:08d}"
    move(Payment, [payment.pk], to=Payment.State.SUCCEEDED, also={"is_applied": True, "paid_at": at, "number": number})
    move(Order, [order.pk], to=Order.State.PAID, also={"paid_at": at}, at=at)
    move(OrderLine, _lines(order), to=OrderLine.State.READY, at=at)
    order.refresh_from_db()
    return order


def make_gone(order: Order, *states: str, at: datetime | None = None) -> Order:
    """The order's lines moved through these states, three seconds each."""
    at = at or clock.now() - timedelta(seconds=3 * len(states))
    for number, state in enumerate(states):
        move(OrderLine, _lines(order), to=state, at=at + timedelta(seconds=3 * number))
    order.refresh_from_db()
    return order


def make_completed(order: Order) -> Receipt:
    """The order delivered, checked and receipted."""
    states = OrderLine.State
    make_gone(order, states.SUBMITTING, states.VERIFYING, states.COMPLETED)
    for line in OrderLine.objects.filter(order=order):
        Sim.objects.filter(id=line.sim_id).update(period_end_on=line.ends_on)
        Attempt.objects.create(line=line, number=1, account_id=line.account_id, outcome="done", proof="period_end")
    move(Order, [order.pk], to=Order.State.COMPLETED)
    order.refresh_from_db()
    return make_receipt(order)


def make_receipt(order: Order) -> Receipt:
    """A receipt for what the order delivered."""
    lines = list(OrderLine.objects.filter(order=order, state=OrderLine.State.COMPLETED))
    number = Receipt.objects.count() + 1
    return Receipt.objects.create(
        order=order,
        seller=order.seller,
        number=number,
        text_number=f"XL-{number:08d}",
        code=new_code(),
        check_code=new_code(),
        issued_at=clock.now(),
        amount_minor=sum(line.price_minor for line in lines),
        tax_minor=sum(line.tax_minor for line in lines),
        currency=order.currency,
    )


def make_failed(order: Order, *, is_refunded: bool = True) -> Order:
    """The carrier refused; the money goes back, or has gone."""
    make_gone(order, OrderLine.State.SUBMITTING, OrderLine.State.REJECTED)
    move(Order, [order.pk], to=Order.State.FAILED)
    payment, now = Payment.objects.get(order_id=order.pk, is_applied=True), clock.now()
    refund = Refund.objects.create(
        payment=payment,
        amount_minor=order.total_minor,
        currency=order.currency,
        why="not delivered",
        state_at=now,
        requested_at=now,
        due_at=now,
    )
    move(Refund, [refund.pk], to=Refund.State.SENT)
    if is_refunded:
        move(Refund, [refund.pk], to=Refund.State.SUCCEEDED)
    order.refresh_from_db()
    return order


def make_sold(
    shop: Shop, sim: Sim | None = None, *, offering: Offering | None = None, minutes_ago: float = 45
) -> OrderLine:
    """A paid order of one line, its money in the ledger."""
    sim = sim or make_sim(shop.account, merchant=make_merchant())
    selection = Selection(sim_id=sim.pk, offering_id=(offering or shop.year).pk)
    order = Order.objects.get(
        id=quote(selections=[selection], price_list_id=shop.price_list.pk, channel=Channel.MERCHANT)
    )
    make_paid(order, seconds_ago=minutes_ago * 60)
    payment = Payment.objects.get(order_id=order.pk)
    received = Entry(
        reference=f"payment:{payment.pk}:received",
        source=addresses.provider_receivable(payment.account_id),
        destination=addresses.held(order.pk),
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        order_id=order.pk,
    )
    post([received], at=clock.now() - timedelta(minutes=minutes_ago))
    return OrderLine.objects.get(order=order)


def make_bulk(shop: Shop, count: int) -> Order:
    """An order of many lines, paid and waiting its turn."""
    selections = [Selection(sim_id=make_sim(shop.account).pk, offering_id=shop.year.pk) for _ in range(count)]
    order = Order.objects.get(
        id=quote(selections=selections, price_list_id=shop.price_list.pk, channel=Channel.MERCHANT)
    )
    return make_paid(order)


def make_sent(line: OrderLine, *, at: datetime, outcome: str, detail: str = "", **fields: Any) -> Attempt:
    """The line sent once, with the reading before and the call."""
    move(OrderLine, [line.pk], to=State.SUBMITTING, also={"attempt": 1}, at=at)
    before = {
        "iccid": line.sim.iccid,
        "as_of": (at - timedelta(seconds=1)).isoformat(),
        "state": "active",
        "period_end_on": str(line.starts_on),
        "granted_bytes": 3600 * MB,
        "used_bytes": 2210 * MB,
        "left_bytes": 1390 * MB,
        "counted_from": f"{at:%Y-%m-01}",
    }
    Call.objects.create(
        account_id=line.account_id,
        operation="change/renew",
        reference=line.reference.hex,
        is_change=True,
        request={"url": "https://api.iot.10086.cn/v5/ec/order", "json": {"iccid": line.sim.iccid, "token": "***"}},
        failure="no answer within 10 s" if outcome == "unknown" else "",
        status=None if outcome == "unknown" else 200,
        answer="" if outcome == "unknown" else '{"status": "0", "result": [{"orderNum": "20261122000417"}]}',
        started_at=at,
        took_ms=10_004 if outcome == "unknown" else 412,
    )
    known = {"number": 1, "account_id": line.account_id, "before": before, "sent_at": at, "outcome": outcome}
    return Attempt.objects.create(line=line, answered_at=at + timedelta(seconds=10), detail=detail, **known, **fields)


def make_unknown(shop: Shop, *, minutes_ago: float = 40, **kwargs: Any) -> OrderLine:
    """Sent, and no answer; asked once, and the carrier knows nothing of it."""
    line = make_sold(shop, minutes_ago=minutes_ago + 1, **kwargs)
    at = clock.now() - timedelta(minutes=minutes_ago)
    make_sent(line, at=at, outcome="unknown", detail="no answer within 10 s")
    Flight.objects.create(sim_id=line.sim_id, line_id=line.pk, account_id=line.account_id, attempt=1, sent_at=at)
    why = Why(LineReason.NO_ANSWER, "no answer within 10 s")
    move(OrderLine, [line.pk], to=State.UNKNOWN, at=at + timedelta(seconds=10), why=[why])
    Call.objects.create(
        account_id=line.account_id,
        operation="query/order",
        reference=line.reference.hex,
        request={"url": "https://api.iot.10086.cn/v5/ec/query/order", "query": {"token": "***"}},
        failure="connection reset",
        started_at=at + timedelta(minutes=5),
        took_ms=840,
    )
    facts = {"asked": 4, "last_answer": "not found", "settles_within": "0:30:00"}
    open_case(OverdueCase.LINE, ("orderline", line.pk), facts)
    line.refresh_from_db()
    return line


def make_disputed(shop: Shop, *, minutes_ago: float = 26 * 60) -> OrderLine:
    """The carrier said done; the SIM is as it was."""
    line = make_sold(shop, minutes_ago=minutes_ago + 1)
    at = clock.now() - timedelta(minutes=minutes_ago)
    attempt = make_sent(line, at=at, outcome="done", carrier_number="20261122000417")
    read = {
        **(attempt.before or {}),
        "as_of": (clock.now() - timedelta(minutes=12)).isoformat(),
        "used_bytes": 2300 * MB,
    }
    Attempt.objects.filter(id=attempt.pk).update(after={**read, "left_bytes": 1300 * MB})
    move(OrderLine, [line.pk], to=State.VERIFYING, at=at + timedelta(seconds=10))
    move(OrderLine, [line.pk], to=State.DISPUTED, at=at + timedelta(hours=24), why=LineReason.NOT_PROVEN_IN_TIME)
    open_case(LineCase.DISPUTED, ("orderline", line.pk), {"read": "period end unchanged"})
    line.refresh_from_db()
    return line


def make_held_back(shop: Shop) -> OrderLine:
    """Not sent for three hours: the carrier shows an earlier end than was proven."""
    line = make_sold(shop, minutes_ago=180)
    at = clock.now() - timedelta(minutes=2)
    said = {"iccid": line.sim.iccid, "as_of": at.isoformat(), "state": "active", "period_end_on": str(line.starts_on)}
    proven = CarrierReading(
        iccid=line.sim.iccid,
        as_of=at - timedelta(days=40),
        period_end_on=line.starts_on + timedelta(days=365),
        granted_bytes=3600 * MB,
    )
    store_proven([ProvingReading(sim_id=line.sim_id, line_id=line.pk, reading=proven)])
    Attempt.objects.create(
        line=line, number=1, account_id=line.account_id, before=said, outcome="not_sent", why_code=Short.END
    )
    OrderLine.objects.filter(id=line.pk).update(attempt=1, is_set_aside=True)
    ends = {"end_said": said["period_end_on"], "end_proven": str(proven.period_end_on)}
    open_case(LineCase.HELD_BACK, ("orderline", line.pk), {"attempt": 1, "why": Short.END, **ends})
    line.refresh_from_db()
    return line


def make_set_aside(shop: Shop) -> OrderLine:
    """A line that makes a step fail."""
    line = make_sold(shop, minutes_ago=8)
    OrderLine.objects.filter(id=line.pk).update(is_set_aside=True)
    open_case(SetAsideCase.LINE, ("orderline", line.pk), {"step": "fulfil", "error": "ValueError: no plan code"})
    line.refresh_from_db()
    return line


def make_delivered(shop: Shop, sim: Sim | None = None, *, minutes_ago: float = 90) -> Order:
    """Delivered, proven, earned and receipted."""
    line = make_sold(shop, sim, minutes_ago=minutes_ago)
    at = clock.now() - timedelta(minutes=minutes_ago - 1)
    make_sent(line, at=at, outcome="done", carrier_number="20261122000388")
    move(OrderLine, [line.pk], to=State.VERIFYING, at=at + timedelta(seconds=2))
    delivery = Delivery(
        line_id=line.pk,
        attempt=1,
        starts_on=line.starts_on,
        ends_on=line.ends_on,
        size_bytes=3600 * MB,
        proof="period_end",
        after=None,
    )
    complete([delivery], only_from=[State.VERIFYING])
    settle()
    issue_receipts()
    return Order.objects.get(id=line.order_id)


def make_refused(shop: Shop) -> Order:
    """Refused by the carrier; the money is owed back."""
    line = make_sold(shop, minutes_ago=20)
    make_sent(
        line, at=clock.now() - timedelta(minutes=19), outcome="rejected", detail="SIM is terminated", reason="sim"
    )
    reject([line.pk], only_from=[State.SUBMITTING], why=LineReason.REFUSED_FOR_SIM, detail="SIM is terminated")
    settle()
    return Order.objects.get(id=line.order_id)


def make_fleet(shop: Shop, count: int = 240) -> CarrierAccount:
    """SIMs of two carriers whose periods end in the weeks to come, some of them past; the second account is paused."""
    second = make_carrier("cucc", name={"zh-hans": "中国联通", "en": "China Unicom"})
    account = make_account(second, code="unicom-north", connector="1nce")
    make_price(make_offering(second, name={"zh-hans": "联通 12 个月", "en": "Unicom 12 months"}), shop.price_list, 4200)
    merchants = [make_merchant(name=f"{name}便利店") for name in ("林记", "好邻居", "晨光", "万家福", "小满")]
    for number in range(count):
        ends_on = today() + timedelta(days=(number * number * 7 + number) % 47 - 6)
        sim = make_sim(
            shop.account if number % 3 else account,
            merchant=merchants[number % 5],
            period_end_on=ends_on,
            period_start_on=ends_on - timedelta(days=365),
        )
        if number < 30:
            make_terminal(sim, merchant=merchants[number % 5])
    minute = clock.now().replace(second=0, microsecond=0) - timedelta(minutes=3)
    ReadCount.objects.create(account_id=shop.account.pk, minute=minute, operation="query/card", made=186, failed=2)
    pause([account.pk], why=CarrierReason.US_REFUSED, detail="1NCE: payment method declined; our credit is used up")
    open_case(LineCase.ACCOUNT_PAUSED, ("carrieraccount", account.pk), {"said": "402 payment method declined"})
    return account


def make_refund(shop: Shop, status: str, *, detail: str = "") -> Refund:
    """A refused order's refund that has failed: by what the provider says of its number."""
    order = make_refused(shop)
    refund = Refund.objects.get(payment__order_id=order.pk)
    at = clock.now() - timedelta(minutes=8)
    move(Refund, [refund.pk], to=Refund.State.SENT, also={"sent_at": at}, at=at)
    move(Refund, [refund.pk], to=Refund.State.FAILED, why=RefundMove.CLOSED, also={"due_at": None})
    said = {"status": status, "detail": detail, "said_at": clock.now(), "number": "50300207512026112200017"}
    RefundNumber.objects.filter(refund_id=refund.pk).update(**said)
    open_case(PaymentCase.REFUND_CLOSED, ("refund", refund.pk), {"said": detail})
    refund.refresh_from_db()
    return refund


def make_refunded_outside(shop: Shop, *, minor: int = 0) -> Payment:
    """A payment in suspense, of which something went back past us; how much is known where `minor` is given."""
    order = Order.objects.get(id=make_sold(shop, minutes_ago=9).order_id)
    payment = Payment.objects.get(order_id=order.pk)
    Payment.objects.filter(id=payment.pk).update(is_applied=False)
    payment.refresh_from_db()
    open_case(PaymentCase.REFUNDED_OUTSIDE, ("payment", payment.pk), {"provider_number": payment.number})
    if minor:
        record([OutsideRefund(payment=payment, number="50300207512026112200018", reference="mp18", amount_minor=minor)])
    return payment


def _lines(order: Order) -> list[int]:
    return list(OrderLine.objects.filter(order=order).order_by("id").values_list("id", flat=True))
