"""The page where a person plays the payer, WeChat's sign-in, and the bridge of its browser."""

import re
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from xuliu.sandbox.providers.wechatpay.tests.caller import WeChatCaller
from xuliu.sandbox.testing import Sandbox
from xuliu.sandbox.tests.callers import NO_TLS, Shop, get, post


def _books(sandbox: Sandbox, reference: str) -> dict[str, int]:
    return dict(sandbox.control.books()["providers"]["wechatpay"]["by_reference"][reference])


def _press(url: str, action: str) -> httpx.Response:
    return post(url, data={"action": action}, follow_redirects=True)


@pytest.mark.parametrize(("language", "word"), [("zh-CN", "等待付款"), ("en", "Waiting to be paid")])
def test_the_page_speaks_both_languages_without_scripts(wechat: WeChatCaller, language: str, word: str) -> None:
    url = wechat.open("lin00001", 123456, description="续费 <12> 个月")
    page = get(url, headers={"Accept-Language": language})
    assert (page.status_code, page.headers["content-language"]) == (200, language)
    assert word in page.text
    assert "¥1,234.56" in page.text
    assert "续费 &lt;12&gt; 个月" in page.text
    assert "<script" not in page.text
    assert "$" not in re.sub(r"<style>.*?</style>", "", page.text, flags=re.DOTALL)
    HTMLParser().feed(page.text)


def test_pressing_pay_pays_once_and_tells_the_shop(sandbox: Sandbox, wechat: WeChatCaller, shop: Shop) -> None:
    url = wechat.open("lin00002", notify_url=shop.url)
    page = _press(url, "pay")
    assert "付款成功" in page.text
    shop.take()
    _press(url, "pay")
    assert _books(sandbox, "lin00002") == {"paid_minor": 3600, "refunded_minor": 0, "transactions": 1}


def test_pressing_pay_twice_takes_the_money_once_and_announces_two_numbers(
    sandbox: Sandbox, wechat: WeChatCaller, shop: Shop
) -> None:
    url = wechat.open("lin00003", notify_url=shop.url)
    page = _press(url, "twice")
    assert "不止一个交易号" in page.text
    assert shop.take()[1] != shop.take()[1]
    assert _books(sandbox, "lin00003")["paid_minor"] == 3600
    _press(url, "again")
    assert _books(sandbox, "lin00003") == {"paid_minor": 3600, "refunded_minor": 0, "transactions": 3}


def test_paying_after_closing_waits_for_the_shop_to_close(sandbox: Sandbox, wechat: WeChatCaller, shop: Shop) -> None:
    url = wechat.open("lin00004", notify_url=shop.url)
    page = _press(url, "late")
    assert "将在商户关单后付款" in page.text
    assert _books(sandbox, "lin00004")["transactions"] == 0
    assert wechat.close_order("lin00004").status_code == 204
    shop.take()
    assert _books(sandbox, "lin00004")["transactions"] == 1
    assert wechat.query("lin00004")["trade_state"] == "SUCCESS"


def test_a_closed_order_can_still_be_paid_by_who_insists(sandbox: Sandbox, wechat: WeChatCaller) -> None:
    url = wechat.open("lin00005")
    wechat.close_order("lin00005")
    assert "商户已关闭" in get(url).text
    for action in ("pay", "twice"):
        _press(url, action)
    assert _books(sandbox, "lin00005")["paid_minor"] == 0
    _press(url, "late")
    assert _books(sandbox, "lin00005")["paid_minor"] == 3600


def test_an_expired_order_says_so_and_is_paid_late(
    sandbox: Sandbox, wechat: WeChatCaller, shop: Shop, clock_file: Path
) -> None:
    expires = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() + 300))
    waiting = wechat.open("lin00006", notify_url=shop.url, time_expire=expires)
    other = wechat.open("lin00007", time_expire=expires)
    _press(waiting, "late")
    clock_file.write_text("400")
    shop.take()
    assert _books(sandbox, "lin00006")["transactions"] == 1
    assert "已过支付时间" in get(other).text


