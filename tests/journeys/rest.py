"""What else must be so when nothing more is coming and no line was poisonous."""

from __future__ import annotations

from django.db.models import Q

from xuliu.ledger import addresses
from xuliu.ledger.queries import balance
from xuliu.ordering.models import Order, OrderLine, Receipt
from xuliu.payment.models import Notice, Payment, Refund
from xuliu.ticket.models import Case


def check_rest(provider_id: int) -> None:
    """Nothing waits, what is owed back is what failed, and receipts have no gap. Raises AssertionError."""
    poisoned = list(Case.objects.filter(kind="line_set_aside").values_list("facts", flat=True))
    assert not poisoned, poisoned
    aside = OrderLine.objects.filter(is_set_aside=True, state__in=OrderLine.OPEN).values("id", "state", "sim_id")
    told = Case.objects.filter(subject_kind="orderline", state="OPEN").values("kind", "subject_id", "facts")
    assert not aside, f"set aside for good: {list(aside)}, of which is told {list(told)}"
    assert not Case.objects.filter(kind="notice_set_aside").exists()
    assert not Notice.objects.filter(state="STORED").exists()
    assert not Payment.objects.filter(state__in=Payment.LIVE).exists()
    assert not Refund.objects.filter(state__in=("PENDING", "SENT", "UNKNOWN")).exists()
    assert not Order.objects.filter(state__in=("QUOTED", "AWAITING_PAYMENT")).exists()
    for order in Order.objects.filter(state="PAID"):
        assert order.lines.filter(state="DISPUTED").exists(), f"order {order.pk} was forgotten"
    failed = sum(Refund.objects.filter(state="FAILED").values_list("amount_minor", flat=True))
    owed = balance(addresses.refund_payable(provider_id), "CNY") + balance(addresses.refund_payable(provider_id), "USD")
    # What was refused in an order whose other lines are still disputed is refunded with the last of them.
    waits = OrderLine.objects.filter(state="REJECTED", refund_id=None, order__state="PAID")
    assert owed == failed + sum(waits.values_list("price_minor", flat=True)), (
        f"owed back {owed}, refunds failed {failed}"
    )
    numbers = list(Receipt.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1)), "receipt numbers have a gap"
    delivered = Order.objects.filter(state__in=("COMPLETED", "PARTIAL")).count()
    assert len(numbers) == delivered, f"{delivered} orders delivered, {len(numbers)} receipts"


def stuck() -> list[OrderLine]:
    """The lines that people may decide about."""
    in_doubt, waiting = Q(state__in=("UNKNOWN", "DISPUTED")), Q(state="READY", is_set_aside=True)
    return list(
        OrderLine.objects.filter(in_doubt | waiting).select_related("sim", "account", "offering").order_by("id")
    )
