"""WeChat Pay v3: native, jsapi, query, close, refund, certificates.

After pay.weixin.qq.com's documentation and the vendor's own client wechatpay-apiv3/wechatpay-go. Requests must be
signed by the merchant; answers are signed by the platform.
"""

import re
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from xuliu.sandbox.engine.clock import CHINA, Clock
from xuliu.sandbox.engine.exchange import Call
from xuliu.sandbox.engine.faults import Fault, Faults
from xuliu.sandbox.engine.server import Request, Response, json_response
from xuliu.sandbox.engine.settings import Settings
from xuliu.sandbox.providers.wechatpay.books import Payments, Refused
from xuliu.sandbox.providers.wechatpay.notices import Courier
from xuliu.sandbox.providers.wechatpay.payer import Payer
from xuliu.sandbox.providers.wechatpay.signing import BadSignature, Signing

MOST_DESCRIPTION_BYTES = 127
STATED = {
    "sim": (400, "INVALID_REQUEST", "参数错误"),
    "plan": (403, "RULE_LIMIT", "业务规则限制"),
    "account": (403, "NOT_ENOUGH", "商户可用退款余额不足"),
    "temporary": (500, "SYSTEM_ERROR", "系统异常，请稍后重试"),
}
Answering = Callable[[Request, str], Response]