def test_an_unknown_token_is_explained(sandbox: Sandbox) -> None:
    page = get(f"{sandbox.urls['wechatpay']}/pay/nothing")
    assert (page.status_code, "没有这笔订单" in page.text) == (404, True)


def test_the_same_browser_comes_back_with_the_same_openid(sandbox: Sandbox) -> None:
    ours = sandbox.credentials["wechatpay"]
    query = {"appid": ours["appid"], "redirect_uri": "http://127.0.0.1:9/back?a=1", "state": "s7"}
    with httpx.Client(verify=NO_TLS) as browser:
        codes = []
        for _ in range(2):
            sent = browser.get(
                f"{sandbox.urls['wechatpay']}/connect/oauth2/authorize?{urlencode(query)}#wechat_redirect"
            )
            assert sent.status_code == 302
            back = parse_qs(urlsplit(sent.headers["location"]).query)
            assert (back["a"], back["state"]) == (["1"], ["s7"])
            codes.append(back["code"][0])
    given = [_exchange(sandbox, code) for code in codes]
    assert given[0]["openid"] == given[1]["openid"]
    assert len(given[0]["openid"]) == 28


def test_a_code_works_once_and_for_five_minutes(sandbox: Sandbox, clock_file: Path) -> None:
    first, second = _code(sandbox), _code(sandbox)
    assert "openid" in _exchange(sandbox, first)
    assert _exchange(sandbox, first)["errcode"] == 40163
    assert _exchange(sandbox, "guess")["errcode"] == 40029
    assert _exchange(sandbox, second, secret="guess")["errcode"] == 40125
    clock_file.write_text("301")
    assert _exchange(sandbox, second)["errcode"] == 40029


def test_the_bridge_checks_the_pages_signature_and_leads_to_the_payer(wechat: WeChatCaller) -> None:
    wanted = wechat.opening("lin00008", payer={"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"})
    prepay_id = wechat.call("POST", "/v3/pay/transactions/jsapi", wanted).json()["prepay_id"]
    script = {"appId": wechat.credentials["appid"], "timeStamp": "1767225600", "nonceStr": "n1"}
    script["package"] = f"prepay_id={prepay_id}"
    signature = wechat.sign(*script.values())
    asked = {**script, "signType": "RSA", "paySign": signature, "return_url": "http://127.0.0.1:9/orders/1"}

    page = get(f"{wechat.base}/jsapi/pay", params=asked, follow_redirects=True)
    assert 'href="http://127.0.0.1:9/orders/1"' in page.text
    changed = get(f"{wechat.base}/jsapi/pay", params={**asked, "nonceStr": "n2"})
    assert changed.status_code == 400


def test_the_page_can_have_an_address_that_a_phone_reaches(sandbox: Sandbox, wechat: WeChatCaller) -> None:
    sandbox.control.settings(public_url={"wechatpay": "http://pay.example.test:8080/"})
    assert wechat.open("lin00009").startswith("http://pay.example.test:8080/pay/")


def _code(sandbox: Sandbox) -> str:
    query = {"appid": sandbox.credentials["wechatpay"]["appid"], "redirect_uri": "http://127.0.0.1:9/", "state": "s"}
    sent = get(f"{sandbox.urls['wechatpay']}/connect/oauth2/authorize?{urlencode(query)}")
    return parse_qs(urlsplit(sent.headers["location"]).query)["code"][0]


def _exchange(sandbox: Sandbox, code: str, secret: str = "") -> dict[str, Any]:
    ours = sandbox.credentials["wechatpay"]
    query = {"appid": ours["appid"], "secret": secret or ours["app_secret"], "code": code}
    answer = get(
        f"{sandbox.urls['wechatpay']}/sns/oauth2/access_token", params={**query, "grant_type": "authorization_code"}
    )
    return dict(answer.json())
