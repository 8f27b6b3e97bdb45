"""WeChat's own browser is told from others."""

import pytest

from xuliu.interfaces.ways.providers.wechatpay import PageParts

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
    assert PageParts.is_inside(browser) is is_wechat
