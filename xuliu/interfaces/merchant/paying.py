"""What a payer needs at hand while an order awaits its payment."""

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import segno
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from xuliu.interfaces.merchant import browsers
from xuliu.interfaces.merchant.visiting import is_in_wechat
from xuliu.ordering.models import Order
from xuliu.payment import sign_ins
from xuliu.payment.accounts import provider_of
from xuliu.payment.contract import Method
from xuliu.payment.models import Payment, SignIn

OPENS_WITHIN = timedelta(seconds=5)
# What a payment that cannot be paid now means for whoever waits.
UNREADY: dict[str, str] = {
    Payment.State.FAILED: "failed",
    Payment.State.SUCCEEDED: "settling",
    Payment.State.CLOSED: "settling",
}


def paying(request: HttpRequest, order: Order, now: datetime) -> dict[str, Any]:
    """What this browser can pay with: WeChat's own sheet once its payer has signed in, before that a link to do so,
    outside WeChat a QR code; until any of it is there, what is being waited for."""
    in_wechat = is_in_wechat(request)
    context: dict[str, Any] = {"view": "pay", "is_waiting": True, "stage": "opening"}
    if order.cancel_wanted_at:
        return {**context, "stage": "cancelling"}
    if now >= order.valid_until:
        return {**context, "stage": "ending"}
    signed_in = signing_in(request, order)
    if signed_in is not None and signed_in.state == SignIn.State.RETURNED:
        return context
    payment = _theirs(order, signed_in) if in_wechat else _newest(order, Method.NATIVE)
    if payment is None:
        return {**context, "stage": "choose" if in_wechat else "elsewhere"}
    if payment.state == Payment.State.OPENING and (payment.trouble_at or payment.account.paused_at):
        return {**context, "stage": "trouble"}
    if payment.state != Payment.State.PENDING or not payment.token:
        opening = "slow" if now - payment.opened_at > OPENS_WITHIN else "opening"
        return {**context, "stage": UNREADY.get(payment.state, opening)}
    if in_wechat:
        return {**context, "stage": "sheet", **_sheet(payment, order, now)}
    sandbox = payment.token if payment.account.is_sandbox else ""
    return {**context, "stage": "qr", "qr": drawn(payment.token), "sandbox_link": sandbox}


def signing_in(request: HttpRequest, order: Order) -> SignIn | None:
    """How it went when this browser asked WeChat who pays this order; None where it never did, or is not in WeChat."""
    return sign_ins.newest(order_id=order.pk, browser=browsers.known(request)) if is_in_wechat(request) else None


def _theirs(order: Order, signed_in: SignIn | None) -> Payment | None:
    """The payment of who signed in in this browser: nobody else's sheet opens here."""
    if signed_in is None or signed_in.payment_id is None:
        return None
    return _payments(order, Method.JSAPI).filter(id=signed_in.payment_id).first()


def _newest(order: Order, method: Method) -> Payment | None:
    return _payments(order, method).order_by("-id").first()


def _payments(order: Order, method: Method) -> QuerySet[Payment]:
    return Payment.objects.filter(order_id=order.pk, method=method).select_related("account")


def drawn(text: str) -> SafeString:
    """A QR code as inline SVG without a style of its own, so that a strict policy lets it be."""
    svg = segno.make(text, error="m", micro=False).svg_inline(omitsize=True, svgclass="qr", lineclass=None, border=2)
    return mark_safe(svg)  # noqa: S308  # segno's own drawing; the text is in it only as squares


def _sheet(payment: Payment, order: Order, now: datetime) -> dict[str, Any]:
    script = provider_of(payment.account).payer_script(token=payment.token, now=now)
    return {"script": json.dumps(script, sort_keys=True), "sandbox_link": _sandbox_bridge(payment, order, script)}


def _sandbox_bridge(payment: Payment, order: Order, script: dict[str, str]) -> str:
    """Where the sandbox plays WeChat's sheet; nowhere for a real account."""
    if not payment.account.is_sandbox:
        return ""
    base, back = payment.account.config.get("base_url", ""), reverse("merchant:order", args=[order.code])
    return f"{base}/jsapi/pay?{urlencode({**script, 'return_url': settings.XULIU_BASE_URL + back})}"