class WeChatPay:
    """The stand-in."""

    name = "wechatpay"

    def __init__(
        self,
        *,
        clock: Clock,
        settings: Settings,
        faults: Faults,
        signing: Signing,
        payments: Payments,
        courier: Courier,
        payer: Payer,
        credentials: dict[str, str],
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._faults = faults
        self._signing = signing
        self._payments = payments
        self._courier = courier
        self._payer = payer
        self._credentials = credentials
        out_trade_no = r"/v3/pay/transactions/out-trade-no/([^/]{1,64})"
        self._routes: tuple[tuple[str, str, str, str, Answering], ...] = (
            ("POST", r"/v3/pay/transactions/native", "native", "change", self._native),
            ("POST", r"/v3/pay/transactions/jsapi", "jsapi", "change", self._jsapi),
            ("GET", out_trade_no, "query", "read", self._query),
            ("POST", rf"{out_trade_no}/close", "close", "change", self._close),
            ("GET", r"/v3/pay/transactions/id/([^/]{1,64})", "query_by_number", "read", self._query_by_number),
            ("POST", r"/v3/refund/domestic/refunds", "refund", "change", self._refund),
            ("GET", r"/v3/refund/domestic/refunds/([^/]{1,64})", "refund_query", "read", self._refund_query),
            ("GET", r"/v3/certificates", "certificates", "read", self._certificates),
        )

    def route(self, request: Request) -> Call | Response:
        """The merchant's interfaces; everything outside /v3 is the payer's."""
        if not request.path.startswith("/v3/"):
            if request.path == "/sns/oauth2/access_token":
                return Call("oauth", "oauth", lambda: self._payer.access_token(request))
            return self._payer.answer(request)
        for method, pattern, operation, group, answer in self._routes:
            found = re.fullmatch(pattern, request.path)
            if found is not None and method == request.method:
                named = found.group(1) if found.groups() else ""
                return Call(
                    operation,
                    group,
                    self._running(operation, group, answer, request, named),
                    _reference(request, named),
                )
        return _error(404, "RESOURCE_NOT_EXISTS", "请求的资源不存在")

    def faulty(self, fault: Fault, request: Request) -> Response:
        """429, the system's error, or a signature that is not accepted."""
        if fault.kind == "too_many":
            response = _error(429, "FREQUENCY_LIMITED", "频率超限")
            response.headers["Retry-After"] = str(fault.more.get("retry_after", 1))
            return response
        if fault.kind == "token_expired":
            return _error(401, "SIGN_ERROR", "签名错误")
        return _error(500, "SYSTEM_ERROR", "系统错误")

    def finish(self, response: Response, request: Request, fault: Fault | None) -> Response:
        """Sign the answer, in the mode that the caller knows."""
        if not request.path.startswith("/v3/"):
            return response
        signer = self._signing.signer(request.headers.get("wechatpay-serial", ""))
        if fault is not None and fault.kind == "bad_signature":
            signer = self._signing.impostor(signer.serial)
        response.headers |= {
            "Request-ID": secrets.token_hex(16).upper(),
            **self._signing.headers(response.body, signer),
        }
        return response

    def _running(
        self, operation: str, group: str, answer: Answering, request: Request, named: str
    ) -> Callable[[], Response]:
        def run() -> Response:
            self.settle()
            try:
                self._signing.check(request)
                self._refuse(operation, group, _reference(request, named))
                return answer(request, named)
            except BadSignature as bad:
                return _error(401, "SIGN_ERROR", str(bad))
            except Refused as no:
                return _error(no.status, no.code, no.message)

        return run

    def _refuse(self, operation: str, group: str, reference: str) -> None:
        fault = self._faults.pick(self.name, operation, group, kinds={"refuse"}, reference=reference)
        if fault is not None:
            status, code, message = STATED[fault.reason]
            more = fault.more
            raise Refused(
                int(more.get("status", status)), str(more.get("code", code)), str(more.get("message", message))
            )

    def settle(self) -> None:
        """End the refunds that are due, let those pay who waited for the end of the time to pay; tell the merchant."""
        for refund in self._payments.settle():
            self._courier.refunded(refund)
        for payment in self._payments.late_payers():
            self._payer.pay(payment)

    def _native(self, request: Request, _: str) -> Response:
        payment = self._payments.open("native", self._opening(request))
        return json_response({"code_url": self._payer.address(payment, request)})

    def _jsapi(self, request: Request, _: str) -> Response:
        wanted = self._opening(request)
        if not isinstance(wanted.get("payer"), dict) or not wanted["payer"].get("openid"):
            raise Refused(400, "PARAM_ERROR", "缺少参数：payer.openid")
        return json_response({"prepay_id": self._payments.open("jsapi", wanted)["prepay_id"]})

    def _opening(self, request: Request) -> dict[str, Any]:
        """The body of an opening, checked as the vendor does."""
        wanted = _body(request)
        self._is_ours(wanted, "mchid", "appid")
        _text(wanted, "out_trade_no", r"[0-9A-Za-z_\-*]{6,32}")
        _text(wanted, "notify_url", r"https?://[^?]{1,250}")
        _text(wanted, "description", r".{1,9999}")
        if len(wanted["description"].encode()) > MOST_DESCRIPTION_BYTES:
            raise Refused(
                400,
                "PARAM_ERROR",
                "输入源“/body/description”映射到值字段“商品描述”字符串规则校验失败，字节数大于最大值127",
            )
        _amount(wanted, "total")
        if "time_expire" in wanted:
            self._check_expiry(wanted["time_expire"])
        return wanted

    def _check_expiry(self, given: Any) -> None:
        try:
            expires = datetime.fromisoformat(str(given))
        except ValueError:
            raise Refused(400, "PARAM_ERROR", "time_expire格式错误，请按RFC 3339传入") from None
        if expires.tzinfo is None or expires.astimezone(CHINA) <= self._clock.now():
            raise Refused(400, "PARAM_ERROR", "time_expire时间过短，请确认参数time_expire是否正确")

    def _is_ours(self, wanted: dict[str, Any], *names: str) -> None:
        for name in names:
            if wanted.get(name) != self._credentials[name]:
                raise Refused(400, "APPID_MCHID_NOT_MATCH" if name == "appid" else "PARAM_ERROR", f"{name}不匹配")

    def _query(self, request: Request, reference: str) -> Response:
        self._is_ours(dict(request.query), "mchid")
        return json_response(self._payments.shown(self._payments.existing(reference)))

    def _query_by_number(self, request: Request, number: str) -> Response:
        self._is_ours(dict(request.query), "mchid")
        payment = self._payments.by_number(number)
        if payment is None:
            raise Refused(404, "ORDER_NOT_EXIST", "订单不存在")
        return json_response(self._payments.shown(payment, number))

    def _close(self, request: Request, reference: str) -> Response:
        self._is_ours(_body(request), "mchid")
        payment = self._payments.close(reference)
        if payment["is_paid_when_closed"]:  # a payer who was told to press the button a moment too late
            self._payer.pay(payment)
        return Response(204)

    def _refund(self, request: Request, _: str) -> Response:
        wanted = _body(request)
        _text(wanted, "out_refund_no", r"[0-9A-Za-z_\-|*@]{1,64}")
        if not wanted.get("transaction_id") and not wanted.get("out_trade_no"):
            raise Refused(400, "PARAM_ERROR", "transaction_id和out_trade_no必须二选一")
        _amount(wanted, "refund", "total")
        reference = str(wanted["out_refund_no"])
        kinds = {"nothing", "fail_later"}
        fault = self._faults.pick(self.name, "refund", "change", kinds=kinds, reference=reference)
        return json_response(self._payments.refund_shown(self._payments.refund(wanted, fault)))

    def _refund_query(self, _: Request, reference: str) -> Response:
        refund = self._payments.refund_row(reference)
        if refund is None:
            raise Refused(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        return json_response(self._payments.refund_shown(refund))

    def _certificates(self, _request: Request, _: str) -> Response:
        """The platform's certificate, sealed with the merchant's key."""
        sealed = self._signing.sealed(self._credentials["platform_certificate"], "certificate")
        dates = {"effective_time": "2020-01-01T00:00:00+08:00", "expire_time": "2040-01-01T00:00:00+08:00"}
        listed = {"serial_no": self._credentials["platform_serial"], **dates, "encrypt_certificate": sealed}
        return json_response({"data": [listed]})


def _reference(request: Request, named: str) -> str:
    """The merchant's own number of what a call is about."""
    if named:
        return named
    body = request.json() if request.body else None
    if not isinstance(body, dict):
        return ""
    return str(body.get("out_refund_no") or body.get("out_trade_no") or "")


def _body(request: Request) -> dict[str, Any]:
    body = request.json()
    if not isinstance(body, dict):
        raise Refused(400, "PARAM_ERROR", "请求体不是合法的JSON")
    return body


def _text(wanted: dict[str, Any], name: str, pattern: str) -> None:
    if not isinstance(wanted.get(name), str) or not re.fullmatch(pattern, wanted[name], re.DOTALL):
        raise Refused(400, "PARAM_ERROR", f"参数{name}有误")


def _amount(wanted: dict[str, Any], *names: str) -> None:
    amount = wanted.get("amount")
    if not isinstance(amount, dict) or amount.get("currency", "CNY") != "CNY":
        raise Refused(400, "PARAM_ERROR", "参数amount有误")
    for name in names:
        if not isinstance(amount.get(name), int) or isinstance(amount[name], bool) or amount[name] < 1:
            raise Refused(400, "PARAM_ERROR", f"参数amount.{name}有误")


def _error(status: int, code: str, message: str) -> Response:
    return json_response({"code": code, "message": message}, status)
