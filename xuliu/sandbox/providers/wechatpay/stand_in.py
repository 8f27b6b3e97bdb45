"""WeChat Pay v3: native, jsapi, query, close, refund, certificates.

After pay.weixin.qq.com's documentation and the vendor's own client wechatpay-apiv3/wechatpay-go. Requests must be
signed by the merchant; answers are signed by the platform.
"""

import json
import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from xuliu.sandbox.engine.clock import instant
from xuliu.sandbox.engine.courier import Courier
from xuliu.sandbox.engine.credentials import Keys
from xuliu.sandbox.engine.faults import ALONE, Fault
from xuliu.sandbox.engine.payments import Declined, Opening, RefundLimits
from xuliu.sandbox.engine.provider import ProviderStandIn
from xuliu.sandbox.engine.routes import Route, find
from xuliu.sandbox.engine.server import Request, Response, json_response
from xuliu.sandbox.engine.stand_in import Intent, Parts
from xuliu.sandbox.engine.store import Row
from xuliu.sandbox.providers.wechatpay import keys
from xuliu.sandbox.providers.wechatpay.checks import amount, body, is_ours, opening, reference, text
from xuliu.sandbox.providers.wechatpay.payer import Payer
from xuliu.sandbox.providers.wechatpay.signing import TABLES, BadSignature, Signing
from xuliu.sandbox.providers.wechatpay.words import (
    CHINA,
    DECLINED,
    REFUND_WORDS,
    STATED,
    VendorError,
    china_time,
    error,
    new_openid,
    prepay_id,
    refund_shown,
    refund_told,
    transaction_shown,
    unpaid_shown,
)


