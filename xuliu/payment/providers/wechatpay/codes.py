"""What WeChat Pay's states and error codes mean (pay.weixin.qq.com/doc/v3/merchant; of refunds 4013071031)."""

from xuliu.payment.contract import Malformed, Response, Status
from xuliu.payment.reading import json_object, optional_text

PAYMENT_STATUSES = {
    "SUCCESS": Status.SUCCEEDED,
    "REFUND": Status.REFUNDED,
    "NOTPAY": Status.PENDING,
    "USERPAYING": Status.PENDING,
    "ACCEPT": Status.PENDING,
    "CLOSED": Status.CLOSED,
    "REVOKED": Status.CLOSED,
    "PAYERROR": Status.FAILED,
}
REFUND_STATUSES = {
    "SUCCESS": Status.SUCCEEDED,
    "PROCESSING": Status.PENDING,
    "CLOSED": Status.CLOSED,  # our balance did not suffice for seven days; to be asked for under a new number
    "ABNORMAL": Status.FAILED,  # the payer's card is gone; a person ends it in the merchant platform, the same number
}

# What WeChat Pay states that it did not do. Whatever is not listed here is UNKNOWN, and asked about.
REFUSED = frozenset({"PARAM_ERROR", "INVALID_REQUEST"})
OPENING_REFUSED = REFUSED | {"ORDER_CLOSED", "ORDERCLOSED", "TRADE_ERROR"}
REFUND_REFUSED = REFUSED | {"USER_ACCOUNT_ABNORMAL", "REQUEST_BLOCKED", "RESOURCE_NOT_EXISTS"}
ALREADY_PAID = frozenset({"ORDERPAID", "ORDER_PAID"})
ALREADY_CLOSED = frozenset({"ORDER_CLOSED", "ORDERCLOSED"})
NOT_THERE = frozenset({"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"})
# Trouble with our own keys, merchant id and rights, whatever is asked; and so is every 401, signed or not.
OURS = frozenset({"SIGN_ERROR", "NO_AUTH", "NOAUTH", "MCH_NOT_EXISTS", "APPID_MCHID_NOT_MATCH"})
# Nothing was done and the same request may come again: too many requests, the payer is typing the password, or our
# own balance does not suffice for a refund yet.
LATER = frozenset({"NOT_ENOUGH", "FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED", "RULE_LIMIT", "RULELIMIT", "USERPAYING"})


def code_in(answer: Response) -> str:
    """The code that an answer names; "" for none."""
    try:
        return optional_text(json_object(answer.body), "code")
    except Malformed:
        return ""


# WeChat shows the payer why money came back, in the payer's WeChat; what we cannot say there is only a refund.
REFUND_WORDS = {
    "not_provisioned": "套餐未能开通，款项退回",
    "paid_twice": "重复支付，款项退回",
    "paid_late": "超过支付时限，款项退回",
    "rest": "余款退回",
}
