"""OneLink's answers as its public clients know them: names and shapes after IoTCard/IoTOS and dmlvhh/mobile_sdk."""

import json
from typing import Any

from tests.contracts.peer import Path, Recorded, RecordedCall, Refusal, Reply
from xuliu.carrier.contract import Action, Outcome, Reason

ICCID, MSISDN, UNKNOWN = "89860400000000000017", "1440000000017", "89860400000000000099"
TOKEN = "b7d1ce5f0b3a4d8e9f10"
CONFIG = {"appid": "200000000000000017", "password": "Lin-s-own-word"}
FIRST_PLAN = {
    "offeringId": "300M-12M",
    "offeringName": "物联卡个人 300M 年包",
    "effectiveDate": "2026-01-01 00:00:00",
    "expiriedDate": "2026-12-31 23:59:59",
}
NEXT_PLAN = {**FIRST_PLAN, "effectiveDate": "2027-01-01 00:00:00", "expiriedDate": "2027-12-31 23:59:59"}
ADD_ON_PLAN = {
    "offeringId": "0",
    "offeringName": "流量加油包10元套餐",
    "effectiveDate": "2026-03-10 12:00:00",
    "expiriedDate": "2028-03-31 23:59:59",
}
MARGIN = {
    "offeringId": "300M-12M",
    "apnName": "CMIOT",
    "totalAmount": "307200",
    "useAmount": "1024.5",
    "remainAmount": "306175.5",
}
CARD = {"status": "0", "message": "正确", "iccid": ICCID, "msisdn": MSISDN, "imsi": "460040000000017"}
ADD_ON_MARGIN = {
    "offeringId": "0",
    "apnName": "CMIOT",
    "totalAmount": "102400",
    "useAmount": "0",
    "remainAmount": "102400",
}


def said(*result: Any, status: str = "0", message: str = "正确") -> Reply:
    """An answer as the platform gives all of them."""
    return Reply.of({"status": status, "message": message, "result": list(result)})


STALE_TOKEN = said(status="12021", message="TOKEN不存在或已过期，请重新获取")
BAD_CREDENTIALS = said(status="12022", message="appid或password错误")


def answer(asked: RecordedCall) -> Reply:
    """What the platform says where all is well."""
    return _answer(asked, plans=[FIRST_PLAN], margins=[MARGIN])


def after(action: Action, asked: RecordedCall) -> Reply:
    """The same once the order has taken effect."""
    if action is Action.RENEW:
        return _answer(asked, plans=[FIRST_PLAN, NEXT_PLAN], margins=[MARGIN])
    return _answer(asked, plans=[FIRST_PLAN, ADD_ON_PLAN], margins=[MARGIN, ADD_ON_MARGIN])


def _answer(asked: RecordedCall, *, plans: list[Any], margins: list[Any]) -> Reply:
    fields = dict(asked.query) | asked.json()
    is_login = asked.path.endswith("/get/token")
    if is_login and {name: fields.get(name) for name in CONFIG} != CONFIG:
        return BAD_CREDENTIALS
    if not is_login and fields.get("token") != TOKEN:
        return STALE_TOKEN
    known = {
        "/get/token": said({"token": TOKEN, "ttl": "1800"}),
        "/query/sim-card-info/batch": said(
            *(
                CARD if iccid == ICCID else {"status": "12010", "message": "卡号鉴权失败，号码不存在", "iccid": iccid}
                for iccid in fields.get("iccids", "").split("_")
            )
        ),
        "/query/sim-status": said({"cardStatus": "2", "lastChangeDate": "2026-01-01 00:00:00"}),
        "/query/ordered-offerings": said({"offeringInfoList": plans}),
        "/query/sim-data-margin": said({"accmMarginList": margins}),
        "/query/sim-stop-reason": said({"platformType": "OneLink-CT", "stopReason": "000020000000"}),
        "/order/gprspackage-order": said({"msisdn": fields.get("msisdn"), "orderNum": "20260310000000017"}),
        "/order/gprspackage-order/batch": said({"jobId": "20260310000000018"}),
        "/query/order-info": said({"orderNum": fields.get("orderNum"), "status": "completed"}),
    }
    return known.get(asked.path.removeprefix("/v5/ec"), said(status="404", message="未知接口"))


