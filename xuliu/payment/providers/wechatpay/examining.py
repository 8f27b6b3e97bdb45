"""What asking WeChat Pay for a payment and a sign-in that nobody has shows of an account.

A signed "no such order" shows merchant id, certificate serial and both keys at once. The service account's interface
looks at app id and secret before it looks at the code: 40029 and 40163 are about the code alone, 40013 is the app id,
40125 and 41004 the secret (developers.weixin.qq.com, global return codes).
"""

from collections.abc import Callable

from xuliu.payment.contract import Finding, LockedOut, Malformed, NoAnswer, NotSent, Response, Session, TryResult
from xuliu.payment.providers.wechatpay.codes import NOT_THERE, code_in
from xuliu.payment.providers.wechatpay.scheme import ANOTHERS

KEYS = {"zh-hans": "商户号、证书序列号与双方密钥", "en": "Merchant id, certificate serial and both keys"}
APP = {"zh-hans": "服务号 AppID 与 AppSecret", "en": "App id and secret of the service account"}
API_KEY = {"zh-hans": "APIv3 密钥", "en": "APIv3 key"}
CODE_IS_WRONG = ("40029", "40163")
APP_ID_IS_WRONG = ("40013", "41002")
SECRET_IS_WRONG = ("40001", "40125", "41004")
NO_SUCH_APP = {
    "zh-hans": "微信查无此 AppID，请到服务号后台重新复制。",
    "en": "WeChat does not know this app id. Copy it once more from the service account.",
}
APP_REFUSED = {
    "zh-hans": "微信拒绝此 AppSecret，请重新复制；重置后旧的即失效。",
    "en": "WeChat refuses this app secret. Copy it once more; a new one makes the old one useless.",
}
SEEN_LATER = {
    "zh-hans": "收到第一笔支付通知后才能验证。",
    "en": "It shows with the first notice.",
}
NOT_GIVEN = {
    "zh-hans": "未填写，付款人无法在微信内支付。",
    "en": "Not given; nobody can pay inside WeChat.",
}
ODD = {
    "zh-hans": "微信竟接受了不存在的授权码，无法判断。",
    "en": "WeChat took a sign-in code that nobody has.",
}
ANOTHERS_KEY = {
    "zh-hans": "微信支付签名所用的密钥与填写的不符，请重新复制微信支付公钥和公钥 ID。",
    "en": "WeChat Pay signs with another key than the one entered. Copy its public key and key id once more.",
}
NOBODYS = "xuliu0try0nobody0has0this"


def ask(exchange: Callable[..., Response], session: Session, mchid: str) -> Response:
    """The answer to a query for the payment that nobody has."""
    path = f"/v3/pay/transactions/out-trade-no/{NOBODYS}?mchid={mchid}"
    return exchange(session, "query payment", "GET", path, b"", NOBODYS)


def findings(*, ask: Callable[[], Response], sign_in: Callable[[str], object] | None) -> list[Finding]:
    """`ask` queries a payment that nobody has; `sign_in` exchanges a code, where a secret is given."""
    notices = Finding(about=API_KEY, shown=TryResult.UNTRIED, why=SEEN_LATER, is_needed=False)
    not_given = Finding(about=APP, shown=TryResult.UNTRIED, why=NOT_GIVEN, is_needed=False)
    return [_keys(ask), _app(sign_in) if sign_in else not_given, notices]


def _keys(ask: Callable[[], Response]) -> Finding:
    try:
        answer = ask()
    except LockedOut as refused:
        return Finding(about=KEYS, shown=TryResult.WRONG, why=str(refused)[:200])
    except (NotSent, NoAnswer) as error:
        if str(error.__cause__) in ANOTHERS:
            return Finding(about=KEYS, shown=TryResult.WRONG, why=ANOTHERS_KEY)
        return Finding(about=KEYS, shown=TryResult.UNTRIED, why=str(error)[:200])
    if answer.status == 404 and code_in(answer) in NOT_THERE:
        return Finding(about=KEYS, shown=TryResult.RIGHT)
    return Finding(about=KEYS, shown=TryResult.UNTRIED, why=f"HTTP {answer.status} {code_in(answer)}".strip()[:200])


def _app(sign_in: Callable[[str], object]) -> Finding:
    try:
        sign_in(NOBODYS)
    except (NotSent, NoAnswer) as error:
        return Finding(about=APP, shown=TryResult.UNTRIED, why=str(error)[:200])
    except Malformed as error:
        return _by_error(str(error))
    return Finding(about=APP, shown=TryResult.UNTRIED, why=ODD)


def _by_error(said: str) -> Finding:
    number = said.rpartition(" ")[2]
    if number in CODE_IS_WRONG:
        return Finding(about=APP, shown=TryResult.RIGHT)
    wrong = dict.fromkeys(APP_ID_IS_WRONG, NO_SUCH_APP) | dict.fromkeys(SECRET_IS_WRONG, APP_REFUSED)
    if number in wrong:
        return Finding(about=APP, shown=TryResult.WRONG, why=wrong[number])
    return Finding(about=APP, shown=TryResult.UNTRIED, why=said[:200])
