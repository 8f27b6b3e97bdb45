"""Refund: the money owed back for an order's refused lines becomes one refund."""

from collections.abc import Mapping, Sequence

from django.db import connection
from django.db.models import Max, Sum

from xuliu.payment.models import Payment, Refund
from xuliu.payment.operations import NewRefund, request_refunds
from xuliu.payment.reasons import RefundReason


def refund_refused(owed_minor: Mapping[int, int]) -> None:
    """One refund per order for all its refused lines, to the payment that was applied.

    `owed_minor`: by order, what those lines cost. Outside refunds are subtracted; if they cover everything, they count
    as the lines' refund.
    """
    payments = {p.order_id: p for p in Payment.objects.filter(order_id__in=owed_minor, is_applied=True)}
    returned = _given_back_past_us([payment.pk for payment in payments.values()])
    wanted, refunds = [], {}
    for order_id, minor in owed_minor.items():
        payment = payments[order_id]
        outside_id, outside_minor = returned.get(payment.pk, (None, 0))
        if minor > outside_minor:
            owed = minor - outside_minor
            why = RefundReason.NOT_PROVISIONED
            wanted.append(NewRefund(payment_id=payment.pk, amount_minor=owed, currency=payment.currency, why=why))
        else:
            refunds[order_id] = outside_id
    made = request_refunds(wanted)
    # One that was requested but not made contradicts an existing refund: raise, for a person to look.
    refunds |= {order: made[payment.pk] for order, payment in payments.items() if order not in refunds}
    sql = """
        UPDATE ordering_orderline l SET refund_id = u.refund_id, refunded_minor = l.price_minor
        FROM unnest(%s::bigint[], %s::bigint[]) AS u(order_id, refund_id)
        WHERE l.order_id = u.order_id AND l.state = 'REJECTED' AND l.refund_id IS NULL"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (list(refunds), list(refunds.values())))


def _given_back_past_us(payment_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Outside refunds by payment: the last one, and their sum."""
    outside = Refund.objects.filter(payment_id__in=payment_ids, is_outside=True).values("payment_id")
    sums = outside.annotate(last=Max("id"), minor=Sum("amount_minor"))
    return {row["payment_id"]: (row["last"], row["minor"]) for row in sums}
