"""OneLink's plans, codes, states and the shape of its answers."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from xuliu.sandbox.engine.server import Response, json_response
from xuliu.sandbox.engine.sims import CarrierPlan

CODE = "onelink"
CHINA = ZoneInfo("Asia/Shanghai")
MEBIBYTE = 1024 * 1024


def _add_on(code: str, name: str, megabytes: int, cost_minor: int) -> CarrierPlan:
    return CarrierPlan(carrier=CODE, code=code, name=name, bytes=megabytes * MEBIBYTE, cost_minor=cost_minor)


def _renewal(months: int, cost_minor: int) -> CarrierPlan:
    name, size = f"物联卡 300M/月 {months}个月", 300 * MEBIBYTE
    return CarrierPlan(
        carrier=CODE, code=f"300M-{months}M", name=name, months=months, bytes=size, cost_minor=cost_minor
    )


PLANS = (
    _add_on("0", "流量加油包10元套餐（物联卡）", 100, 1000),
    _add_on("1", "流量加油包10元套餐（车联网）", 100, 1000),
    _add_on("2", "流量加油包30元套餐（物联卡）", 500, 3000),
    _add_on("3", "流量加油包30元套餐（车联网）", 500, 3000),
    _renewal(1, 200),
    _renewal(3, 500),
    _renewal(6, 900),
    _renewal(12, 1500),
)

CARD_STATES = {"in_stock": "7", "testing": "6", "active": "2", "suspended": "4", "terminated": "8"}
MESSAGES = {
    "0": "正确",
    "500": "内部错误",
    "11000": "请求参数错误",
    "12004": "appid或transid鉴权失败",
    "12009": "卡号鉴权失败，不属于此集团客户",
    "12010": "卡号鉴权失败，号码不存在",
    "12021": "TOKEN不存在或已过期，请重新获取",
    "12022": "appid或password鉴权不通过",
    "12051": "集团客户账户余额不足",
    "12062": "资费不可订购",
    "12071": "同一卡号30分钟内不能重复办理业务",
    "12089": "当前卡状态不允许办理该业务",
    "12099": "卡片主套餐超出有效期",
    "19010": "其他错误",
}
# (whose trouble, why) → code
REFUSALS: Mapping[tuple[str, str], str] = {
    ("sim", "unknown"): "12010",
    ("sim", "blocked"): "12089",
    ("sim", "state"): "12089",
    ("sim", "expired"): "12099",
    ("sim", "stated"): "12089",
    ("plan", "not_orderable"): "12062",
    ("plan", "stated"): "12062",
    ("account", "balance"): "12051",
    ("account", "stated"): "12051",
    ("temporary", "repeat"): "12071",
    ("temporary", "stated"): "12071",
}


class No(Exception):
    """The platform says no, with a code."""

    def __init__(self, code: str, message: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message or MESSAGES.get(code, MESSAGES["19010"])


def said(result: list[Any]) -> Response:
    """A good answer."""
    return json_response({"status": "0", "message": MESSAGES["0"], "result": result})


def said_no(no: No) -> Response:
    """A refusal: HTTP 200 as well."""
    return json_response({"status": no.code, "message": no.message, "result": []})
