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

# Who names MicroMessenger and is not WeChat on a phone. On a computer's screen the code is as good: the phone scans it.
NOT_WECHAT = ("wxwork", "wecom", "windowswechat", "macwechat")


class PageParts(SharedParts):
    """Words, the sheet and its script, and how WeChat's browser is told from others."""

    code: ClassVar[str] = "wechatpay"
    called: ClassVar[Text] = words.WECHAT
    scanner: ClassVar[Text] = words.WECHAT
    words: ClassVar[Mapping[str, WayWords]] = {"native": words.SCANNED, "jsapi": words.IN_APP}
    templates: ClassVar[Mapping[str, str]] = {"jsapi": "ways/wechatpay/sheet.html"}
    scripts: ClassVar[Mapping[str, str]] = {"jsapi": "ways/wechatpay/sheet.js"}

    @staticmethod
    def is_inside(browser: str) -> bool:
        """WeCom's names MicroMessenger too, can neither sign a service account's payer in nor open its sheet, and so is
        a browser like any other."""
        browser = browser.lower()
        return "micromessenger" in browser and not any(other in browser for other in NOT_WECHAT)

    @staticmethod
    def more(payment: Payment, *, back_url: str, now: datetime) -> Mapping[str, str]:
        """What the sheet is opened with."""
        way = way_called(payment.way)
        if way is None or way.part is not PagePart.SHEET:
            return {}
        script = provider_of(payment.account).payer_script(token=payment.token, now=now)
        return {"sheet": json.dumps(script, sort_keys=True), "sandbox_link": _bridge(payment, back_url, script)}


def _bridge(payment: Payment, back_url: str, script: Mapping[str, str]) -> str:
    """Where the sandbox plays WeChat's sheet; nowhere for a real account."""
    if not payment.account.is_sandbox:
        return ""
    base = payment.account.config.get("base_url", "")
    return f"{base}/jsapi/pay?{urlencode({**script, 'return_url': back_url})}"