class WeChatPay(ProviderStandIn):
    """The stand-in."""

    code = "wechatpay"
    name = "WeChat Pay"
    settings = {"wechatpay_mode": "public_key", "refund_spacing_seconds": 60.0}
    choices = {"wechatpay_mode": ("public_key", "certificate")}
    faults = {**ProviderStandIn.faults, "bad_signature": ()}
    tables = TABLES
    repeats = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)

    def __init__(self, parts: Parts, courier: Courier) -> None:
        super().__init__(parts, courier)
        self._signing = Signing(parts)
        self._payer = Payer(parts, self.payments, self._signing, self.pay)
        out_trade_no = r"/v3/pay/transactions/out-trade-no/([^/]{1,64})"
        self._routes = (
            Route("POST", r"/v3/pay/transactions/native", "native", "change", self._native),
            Route("POST", r"/v3/pay/transactions/jsapi", "jsapi", "change", self._jsapi),
            Route("GET", out_trade_no, "query", "read", self._query),
            Route("POST", rf"{out_trade_no}/close", "close", "change", self._close),
            Route("GET", r"/v3/pay/transactions/id/([^/]{1,64})", "query_by_number", "read", self._query_by_number),
            Route("POST", r"/v3/refund/domestic/refunds", "refund", "change", self._refund),
            Route("GET", r"/v3/refund/domestic/refunds/([^/]{1,64})", "refund_query", "read", self._refund_query),
            Route("GET", r"/v3/certificates", "certificates", "read", self._certificates),
        )

    def route(self, request: Request) -> Intent | Response:
        """The merchant's interfaces; everything outside /v3 is the payer's."""
        if not request.path.startswith("/v3/"):
            if request.path == "/sns/oauth2/access_token":
                return Intent("oauth", ALONE, lambda: self._payer.access_token(request))
            return self._payer.answer(request)
        found = find(self._routes, request.method, request.path)
        if found is None:
            return error(404, "RESOURCE_NOT_EXISTS", "请求的资源不存在")
        route, named = found
        about = reference(request, named)
        run = partial(self._run, route, request, named, about)
        return Intent(route.operation, route.group, run, about)

    def faulty(self, fault: Fault, request: Request) -> Response:
        """429, the system's error, or a signature that is not accepted."""
        if fault.kind == "too_many":
            response = error(429, "FREQUENCY_LIMITED", "频率超限")
            response.headers["Retry-After"] = str(fault.more.get("retry_after", 1))
            return response
        if fault.kind == "token_expired":
            return error(401, "SIGN_ERROR", "签名错误")
        return error(500, "SYSTEM_ERROR", "系统错误")

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

    def _run(self, route: Route, request: Request, named: str, about: str) -> Response:
        self.settle()
        try:
            self._signing.check(request)
            self._refuse(route, about)
            return route.answer(request, named)
        except BadSignature as bad:
            return error(401, "SIGN_ERROR", str(bad))
        except VendorError as no:
            return error(no.status, no.code, no.message)
        except Declined as no:
            return error(*DECLINED[no.why])

    def _refuse(self, route: Route, about: str) -> None:
        kinds = {"refuse"}
        fault = self._faults.pick(self.code, route.operation, route.group, kinds=kinds, reference=about)
        if fault is not None:
            status, code, message = STATED[fault.reason]
            more = fault.more
            raise VendorError(
                int(more.get("status", status)), str(more.get("code", code)), str(more.get("message", message))
            )

    @classmethod
    def make_keys(cls) -> Keys:
        """The merchant's and the platform's."""
        return keys.made()

    def limits(self) -> RefundLimits:
        """Fifty a payment, a minute apart, within a year."""
        return RefundLimits(
            most=50, within_seconds=365 * 86400, spacing_seconds=self._settings["refund_spacing_seconds"]
        )

    def new_number(self, kind: str) -> str:
        """Day and a series; nobody guesses a transaction's."""
        day, number = instant(self._clock.timestamp()).astimezone(CHINA), self._store.next_number(f"wechatpay {kind}")
        if kind == "refund":
            return f"5030{day:%y%m%d}{number:018d}"
        return f"4200{day:%y%m%d}{number:08d}{secrets.randbelow(10**10):010d}"

    def transaction(self, payment: Row, reported: Row) -> Row:
        """Who paid, and to whom."""
        said = {"openid": payment["openid"] or new_openid()}
        said |= {name: self._credentials[name] for name in ("mchid", "appid")}
        heard = {**reported, "mchid": reported.get("merchant_number")}
        return said | {name: heard[name] for name in said if heard.get(name)}

    def payment_notice(self, notice_id: str, payment: Row, transaction: Row) -> bytes:
        """TRANSACTION.SUCCESS."""
        sealed = self._sealed(transaction_shown(payment, transaction), "transaction")
        return self._notice(notice_id, "TRANSACTION.SUCCESS", "支付成功", sealed)

    def refund_notice(self, notice_id: str, refund: Row) -> bytes:
        """REFUND.SUCCESS, .CLOSED or .ABNORMAL."""
        told = refund_told(refund, self._credentials["mchid"])
        status = told["refund_status"]
        return self._notice(notice_id, f"REFUND.{status}", REFUND_WORDS[status], self._sealed(told, "refund"))

    def _sealed(self, resource: Row, original: str, **more: str) -> dict[str, str]:
        return self._signing.sealed(resource, original, original_type=original, **more)

    def _notice(self, notice_id: str, event: str, summary: str, resource: dict[str, str]) -> bytes:
        content = {"id": notice_id, "create_time": china_time(self._clock.timestamp())}
        content |= {"resource_type": "encrypt-resource", "event_type": event, "summary": summary}
        return json.dumps({**content, "resource": resource}, ensure_ascii=False, separators=(",", ":")).encode()

    def signed(self, body: bytes, *, is_genuine: bool = True) -> dict[str, str]:
        """In the mode that is set."""
        signer = self._signing.signer()
        return self._signing.headers(body, signer if is_genuine else self._signing.impostor(signer.serial))

    def garbled(self, body: bytes) -> bytes:
        """What cannot be decrypted."""
        content = json.loads(body)
        content["resource"]["ciphertext"] = content["resource"]["ciphertext"][::-1]
        return json.dumps(content).encode()

    def forged(self, wanted: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
        """With a genuine signature or a wrong one."""
        original = wanted.get("original_type", "transaction")
        key = secrets.token_hex(16) if wanted.get("is_unreadable") else ""
        sealed = self._sealed(wanted.get("resource", {}), original, key=key)
        event = wanted.get("event_type", "TRANSACTION.SUCCESS")
        body = self._notice(wanted.get("id") or str(uuid.uuid4()), event, "支付成功", sealed)
        serial = wanted.get("serial", "")
        signer = self._signing.signer(serial)
        if wanted.get("key", "genuine") == "wrong":
            signer = self._signing.impostor(serial or signer.serial)
        headers = self._signing.headers(body, signer, offset=float(wanted.get("timestamp_offset", 0)))
        headers |= {"Wechatpay-Serial": serial} if serial else {}
        return body.replace(b'"summary"', b'"Summary"') if wanted.get("tamper") else body, headers

    def _native(self, request: Request, _: str) -> Response:
        payment = self._open("native", opening(request, self._credentials, self._clock.now()))
        return json_response({"code_url": self.page(request, f"/pay/{payment['token']}")})

    def _jsapi(self, request: Request, _: str) -> Response:
        wanted = opening(request, self._credentials, self._clock.now())
        if not isinstance(wanted.get("payer"), dict) or not wanted["payer"].get("openid"):
            raise VendorError(400, "PARAM_ERROR", "缺少参数：payer.openid")
        return json_response({"prepay_id": prepay_id(self._open("jsapi", wanted))})

    def _open(self, kind: str, wanted: dict[str, Any]) -> Row:
        expires = wanted.get("time_expire")
        asked = Opening(
            reference=wanted["out_trade_no"],
            kind=kind,
            content=json.dumps({**wanted, "kind": kind}, sort_keys=True),
            amount_minor=wanted["amount"]["total"],
            currency=wanted["amount"].get("currency", "CNY"),
            description=wanted["description"],
            notify_url=wanted["notify_url"],
            expires_at=datetime.fromisoformat(expires).timestamp() if expires else None,
            more={"attach": wanted.get("attach", ""), "openid": wanted.get("payer", {}).get("openid", "")},
        )
        return self.payments.open(asked)

    def _query(self, request: Request, reference: str) -> Response:
        is_ours(request.query, self._credentials, "mchid")
        payment = self.payments.existing(reference)
        paid = self.payments.transactions(reference)
        return json_response(self._shown(payment, paid[0]) if paid else unpaid_shown(payment, self._credentials))

    def _query_by_number(self, request: Request, number: str) -> Response:
        is_ours(request.query, self._credentials, "mchid")
        paid = self.payments.transaction(number)
        if paid is None:
            raise Declined("unknown")
        return json_response(self._shown(self.payments.existing(paid["reference"]), paid))

    def _shown(self, payment: Row, paid: Row) -> dict[str, Any]:
        is_refunded = self.payments.has_refunds(payment["reference"])
        return transaction_shown(payment, paid, "REFUND" if is_refunded else "SUCCESS")

    def _close(self, request: Request, reference: str) -> Response:
        is_ours(body(request), self._credentials, "mchid")
        payment = self.payments.close(reference)
        if payment["is_paid_when_closed"]:  # a payer who was told to press the button a moment too late
            self.pay(payment)
        return Response(204)

    def _refund(self, request: Request, _: str) -> Response:
        wanted = body(request)
        text(wanted, "out_refund_no", r"[0-9A-Za-z_\-|*@]{1,64}")
        if not wanted.get("transaction_id") and not wanted.get("out_trade_no"):
            raise VendorError(400, "PARAM_ERROR", "transaction_id和out_trade_no必须二选一")
        amount(wanted, "refund", "total")
        of, url = wanted["amount"], wanted.get("notify_url", "")
        currency = of.get("currency", "CNY")
        refund = self.give_back(wanted["out_refund_no"], self._paid(wanted), of["refund"], of["total"], currency, url)
        return json_response(refund_shown(refund))

    def _paid(self, wanted: dict[str, Any]) -> Row:
        """The transaction that a refund is about."""
        if not wanted.get("transaction_id"):
            return self.first_transaction(str(wanted["out_trade_no"]))
        found = self.payments.transaction(str(wanted["transaction_id"]))
        if found is None:
            raise Declined("transaction_unknown")
        return found

    def _refund_query(self, _: Request, reference: str) -> Response:
        refund = self.payments.refund_row(reference)
        if refund is None:
            raise Declined("refund_unknown")
        return json_response(refund_shown(refund))

    def _certificates(self, _request: Request, _: str) -> Response:
        """The platform's certificate, sealed with the merchant's key."""
        sealed = self._signing.sealed(self._credentials["platform_certificate"], "certificate")
        dates = {"effective_time": "2020-01-01T00:00:00+08:00", "expire_time": "2040-01-01T00:00:00+08:00"}
        listed = {"serial_no": self._credentials["platform_serial"], **dates, "encrypt_certificate": sealed}
        return json_response({"data": [listed]})
