"""What a payer needs at hand while an order awaits its payment."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import segno
from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from xuliu.ordering.models import Order
from xuliu.ordering.queries import payment_of
from xuliu.payment.accounts import provider_of
from xuliu.payment.contract import Method
from xuliu.payment.models import Payment


def paying(order: Order, now: datetime, *, in_wechat: bool) -> dict[str, Any]:
    """The QR code or the parameters for WeChat's own sheet; until they are there, what is being waited for."""
    payment = payment_of(order.pk)
    context: dict[str, Any] = {"view": "pay", "is_waiting": True, "in_wechat": in_wechat, "stage": "opening"}
    if order.cancel_wanted_at:
        return {**context, "stage": "cancelling"}
    if now >= order.valid_until:
        return {**context, "stage": "ending"}
    if payment is None or payment.state != Payment.State.PENDING or not payment.token:
        return {**context, "stage": "failed" if payment and payment.state == Payment.State.FAILED else "opening"}
    if payment.method == Method.JSAPI:
        return {**context, "stage": "sheet", **_sheet(payment, order, now)}
    sandbox = payment.token if payment.account.is_sandbox else ""
    return {**context, "stage": "qr", "qr": drawn(payment.token), "sandbox_link": sandbox}


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
