"""Which browser asks: WeChat's own or another, the one that was here before or a new one."""

from http.cookies import SimpleCookie

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from xuliu.interfaces.merchant import browsers
from xuliu.interfaces.merchant.visiting import is_in_wechat, page

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
DESKTOP = "Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.6668.101 Safari/537"


@pytest.mark.parametrize(
    ("browser", "is_wechat"),
    [
        (f"{PHONE} Mobile/15E148 MicroMessenger/8.0.50(0x1800323d) NetType/WIFI Language/zh_CN", True),
        (f"{PHONE} Mobile/15E148 micromessenger/8.0.50", True),
        (f"{PHONE}  Mobile/15E148 wxwork/4.1.39 MicroMessenger/7.0.1 Language/zh ColorScheme/Light wwmver/3.26", False),
        (f"{DESKTOP} Language/zh ColorScheme/Light wxwork/4.1.39 (MicroMessenger/6.2) WindowsWechat", False),
        (f"{DESKTOP} NetType/WIFI MicroMessenger/7.0.20.1781(0x6700143B) WindowsWechat(0x63090c33) XWEB/11581", False),
        (f"{PHONE} Version/18.5 Mobile/15E148 Safari/604.1", False),
        ("", False),
    ],
)
def test_only_wechat_on_a_phone_is_asked_who_pays(browser: str, *, is_wechat: bool) -> None:
    assert is_in_wechat(RequestFactory().get("/", headers={"User-Agent": browser})) is is_wechat


@page
def told(request: HttpRequest) -> HttpResponse:
    return HttpResponse(browsers.known_or_new(request))


def ask(cookie: str = "") -> tuple[str, str]:
    """The hash that the page saw, and the cookie that it set."""
    request = RequestFactory().get("/")
    request.COOKIES = {browsers.COOKIE: cookie} if cookie else {}
    answer = told(request)
    assert isinstance(answer, HttpResponse)
    kept: SimpleCookie = answer.cookies
    return answer.content.decode(), kept[browsers.COOKIE].value if browsers.COOKIE in kept else ""


def test_a_browser_is_known_again_by_what_it_keeps_and_we_keep_only_a_hash() -> None:
    first, kept = ask()
    assert len(kept) == 26
    assert kept not in first
    assert ask(kept) == (first, "")
    assert ask()[0] != first


@pytest.mark.parametrize("forged", ["short", "x" * 27, "A" * 26, "0" * 25 + "\n"])
def test_what_is_no_code_of_ours_is_replaced(forged: str) -> None:
    seen, kept = ask(forged)
    assert len(kept) == 26
    assert seen
