"""What a merchant may ask of WeChat Pay: bodies checked as the vendor does."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from xuliu.sandbox.engine.server import Request
from xuliu.sandbox.providers.wechatpay.words import VendorError

MOST_DESCRIPTION_BYTES = 127
TOO_LONG = "输入源“/body/description”映射到值字段“商品描述”字符串规则校验失败，字节数大于最大值127"


def opening(request: Request, ours: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """The body of an opening. Raises VendorError."""
    wanted = body(request)
    is_ours(wanted, ours, "mchid", "appid")
    text(wanted, "out_trade_no", r"[0-9A-Za-z_\-*]{6,32}")
    text(wanted, "notify_url", r"https?://[^?]{1,250}")
    text(wanted, "description", r".{1,9999}")
    if len(wanted["description"].encode()) > MOST_DESCRIPTION_BYTES:
        raise VendorError(400, "PARAM_ERROR", TOO_LONG)
    amount(wanted, "total")
    if "time_expire" in wanted:
        _check_expiry(wanted["time_expire"], now)
    return wanted


def _check_expiry(given: Any, now: datetime) -> None:
    try:
        expires = datetime.fromisoformat(str(given))
    except ValueError:
        raise VendorError(400, "PARAM_ERROR", "time_expire格式错误，请按RFC 3339传入") from None
    if expires.tzinfo is None or expires <= now:
        raise VendorError(400, "PARAM_ERROR", "time_expire时间过短，请确认参数time_expire是否正确")


def is_ours(wanted: Mapping[str, Any], ours: Mapping[str, str], *names: str) -> None:
    """Does it name our merchant number and our app? Raises VendorError."""
    for name in names:
        if wanted.get(name) != ours[name]:
            raise VendorError(400, "APPID_MCHID_NOT_MATCH" if name == "appid" else "PARAM_ERROR", f"{name}不匹配")


def reference(request: Request, named: str) -> str:
    """The merchant's own number of what a call is about."""
    if named:
        return named
    sent = request.json() if request.body else None
    if not isinstance(sent, dict):
        return ""
    return str(sent.get("out_refund_no") or sent.get("out_trade_no") or "")


def body(request: Request) -> dict[str, Any]:
    """The JSON object that was sent. Raises VendorError."""
    sent = request.json()
    if not isinstance(sent, dict):
        raise VendorError(400, "PARAM_ERROR", "请求体不是合法的JSON")
    return sent


def text(wanted: dict[str, Any], name: str, pattern: str) -> None:
    """Is that field a text of that form? Raises VendorError."""
    if not isinstance(wanted.get(name), str) or not re.fullmatch(pattern, wanted[name], re.DOTALL):
        raise VendorError(400, "PARAM_ERROR", f"参数{name}有误")


def amount(wanted: dict[str, Any], *names: str) -> None:
    """Are those of its amounts whole, positive and in yuan? Raises VendorError."""
    given = wanted.get("amount")
    if not isinstance(given, dict) or given.get("currency", "CNY") != "CNY":
        raise VendorError(400, "PARAM_ERROR", "参数amount有误")
    for name in names:
        if not isinstance(given.get(name), int) or isinstance(given[name], bool) or given[name] < 1:
            raise VendorError(400, "PARAM_ERROR", f"参数amount.{name}有误")
