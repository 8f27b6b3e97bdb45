"""What the payer sees while an order awaits payment."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import segno
from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from xuliu.interfaces.merchant import browsers
from xuliu.interfaces.ways.registry import parts_of
from xuliu.interfaces.ways.wording import ShownWay, shown_way
from xuliu.interfaces.wording import figures
from xuliu.ordering.buying.ways_to_pay import ways_to_pay
from xuliu.ordering.models import Order
from xuliu.payment import sign_ins
from xuliu.payment.models import Payment, SignIn

OPENS_WITHIN = timedelta(seconds=5)
# The stage shown for a payment that cannot be paid now.
UNREADY: dict[str, str] = {
    Payment.State.FAILED: "failed",
    Payment.State.SUCCEEDED: "settling",
    Payment.State.CLOSED: "settling",
}


def ways_here(request: HttpRequest, order: Order) -> list[ShownWay]:
    """The ways to pay in this browser: inside a provider's app that app's own, elsewhere all others."""
    browser, total = request.headers.get("User-Agent", ""), figures.amount(order.total_minor, order.currency)
    found = [shown_way(code, total=total) for code in ways_to_pay(order.seller_id, order.currency)]
    return [way for way in found if way.is_in_app == parts_of(way.provider).is_inside(browser)]


def paying(request: HttpRequest, order: Order, now: datetime, ways: Sequence[ShownWay]) -> dict[str, Any]:
    """What the payment page shows in this browser: the chosen way's part, the ways to choose from, or what the payer
    is waiting for."""
    scripts = sorted({way.script for way in ways if way.script})
    context: dict[str, Any] = {"view": "pay", "is_waiting": True, "stage": "opening", "ways": ways, "scripts": scripts}
    if order.cancel_requested_at:
        return {**context, "stage": "cancelling"}
    if now >= order.valid_until:
        return {**context, "stage": "ending", "asked": _newest_way(order, ways).asked}
    signed_in = signing_in(request, order, ways)
    if signed_in is not None and signed_in.state == SignIn.State.RETURNED:
        return context
    payment = _theirs(order, ways, signed_in, wanted=request.GET.get("way", ""))
    if payment is None:
        return {**context, **_to_choose(order, ways)}
    way = next(way for way in ways if way.code == payment.way)
    others = [other for other in ways if other.code != way.code]
    return {**context, "way": way, "others": others, **_to_pay(payment, order, way, now)}


def _to_choose(order: Order, ways: Sequence[ShownWay]) -> dict[str, Any]:
    """No payment of this browser yet: choose a way, or see who is paying elsewhere."""
    if in_app := next((way for way in ways if way.is_in_app), None):
        return {"stage": "choose", "here": in_app}
    return {"stage": "elsewhere", "elsewhere": _newest_way(order, ways).elsewhere}


def _to_pay(payment: Payment, order: Order, way: ShownWay, now: datetime) -> dict[str, Any]:
    """The way's part of the page for an opened payment, or what the payer is waiting for."""
    if payment.state == Payment.State.OPENING and (payment.trouble_at or payment.account.paused_at):
        return {"stage": "trouble"}
    if payment.state != Payment.State.PENDING or (way.needs_token and not payment.token):
        opening = "slow" if now - payment.opened_at > OPENS_WITHIN else "opening"
        return {"stage": UNREADY.get(payment.state, opening)}
    back = settings.XULIU_BASE_URL + reverse("merchant:order", args=[order.code])
    return {
        "stage": "ready",
        "token": payment.token,
        "qr": drawn(payment.token) if way.is_drawn else "",
        "sandbox_link": payment.token if payment.account.is_sandbox else "",
        "more": parts_of(way.provider).more(payment, back_url=back, now=now),
    }


def signing_in(request: HttpRequest, order: Order, ways: Sequence[ShownWay]) -> SignIn | None:
    """This browser's newest sign-in at a provider for this order; None without one, or if no way here has sign-ins."""
    if not any(way.has_sign_in for way in ways):
        return None
    return sign_ins.newest(order_id=order.pk, browser=browsers.known(request))


def _theirs(order: Order, ways: Sequence[ShownWay], signed_in: SignIn | None, *, wanted: str) -> Payment | None:
    """The payment that this browser may pay, preferably by the wanted way. For a way with a sign-in only the payment of
    whoever signed in here counts: nobody else's sheet opens in this browser."""
    open_to_all = Q(way__in=[way.code for way in ways if not way.has_sign_in])
    of_payer = Q(id=signed_in.payment_id if signed_in else None, way__in=[way.code for way in ways])
    payments = Payment.objects.filter(open_to_all | of_payer, order_id=order.pk).select_related("account")
    found = list(payments.order_by("-id"))
    return next((payment for payment in found if payment.way == wanted), found[0] if found else None)


def _newest_way(order: Order, ways: Sequence[ShownWay]) -> ShownWay:
    """The way of the order's newest payment, whoever is paying; without a payment, the first way of this browser."""
    newest = Payment.objects.filter(order_id=order.pk).order_by("-id").first()
    return shown_way(newest.way) if newest else ways[0]


def drawn(text: str) -> SafeString:
    """A QR code as inline SVG without inline styles, which the strict policy would block."""
    svg = segno.make(text, error="m", micro=False).svg_inline(omitsize=True, svgclass="qr", lineclass=None, border=2)
    return mark_safe(svg)  # noqa: S308  # segno's own drawing; the text is in it only as squares
