"""WeChat Pay, API v3, for a merchant of its own: Native and JSAPI payments, refunds, notices.

Paths, fields, states and error codes are those of the vendor's documentation (pay.weixin.qq.com/doc/v3/merchant) and of
its SDK wechatpay-apiv3/wechatpay-go (core/auth, core/notify, services/payments, services/refunddomestic).

Everything WeChat Pay says is signed, refusals too, and is checked before a word of it is believed: with the merchant's
WeChat Pay public key (`PUB_KEY_ID_…`, what new merchants have) or with a platform certificate, told apart by the serial
number that comes with each answer and notice. An answer that is not signed is no answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from json import dumps
from typing import Any, ClassVar
from urllib.parse import urlencode

from xuliu.payment.contract import (
    Capabilities,
    ChangeResult,
    Finding,
    Forged,
    LockedOut,
    Malformed,
    NoAnswer,
    NotSent,
    OpenResult,
    Outcome,
    PagePart,
    PaymentRequest,
    RefundRequest,
    Response,
    Session,
    Status,
    StatusReport,
    Subject,
    VerifiedNotice,
    Way,
    setting,
)
from xuliu.payment.keys import BadKey, serial_number
from xuliu.payment.providers.wechatpay import codes
from xuliu.payment.providers.wechatpay import examining as trying
from xuliu.payment.providers.wechatpay.scheme import Wechatpay2
from xuliu.payment.providers.wechatpay.statuses import CURRENCY, status_report
from xuliu.payment.reading import instant, json_object, optional_text, text
from xuliu.payment.signatures import new_nonce, seconds

# Named as the vendor names them, and so are their paths.
NATIVE = Way(code="native", part=PagePart.QR)
JSAPI = Way(code="jsapi", part=PagePart.SHEET, is_in_app=True, has_sign_in=True)
BEIJING = timezone(timedelta(hours=8))
REFERENCE_LENGTH = range(6, 33)
DESCRIPTION_BYTES, WHY_BYTES = 127, 80


@dataclass(frozen=True, slots=True, kw_only=True)
class WechatPayConfig:
    """One merchant id, its keys, and the service account whose openids it knows."""

    mchid: str = field(metadata=setting(zh_hans="商户号", en="Merchant id (mchid)"))
    merchant_serial: str = field(
        metadata=setting(zh_hans="商户证书序列号", en="Merchant certificate serial", tidy=serial_number)
    )
    private_key: str = field(
        repr=False, metadata=setting(zh_hans="商户私钥", en="Merchant private key", is_secret=True, is_long=True)
    )
    api_v3_key: str = field(repr=False, metadata=setting(zh_hans="APIv3 密钥", en="APIv3 key", is_secret=True))
    appid: str = field(metadata=setting(zh_hans="服务号 AppID", en="App id of the service account"))
    app_secret: str = field(
        default="",
        repr=False,
        metadata=setting(zh_hans="服务号 AppSecret", en="App secret of the service account", is_secret=True),
    )
    public_key_id: str = field(default="", metadata=setting(zh_hans="微信支付公钥 ID", en="WeChat Pay public key id"))
    public_key: str = field(
        default="", metadata=setting(zh_hans="微信支付公钥", en="WeChat Pay public key", is_long=True)
    )
    platform_certificates: str = field(
        default="", metadata=setting(zh_hans="微信支付平台证书", en="Platform certificates", is_long=True)
    )
    base_url: str = field(
        default="https://api.mch.weixin.qq.com",
        metadata=setting(zh_hans="支付接口地址", en="Address of the payment API", is_url=True),
    )
    authorise_url: str = field(
        default="https://open.weixin.qq.com/connect/oauth2/authorize",
        metadata=setting(zh_hans="网页授权地址", en="Address of the openid redirect", is_url=True),
    )
    account_url: str = field(
        default="https://api.weixin.qq.com",
        metadata=setting(zh_hans="公众平台接口地址", en="Address of the service account's API", is_url=True),
    )

    @property
    def scheme(self) -> Wechatpay2:
        """How requests are signed and answers believed."""
        return Wechatpay2(**{field.name: getattr(self, field.name) for field in fields(Wechatpay2)})

    def faults(self) -> dict[str, str]:
        """Keys that cannot be used, as they were pasted."""
        return self.scheme.faults()


class Provider:
    """WeChat Pay. Fulfils `xuliu.payment.contract.Provider`."""

    code: ClassVar[str] = "wechatpay"
    name: ClassVar[Mapping[str, str]] = {"zh-hans": "微信支付", "en": "WeChat Pay"}
    capabilities: ClassVar[Capabilities] = Capabilities(
        ways=(NATIVE, JSAPI),
        currencies=frozenset({CURRENCY}),
        refunds_per_payment=50,
        refund_spacing=timedelta(minutes=1),
        refundable_within=timedelta(days=365),
    )
    Config: ClassVar[type[WechatPayConfig]] = WechatPayConfig

    def __init__(self, config: WechatPayConfig) -> None:
        self._config = config
        self._scheme = config.scheme

    @property
    def merchant_number(self) -> str:
        """The merchant id (mchid)."""
        return self._config.mchid

    def open(self, session: Session, opening: PaymentRequest) -> OpenResult:
        """Open a payment; the same opening again gives the same payment."""
        if misfit := _misfit(opening):
            return OpenResult(outcome=Outcome.REJECTED, detail=misfit)
        outcome, detail, said = self._change(
            session,
            operation=f"open {opening.way}",
            path=f"/v3/pay/transactions/{opening.way}",
            payload=self._order(opening),
            reference=opening.reference,
            refused=codes.OPENING_REFUSED,
        )
        if outcome is not Outcome.DONE:
            return OpenResult(outcome=outcome, detail=detail)
        token = optional_text(said, "code_url" if opening.way == NATIVE.code else "prepay_id")
        if not token:
            return OpenResult(outcome=Outcome.UNKNOWN, detail="an answer without anything to pay by")
        return OpenResult(outcome=Outcome.DONE, token=token)

    def query(self, session: Session, reference: str) -> tuple[StatusReport, bytes] | None:
        """The payment by our reference. What came with NOT_FOUND names no reference: `read_notice` calls it odd."""
        path = f"/v3/pay/transactions/out-trade-no/{reference}?mchid={self._config.mchid}"
        return self._question(session, subject=Subject.PAYMENT, path=path, reference=reference)

    def close(self, session: Session, reference: str) -> ChangeResult:
        """Close an unpaid payment. REJECTED tells why by its status: paid, or not there at all."""
        outcome, detail, said = self._change(
            session,
            operation="close",
            path=f"/v3/pay/transactions/out-trade-no/{reference}/close",
            payload={"mchid": self._config.mchid},
            reference=reference,
            refused=codes.REFUSED | codes.ALREADY_PAID | codes.ALREADY_CLOSED | codes.NOT_THERE,
        )
        code = "" if outcome is Outcome.UNKNOWN else optional_text(said, "code")
        if outcome is Outcome.DONE or code in codes.ALREADY_CLOSED:
            return ChangeResult(outcome=Outcome.DONE, detail=detail, status=Status.CLOSED)
        if code in codes.ALREADY_PAID:
            return ChangeResult(outcome=outcome, detail=detail, status=Status.SUCCEEDED)
        return ChangeResult(
            outcome=outcome, detail=detail, status=Status.NOT_FOUND if code in codes.NOT_THERE else None
        )

    def refund(self, session: Session, refund: RefundRequest) -> ChangeResult:
        """Ask for a refund; the same reference again is the same refund. DONE: taken on, its status beside it."""
        outcome, detail, said = self._change(
            session,
            operation="refund",
            path="/v3/refund/domestic/refunds",
            payload={
                "out_trade_no": refund.payment_reference,
                "out_refund_no": refund.reference,
                "reason": _cut(codes.REFUND_WORDS.get(refund.why, "退款"), WHY_BYTES),
                "notify_url": refund.notify_url,
                "amount": {
                    "refund": refund.amount_minor,
                    "total": refund.total_minor,
                    "currency": refund.currency,
                },
            },
            reference=refund.reference,
            refused=codes.REFUND_REFUSED,
        )
        if outcome is not Outcome.DONE:
            return ChangeResult(outcome=outcome, detail=detail)
        try:
            report = status_report(said)
        except Malformed as odd:
            return ChangeResult(outcome=Outcome.UNKNOWN, detail=str(odd))
        if (report.subject, report.reference, report.amount_minor) != (
            Subject.REFUND,
            refund.reference,
            refund.amount_minor,
        ):
            return ChangeResult(outcome=Outcome.UNKNOWN, detail="the answer is about something else")
        return ChangeResult(outcome=Outcome.DONE, number=report.number, detail=report.detail, status=report.status)

    def query_refund(self, session: Session, reference: str) -> tuple[StatusReport, bytes] | None:
        """The refund by our reference; what `query` says of NOT_FOUND holds here too."""
        path = f"/v3/refund/domestic/refunds/{reference}"
        return self._question(session, subject=Subject.REFUND, path=path, reference=reference)

    def examine(self, session: Session) -> list[Finding]:
        """By a payment and a sign-in that nobody has."""
        sign_in = partial(self.payer_id, session) if self._config.app_secret else None
        ask = partial(trying.ask, self._exchange, session, self._config.mchid)
        return trying.findings(ask=ask, sign_in=sign_in)

    def check_signature(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> VerifiedNotice:
        """Serial number first, then age, then signature: a stranger's notice costs nothing. Raises Forged."""
        self._scheme.check(headers=headers, body=body, now=now)
        try:
            envelope = json_object(body)
            notice_id = text(envelope, "id")
        except Malformed as odd:
            raise Forged(f"signed, but {odd}") from odd
        is_refund = str(envelope.get("event_type")).startswith("REFUND.")
        return VerifiedNotice(notice_id=notice_id, subject=Subject.REFUND if is_refund else Subject.PAYMENT)

    def read_notice(self, *, body: bytes, is_pushed: bool) -> StatusReport:
        """What a pushed notice or a query's raw answer says. Raises Malformed."""
        said = json_object(body)
        if not is_pushed:
            return status_report(said)
        report = status_report(json_object(self._scheme.unsealed(said.get("resource"))))
        return replace(report, said_at=instant(said.get("create_time"), is_needed=False))

    def acknowledgement(self, *, is_stored: bool) -> tuple[int, bytes]:
        """200 ends the repeats; anything from 400 on makes WeChat Pay come again, up to a day long."""
        if is_stored:
            return 200, b'{"code":"SUCCESS"}'
        return 500, '{"code":"FAIL","message":"未收妥"}'.encode()

    def payer_script(self, *, token: str, now: datetime) -> dict[str, str]:
        """What the page hands to `WeixinJSBridge.invoke("getBrandWCPayRequest", …)`."""
        package = f"prepay_id={token}"
        at, nonce = seconds(now), new_nonce()
        return {
            "appId": self._config.appid,
            "timeStamp": at,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self._scheme.signed(self._config.appid, at, nonce, package),
        }

    def sign_in_url(self, *, return_url: str, state: str) -> str:
        """The silent redirect (snsapi_base); WeChat is particular about the order of the parameters."""
        where = {"appid": self._config.appid, "redirect_uri": return_url}
        wanted = where | {"response_type": "code", "scope": "snsapi_base", "state": state}
        return f"{self._config.authorise_url}?{urlencode(wanted)}#wechat_redirect"

    def payer_id(self, session: Session, code: str) -> str:
        """The openid for a code, which is good once and for five minutes. Raises NotSent, NoAnswer or Malformed."""
        ours = {"appid": self._config.appid, "secret": self._config.app_secret}
        answer = session.call(
            operation="openid",
            method="GET",
            url=f"{self._config.account_url.rstrip('/')}/sns/oauth2/access_token",
            params=ours | {"code": code, "grant_type": "authorization_code"},
        )
        if answer.status >= 500:
            raise NoAnswer(f"HTTP {answer.status}")
        said = json_object(answer.body)
        if "errcode" in said:
            raise Malformed(f"no openid: errcode {said['errcode']}")
        return text(said, "openid")

    def _order(self, opening: PaymentRequest) -> dict[str, Any]:
        order: dict[str, Any] = {
            "appid": self._config.appid,
            "mchid": self._config.mchid,
            "description": _cut(opening.description, DESCRIPTION_BYTES),
            "out_trade_no": opening.reference,
            "time_expire": opening.expires_at.astimezone(BEIJING).isoformat(timespec="seconds"),
            "notify_url": opening.notify_url,
            "amount": {"total": opening.amount_minor, "currency": opening.currency},
        }
        if opening.way == JSAPI.code:
            order["payer"] = {"openid": opening.payer_id}
        return order

    def _change(
        self,
        session: Session,
        *,
        operation: str,
        path: str,
        payload: Mapping[str, Any],
        reference: str,
        refused: frozenset[str],
    ) -> tuple[Outcome, str, Mapping[str, Any]]:
        """Ask for a change and sort the answer by the only question that matters: was it done?"""
        content = dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            answer = self._exchange(session, operation, "POST", path, content, reference)
            said = json_object(answer.body) if answer.body else {}
        except NotSent as error:
            return Outcome.NOT_SENT, str(error), {}
        except (NoAnswer, Malformed) as error:
            return Outcome.UNKNOWN, str(error), {}
        if answer.status in {200, 204}:
            return Outcome.DONE, "", said
        code, why = optional_text(said, "code"), optional_text(said, "message")
        return _sorted(answer.status, code, refused), f"HTTP {answer.status} {code} {why}".strip()[:200], said

    def _question(
        self, session: Session, *, subject: Subject, path: str, reference: str
    ) -> tuple[StatusReport, bytes] | None:
        try:
            answer = self._exchange(session, f"query {subject}", "GET", path, b"", reference)
            said = json_object(answer.body)
            if answer.status == 404 and optional_text(said, "code") in codes.NOT_THERE:
                return StatusReport(subject=subject, reference=reference, status=Status.NOT_FOUND), answer.body
            report = status_report(said)
        except (NotSent, NoAnswer, Malformed):
            return None
        is_ours = answer.status == 200 and (report.subject, report.reference) == (subject, reference)
        return (report, answer.body) if is_ours else None

    def _exchange(
        self, session: Session, operation: str, method: str, path: str, content: bytes, reference: str
    ) -> Response:
        """One signed request and its checked answer. Raises NotSent, LockedOut, or NoAnswer, also where unsigned."""
        url = self._config.base_url.rstrip("/") + path
        try:
            authorization = self._scheme.authorization(method=method, url=url, content=content, now=session.now())
            serial = self._scheme.answer_serial()
        except BadKey as error:
            raise LockedOut(str(error)) from error
        headers = {
            "Authorization": authorization,
            "User-Agent": "Xuliu",  # WeChat Pay refuses a request without one
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Wechatpay-Serial": serial,  # which key the answer shall be signed with
        }
        answer = session.call(
            operation=operation,
            method=method,
            url=url,
            content=content or None,
            headers=headers,
            reference=reference,
            is_change=method != "GET",
        )
        _check_admitted(answer)
        try:
            self._scheme.check(headers=answer.headers, body=answer.body, now=session.now())
        except Forged as forged:
            raise NoAnswer(f"HTTP {answer.status}, not believed: {forged}") from forged
        return answer


def _check_admitted(answer: Response) -> None:
    """A refusal of our keys need not be signed: believing a false one costs no money. Raises LockedOut."""
    if answer.status not in range(400, 500):
        return
    code = codes.code_in(answer)
    if answer.status == 401 or code in codes.OURS:
        raise LockedOut(f"HTTP {answer.status} {code}".strip()[:200])


def _misfit(opening: PaymentRequest) -> str:
    if len(opening.reference) not in REFERENCE_LENGTH:
        return "the reference is not 6 to 32 characters long"
    if opening.currency != CURRENCY or opening.amount_minor < 1:
        return "only whole fen of CNY, one at least"
    if opening.way == JSAPI.code and not opening.payer_id:
        return "JSAPI needs the payer's openid"
    return ""


def _sorted(status: int, code: str, refused: frozenset[str]) -> Outcome:
    if status >= 500:
        return Outcome.UNKNOWN
    if status == 429 or code in codes.LATER:
        return Outcome.NOT_SENT
    return Outcome.REJECTED if code in refused else Outcome.UNKNOWN


def _cut(text: str, size_bytes: int) -> str:
    return text.encode()[:size_bytes].decode(errors="ignore")
