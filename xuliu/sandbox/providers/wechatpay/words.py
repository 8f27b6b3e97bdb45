"""WeChat Pay's words: states, refusals, and the shape of payments and refunds."""

import secrets
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from xuliu.sandbox.engine.clock import instant
from xuliu.sandbox.engine.server import Response, json_response
from xuliu.sandbox.engine.store import Row

STATES = {"open": "NOTPAY", "paid": "SUCCESS", "closed": "CLOSED"}
STATE_WORDS = {"SUCCESS": "支付成功", "REFUND": "转入退款", "NOTPAY": "订单未支付", "CLOSED": "订单已关闭"}
REFUND_STATES = {"pending": "PROCESSING", "success": "SUCCESS", "closed": "CLOSED", "abnormal": "ABNORMAL"}
REFUND_WORDS = {"SUCCESS": "退款成功", "CLOSED": "退款关闭", "ABNORMAL": "退款异常"}
TOKEN_LENGTH = 26
CHINA = ZoneInfo("Asia/Shanghai")
# Why the books decline it → HTTP status, code, message.
DECLINED: Mapping[str, tuple[int, str, str]] = {
    "unknown": (404, "ORDER_NOT_EXIST", "订单不存在"),
    "paid": (400, "ORDERPAID", "该订单已支付"),
    "closed": (400, "ORDER_CLOSED", "该订单已关闭"),
    "differs": (400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致"),
    "transaction_unknown": (404, "RESOURCE_NOT_EXISTS", "订单不存在"),
    "refund_unknown": (404, "RESOURCE_NOT_EXISTS", "退款单不存在"),
    "refund_differs": (400, "INVALID_REQUEST", "同一个商户退款单号多次请求，请求参数不一致"),
    "refund_of_another_amount": (400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试"),
    "refund_too_much": (400, "INVALID_REQUEST", "申请退款金额大于订单可退金额"),
    "refund_too_many": (400, "INVALID_REQUEST", "部分退款次数超过限制"),
    "refund_too_late": (400, "INVALID_REQUEST", "订单已超过可退款的最大期限"),
    "refund_too_soon": (429, "FREQUENCY_LIMITED", "同一订单的多笔退款需间隔1分钟后再提交"),
}
STATED = {
    "sim": (400, "INVALID_REQUEST", "参数错误"),
    "plan": (403, "RULE_LIMIT", "业务规则限制"),
    "account": (403, "NOT_ENOUGH", "商户可用退款余额不足"),
    "temporary": (500, "SYSTEM_ERROR", "系统异常，请稍后重试"),
}


class VendorError(Exception):
    """The vendor's error: HTTP status, code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message


def error(status: int, code: str, message: str) -> Response:
    """The vendor's error on the wire."""
    return json_response({"code": code, "message": message}, status)


def unpaid_shown(payment: Row, ours: Mapping[str, str]) -> dict[str, Any]:
    """The answer about a payment of which nothing has come."""
    state, amount = STATES[payment["state"]], {"total": payment["amount_minor"], "currency": payment["currency"]}
    trade = {"out_trade_no": payment["reference"], "trade_state": state, "trade_state_desc": STATE_WORDS[state]}
    return {name: ours[name] for name in ("appid", "mchid")} | trade | {"amount": amount, "payer": {}}


def transaction_shown(payment: Row, paid: Row, state: str = "SUCCESS") -> dict[str, Any]:
    """A transaction as a query and a notice carry it."""
    amount = {"total": paid["amount_minor"], "payer_total": paid["amount_minor"]}
    amount |= {"currency": paid["currency"], "payer_currency": paid["currency"]}
    shown = {"appid": paid["appid"], "mchid": paid["mchid"], "out_trade_no": paid["reference"]}
    shown |= {"transaction_id": paid["number"], "trade_type": payment["kind"].upper()}
    shown |= {"trade_state": state, "trade_state_desc": STATE_WORDS[state], "bank_type": "OTHERS"}
    shown |= {"attach": payment["attach"], "success_time": china_time(paid["success_at"])}
    return shown | {"payer": {"openid": paid["openid"]}, "amount": amount}


def refund_shown(refund: Row) -> dict[str, Any]:
    """The vendor's answer about a refund."""
    total, back = refund["total_minor"], refund["amount_minor"]
    amount = {
        "total": total,
        "refund": back,
        "from": [],
        "payer_total": total,
        "payer_refund": back,
        "settlement_refund": back,
    }
    amount |= {"settlement_total": total, "discount_refund": 0, "currency": refund["currency"], "refund_fee": 0}
    shown = {
        "refund_id": refund["number"],
        "out_refund_no": refund["reference"],
        "transaction_id": refund["transaction_number"],
    }
    shown |= {"out_trade_no": refund["payment"], "channel": "ORIGINAL", "user_received_account": "支付用户零钱"}
    shown |= {
        "create_time": china_time(refund["created_at"]),
        "status": REFUND_STATES[refund["status"]],
        "funds_account": "UNSETTLED",
    }
    if refund["success_at"] is not None:
        shown["success_time"] = china_time(refund["success_at"])
    return shown | {"amount": amount, "promotion_detail": []}


def refund_told(refund: Row, mchid: str) -> dict[str, Any]:
    """A refund as a notice carries it."""
    shown = refund_shown(refund)
    amount = {name: shown["amount"][name] for name in ("total", "refund", "payer_total", "payer_refund")}
    names = ("out_trade_no", "transaction_id", "out_refund_no", "refund_id", "user_received_account", "success_time")
    told = {name: shown[name] for name in names if name in shown}
    return told | {"refund_status": shown["status"], "amount": amount, "mchid": mchid}


def prepay_id(payment: Row) -> str:
    """What stands for a payment on the way to WeChat's browser."""
    return f"wx{instant(payment['created_at']).astimezone(CHINA):%d%H%M%S}{payment['token']}"


def china_time(at: float) -> str:
    """RFC 3339 with China's offset, to the second."""
    return instant(at).astimezone(CHINA).isoformat(timespec="seconds")


def new_openid() -> str:
    """28 characters, as WeChat's are."""
    return f"oU{secrets.token_urlsafe(24)[:26]}"