ANOTHER = {"msisdn": "1440000000018", "iccid": "89860400000000000025"}


def of_another(asked: RecordedCall) -> Reply | None:
    """The same of another card, named as the platform names cards: by number, by ICCID or both; orders by theirs."""
    path = asked.path.removeprefix("/v5/ec")
    given = json.loads(answer(asked).body)
    names = {
        "/query/sim-card-info/batch": {**ANOTHER, "status": "0"},
        "/query/sim-status": ANOTHER,
        "/query/ordered-offerings": {"iccid": ANOTHER["iccid"]},
        "/query/sim-data-margin": {"msisdn": ANOTHER["msisdn"]},
        "/order/gprspackage-order": {"msisdn": ANOTHER["msisdn"]},
        "/query/order-info": {"orderNum": "20260310000000099"},
    }
    first = given["result"][0] if given["result"] else {}
    return said({**first, **names[path]}) if path in names else None


def in_an_order(reply: Reply) -> Reply | None:
    """An order that failed: the words of a refusal stand beside its status, where there are any."""
    refusal = json.loads(reply.body)
    if refusal["status"] == "0":
        return None
    return said({"orderNum": "20260310000000017", "status": "failed", "message": refusal["message"]})


def in_a_job(reply: Reply) -> Reply | None:
    """A card's entry in a bulk order that is done with failures."""
    refusal = json.loads(reply.body)
    entry = {name: refusal[name] for name in ("status", "message")}
    done = {"jobStatus": "3", "resultList": [{**entry, "resultType": "1", "resultId": MSISDN}]}
    return said(done) if refusal["status"] != "0" else None


RECORDED = Recorded(
    config=CONFIG,
    base_path="/v5/ec",
    iccid=ICCID,
    msisdn=MSISDN,
    unknown_iccid=UNKNOWN,
    plan_codes={Action.RENEW: "300M-12M", Action.ADD_ON: "0"},
    answer=answer,
    after=after,
    of_another=of_another,
    is_change=lambda asked: "/order/" in asked.path,
    is_token=lambda asked: asked.path.endswith("/get/token"),
    token=TOKEN,
    stale_token=STALE_TOKEN,
    bad_credentials=BAD_CREDENTIALS,
    refusals=(
        Refusal(reply=said(status="12010", message="该号码不存在"), outcome=Outcome.REJECTED, reason=Reason.SIM),
        Refusal(
            reply=said(status="12089", message="用户当前状态不允许办理"), outcome=Outcome.REJECTED, reason=Reason.SIM
        ),
        Refusal(reply=said(status="12062", message="资费不可订购"), outcome=Outcome.REJECTED, reason=Reason.PLAN),
        Refusal(
            reply=said(status="12051", message="集团客户账户余额不足"), outcome=Outcome.NOT_SENT, reason=Reason.ACCOUNT
        ),
        Refusal(
            reply=said(status="12071", message="同一卡号30分钟内不能重复办理业务"),
            outcome=Outcome.NOT_SENT,
            reason=Reason.TEMPORARY,
        ),
        Refusal(reply=said(status="12000", message="接口调用过于频繁"), outcome=Outcome.NOT_SENT, reason=Reason.AWAY),
        Refusal(reply=said(status="500", message="系统内部错误"), outcome=Outcome.UNKNOWN),
        Refusal(reply=said(status="500", message="处理超时"), outcome=Outcome.UNKNOWN),
        Refusal(reply=said(status="12070", message="业务正在处理中"), outcome=Outcome.UNKNOWN),
        Refusal(reply=said(status="77777", message="???"), outcome=Outcome.UNKNOWN),
        Refusal(reply=said(), outcome=Outcome.UNKNOWN),
    ),
    paths=(
        Path(
            name="by order",
            number="20260310000000017",
            is_question=lambda asked: asked.path.endswith("/query/order-info"),
            told=in_an_order,
        ),
        Path(
            name="by job",
            number="batch:20260310000000018",
            is_question=lambda asked: asked.path.endswith("/query/sim-batch-result"),
            told=in_a_job,
        ),
    ),
)
