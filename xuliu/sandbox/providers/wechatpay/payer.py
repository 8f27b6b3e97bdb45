"""The payer's side: the page where a person plays the payer, WeChat's sign-in, and the bridge of its browser."""

import html
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Template
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from xuliu.sandbox.engine.clock import instant
from xuliu.sandbox.engine.payments import Payments
from xuliu.sandbox.engine.server import Request, Response, json_response
from xuliu.sandbox.engine.stand_in import Parts
from xuliu.sandbox.engine.store import Row
from xuliu.sandbox.providers.wechatpay.payer_words import WORDS
from xuliu.sandbox.providers.wechatpay.signing import Signing
from xuliu.sandbox.providers.wechatpay.words import CHINA, TOKEN_LENGTH, new_openid, prepay_id

PAGE = Template((Path(__file__).parent / "payer.html").read_text(encoding="utf-8"))
CODE_SECONDS = 300
NOT_SEEN = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


class Payer:
    """Whoever pays."""

    def __init__(self, parts: Parts, payments: Payments, signing: Signing, pay: Callable[..., Row]) -> None:
        self._store = parts.store
        self._clock = parts.clock
        self._credentials = parts.keys.ours
        self._payments = payments
        self._signing = signing
        self._pay = pay

    def answer(self, request: Request) -> Response:
        """Everything on the payer's paths."""
        answers: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", "/connect/oauth2/authorize"): self._authorize,
            ("GET", "/jsapi/pay"): self._bridge,
        }
        if (request.method, request.path) in answers:
            return answers[request.method, request.path](request)
        if request.path.startswith("/pay/"):
            return self._page(request, request.path.removeprefix("/pay/"))
        return Response(404, b"not found", {"Content-Type": "text/plain"})

    def _authorize(self, request: Request) -> Response:
        """WeChat sends the browser back with a code; who it is stays the same for a browser."""
        back = request.query.get("redirect_uri", "")
        if request.query.get("appid") != self._credentials["appid"] or not back.startswith(("http://", "https://")):
            return Response(400, "redirect_uri 参数错误".encode(), {"Content-Type": "text/plain; charset=utf-8"})
        openid = _cookie(request, "openid") or new_openid()
        code = secrets.token_urlsafe(24)
        row: Row = {
            "value": code,
            "peer": "oauth",
            "subject": openid,
            "expires_at": self._clock.timestamp() + CODE_SECONDS,
        }
        self._store.insert("tokens", row)
        parts = urlsplit(back)
        given = parse_qsl(parts.query, keep_blank_values=True)
        query = [*given, ("code", code), ("state", request.query.get("state", ""))]
        there = urlunsplit(parts._replace(query=urlencode(query), fragment=""))
        return Response(302, b"", {"Location": there, "Set-Cookie": f"openid={openid}; Path=/; HttpOnly; SameSite=Lax"})

    def access_token(self, request: Request) -> Response:
        """The openid for a code, once and within five minutes."""
        query = request.query
        if query.get("appid") != self._credentials["appid"]:
            return json_response({"errcode": 40013, "errmsg": "invalid appid"})
        if query.get("secret") != self._credentials["app_secret"]:
            return json_response({"errcode": 40125, "errmsg": "invalid appsecret"})
        statement = "SELECT * FROM tokens WHERE peer IN ('oauth', 'oauth_used') AND value = ?"
        found = self._store.row(statement, (query.get("code", ""),))
        if found is None or found["expires_at"] <= self._clock.timestamp():
            return json_response({"errcode": 40029, "errmsg": "invalid code"})
        if found["peer"] == "oauth_used":
            return json_response({"errcode": 40163, "errmsg": "code been used"})
        self._store.write("UPDATE tokens SET peer = 'oauth_used' WHERE value = ?", (found["value"],))
        tokens = {name: secrets.token_urlsafe(48) for name in ("access_token", "refresh_token")}
        return json_response({**tokens, "expires_in": 7200, "openid": found["subject"], "scope": "snsapi_base"})

    def _bridge(self, request: Request) -> Response:
        """What WeChat's browser does with a page's request to pay: check its signature, then ask the payer."""
        query = request.query
        package = query.get("package", "")
        payment = self._by_prepay_id(package.removeprefix("prepay_id="))
        parts = (query.get("appId", ""), query.get("timeStamp", ""), query.get("nonceStr", ""), package)
        if (
            payment is None
            or query.get("signType") != "RSA"
            or not self._signing.is_merchants(query.get("paySign", ""), *parts)
        ):
            return Response(400, "支付验证签名失败".encode(), {"Content-Type": "text/plain; charset=utf-8"})
        back = query.get("return_url", "")
        if back.startswith(("http://", "https://")):
            self._payments.change(payment, return_url=back)
        return Response(302, b"", {"Location": f"/pay/{payment['token']}"})

    def _by_prepay_id(self, prepay: str) -> Row | None:
        payment = self._payments.by_token(prepay[-TOKEN_LENGTH:])
        return payment if payment is not None and prepay_id(payment) == prepay else None

    def _page(self, request: Request, token: str) -> Response:
        language = _language(request)
        payment = self._payments.by_token(token)
        if payment is None:
            return Response(404, WORDS[language]["unknown"].encode(), {"Content-Type": "text/plain; charset=utf-8"})
        if request.method == "POST":
            with self._store.transaction():  # so that nobody closes it between the look and the payment
                payment = self._payments.existing(payment["reference"])
                self._pressed(payment, request.fields().get("action", ""), _cookie(request, "openid"))
            return Response(303, b"", {"Location": f"/pay/{token}?lang={language}"})
        body = self._rendered(payment, language).encode()
        return Response(
            200, body, {"Content-Type": "text/html; charset=utf-8", "Content-Language": language, **NOT_SEEN}
        )

    def _pressed(self, payment: Row, action: str, openid: str) -> None:
        """A button: pay; pay once more; pay when the merchant has closed it."""
        is_open = payment["state"] == "open" and not self._payments.is_expired(payment)
        if action == "late" and is_open:
            self._payments.change(payment, is_paid_when_closed=1)
        else:
            is_paid = payment["state"] == "paid"
            wanted = {"pay": is_open, "twice": 2 * is_open, "again": is_paid, "late": not is_paid}
            for _ in range(wanted.get(action, 0)):
                self._pay(payment, reported={"openid": openid})

    def _rendered(self, payment: Row, language: str) -> str:
        words = WORDS[language]
        state = self._state(payment)
        paid = self._payments.transactions(payment["reference"])
        facts = {words["order"]: payment["reference"], words["what"]: payment["description"]}
        facts[words["opened"]] = _when(payment["created_at"])
        if payment["expires_at"] is not None:
            facts[words["expires"]] = _when(payment["expires_at"])
        facts |= {f"{words['paid']} {at}": f"{one['number']} · {_money(one)}" for at, one in enumerate(paid, 1)}
        listed = "".join(
            f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>" for name, value in facts.items()
        )
        back = payment["return_url"]
        link = f'<p><a class="back" href="{html.escape(back)}">{html.escape(words["back"])}</a></p>' if back else ""
        other = "en" if language == "zh-CN" else "zh-CN"
        return PAGE.substitute(
            words,
            language=language,
            other=other,
            other_name=WORDS[other]["own_name"],
            amount=html.escape(_money(payment)),
            state=state,
            saying=html.escape(words[f"is_{state}"]),
            buttons="".join(_button(action, words) for action in BUTTONS[state]),
            facts=listed,
            back_link=link,
        )

    def _state(self, payment: Row) -> str:
        if payment["state"] == "paid":
            return "twice" if len(self._payments.transactions(payment["reference"])) > 1 else "paid"
        if payment["state"] == "closed":
            return "closed"
        if self._payments.is_expired(payment):
            return "expired"
        return "armed" if payment["is_paid_when_closed"] else "open"


BUTTONS = {
    "open": ("pay", "twice", "late"),
    "armed": ("pay",),
    "closed": ("late",),
    "expired": ("late",),
    "paid": ("again",),
    "twice": ("again",),
}


def _button(action: str, words: Mapping[str, str]) -> str:
    label, hint = html.escape(words[f"do_{action}"]), html.escape(words[f"hint_{action}"])
    kind = "go" if action == "pay" else "other"
    return f'<button class="{kind}" name="action" value="{action}">{label}<small>{hint}</small></button>'


def _language(request: Request) -> str:
    asked = request.query.get("lang") or request.headers.get("accept-language", "")
    return "en" if asked.lower().startswith("en") else "zh-CN"


def _cookie(request: Request, name: str) -> str:
    pairs = (pair.strip().partition("=") for pair in request.headers.get("cookie", "").split(";"))
    return next((value for key, _, value in pairs if key == name), "")


def _money(row: Row) -> str:
    sign = {"CNY": "¥", "EUR": "€", "USD": "$"}.get(row["currency"], f"{row['currency']} ")
    return f"{sign}{row['amount_minor'] / 100:,.2f}"


def _when(at: float) -> str:
    return instant(at).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
