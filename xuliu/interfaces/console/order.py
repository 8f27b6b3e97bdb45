"""The page of one order: its state, its money, its lines, and one timeline of everything."""

from typing import Any

from django.contrib.admin import site
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from xuliu.interfaces.console.kit import columns
from xuliu.interfaces.console.kit.columns import badge
from xuliu.interfaces.console.timeline import around, quoted
from xuliu.interfaces.ways.wording import way_name
from xuliu.interfaces.wording import figures
from xuliu.interfaces.wording.reasons import refund_reason
from xuliu.interfaces.wording.states import LINE_STATES, ORDER_STATES, PAYMENT_STATES, REFUND_STATES
from xuliu.interfaces.wording.subjects import CHANNELS
from xuliu.ledger.queries import OrderTotals, order_totals
from xuliu.ordering.models import Order, OrderLine
from xuliu.ordering.queries import receipt_of, timeline
from xuliu.party.rights import Right
from xuliu.payment.models import Payment, Refund

LINES_SHOWN = 100


def show(request: HttpRequest, order_id: int) -> HttpResponse:
    """The order's page; money only for staff who may see it."""
    if not request.user.has_perm(Right.SEE):
        raise PermissionDenied
    order = get_object_or_404(Order.objects.select_related("merchant", "seller"), id=order_id)
    lines = list(
        OrderLine.objects.filter(order_id=order.pk)
        .select_related("sim", "offering", "account__carrier")
        .order_by("position")[:LINES_SHOWN]
    )
    sees_money = request.user.has_perm(Right.SEE_MONEY)
    payments = list(Payment.objects.filter(order_id=order.pk).select_related("account").order_by("id"))
    refunds = list(Refund.objects.filter(payment__order_id=order.pk).select_related("payment").order_by("id"))
    receipt = receipt_of(order.pk)
    found = around(events=timeline(order.pk), lines=lines, payments=payments, refunds=refunds, receipt=receipt)
    entries = [quoted(order), *found]
    context = {
        **site.each_context(request),
        "title": order.number,
        "order": order,
        "state": badge(order.state, ORDER_STATES),
        "facts": _facts(order),
        "money": _money(order, order_totals([order.pk])[order.pk]),
        "lines": [_line(line, order.currency) for line in lines],
        "more_lines": max(0, order.line_count - len(lines)),
        "lines_link": f"{reverse('admin:ordering_orderline_changelist')}?q={order.number}",
        "payments": [_payment(payment) for payment in payments] if sees_money else [],
        "refunds": [_refund(refund) for refund in refunds] if sees_money else [],
        "receipt": receipt,
        "timeline": entries,
    }
    return render(request, "console/order.html", context)


def _facts(order: Order) -> list[tuple[Any, Any]]:
    return [
        (_("Merchant"), order.merchant or figures.NONE),
        (_("Channel"), CHANNELS.get(order.channel, order.channel)),
        (_("Seller"), figures.localised(order.seller)),
        (_("Quoted"), figures.instant(order.quoted_at)),
        (_("Price held until"), figures.instant(order.valid_until)),
        (_("Paid"), figures.instant(order.paid_at)),
    ]


def _money(order: Order, totals: OrderTotals) -> dict[str, Any]:
    """Paid = held + earned + refunded, as widths of a bar of 100."""
    parts = [
        (_("Held"), totals.held_minor, "soon"),
        (_("Earned, VAT in it"), totals.earned_minor, "well"),
        (_("Given back or owed back"), totals.refunded_minor, "dark"),
    ]
    whole, start, drawn = totals.paid_minor or 1, 0.0, []
    for title, amount, tone in parts:
        width = 100 * amount / whole
        drawn.append(
            {
                "title": title,
                "amount": figures.amount(amount, order.currency),
                "tone": tone,
                "start": start,
                "width": width,
            }
        )
        start += width
    return {
        "total": figures.amount(order.total_minor, order.currency),
        "paid": figures.amount(totals.paid_minor, order.currency),
        "parts": drawn,
        "is_paid": totals.paid_minor > 0,
        "link": f"{reverse('admin:ledger_posting_changelist')}?order_id={order.pk}",
    }


def _line(line: OrderLine, currency: str) -> dict[str, Any]:
    return {
        "position": line.position,
        "link": reverse("admin:ordering_orderline_change", args=[line.pk]),
        "sim": columns.link("inventory.sim", line.sim_id, line.sim.iccid),
        "offering": figures.localised(line.offering),
        "carrier": figures.localised(line.account.carrier),
        "period": f"{figures.last_day(line.starts_on)} – {figures.day(line.ends_on)}",
        "state": badge(line.state, LINE_STATES),
        "is_set_aside": line.is_set_aside,
        "price": figures.amount(line.price_minor, currency),
        "refunded": figures.amount(line.refunded_minor, currency) if line.refunded_minor else "",
    }


def _payment(payment: Payment) -> dict[str, Any]:
    return {
        "link": reverse("admin:payment_payment_change", args=[payment.pk]),
        "reference": payment.reference,
        "way": way_name(payment.way),
        "account": payment.account.code,
        "state": badge(payment.state, PAYMENT_STATES),
        "amount": figures.amount(payment.amount_minor, payment.currency),
        "at": figures.instant(payment.paid_at or payment.opened_at),
        "is_applied": payment.is_applied,
    }


def _refund(refund: Refund) -> dict[str, Any]:
    return {
        "link": reverse("admin:payment_refund_change", args=[refund.pk]),
        "reference": refund.reference,
        "state": badge(refund.state, REFUND_STATES),
        "amount": figures.amount(refund.amount_minor, refund.currency),
        "at": figures.instant(refund.sent_at or refund.requested_at),
        "why": refund_reason(refund.why, refund.why_number),
    }
