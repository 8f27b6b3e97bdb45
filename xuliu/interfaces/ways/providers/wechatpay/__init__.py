"""WeChat Pay to the payer: a code for another phone to scan, and a sheet inside WeChat's own browser."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlencode

from xuliu.interfaces.ways.contract import SharedParts, Text
from xuliu.interfaces.ways.contract import WayWords as WayWords
from xuliu.interfaces.ways.providers.wechatpay import words
from xuliu.payment.accounts import provider_of
from xuliu.payment.contract import PagePart
from xuliu.payment.models import Payment
from xuliu.payment.registry import way_called

# Browsers that name MicroMessenger but are not WeChat on a phone. On a computer the QR code does: the phone scans it.
NOT_WECHAT = ("wxwork", "wecom", "windowswechat", "macwechat")


class PageParts(SharedParts):
    """WeChat Pay's words, its sheet with the script, and how to recognise WeChat's browser."""

    code: ClassVar[str] = "wechatpay"
    called: ClassVar[Text] = words.WECHAT
    scanner: ClassVar[Text] = words.WECHAT
    words: ClassVar[Mapping[str, WayWords]] = {"native": words.SCANNED, "jsapi": words.IN_APP}
    templates: ClassVar[Mapping[str, str]] = {"jsapi": "ways/wechatpay/sheet.html"}
    scripts: ClassVar[Mapping[str, str]] = {"jsapi": "ways/wechatpay/sheet.js"}

    @staticmethod
    def is_inside(browser: str) -> bool:
        """WeCom's browser names MicroMessenger too, but cannot sign a payer in or open the sheet, so it counts as an
        ordinary browser."""
        browser = browser.lower()
        return "micromessenger" in browser and not any(other in browser for other in NOT_WECHAT)

    @staticmethod
    def more(payment: Payment, *, back_url: str, now: datetime) -> Mapping[str, str]:
        """The parameters that open the sheet."""
        way = way_called(payment.way)
        if way is None or way.part is not PagePart.SHEET:
            return {}
        script = provider_of(payment.account).payer_script(token=payment.token, now=now)
        return {"sheet": json.dumps(script, sort_keys=True), "sandbox_link": _bridge(payment, back_url, script)}


def _bridge(payment: Payment, back_url: str, script: Mapping[str, str]) -> str:
    """The address where the sandbox plays WeChat's sheet; "" for a real account."""
    if not payment.account.is_sandbox:
        return ""
    base = payment.account.config.get("base_url", "")
    return f"{base}/jsapi/pay?{urlencode({**script, 'return_url': back_url})}"
