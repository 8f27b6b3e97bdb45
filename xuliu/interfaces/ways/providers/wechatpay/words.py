"""WeChat Pay's words, in both languages."""

from xuliu.interfaces.ways.contract import Text, WayWords

WECHAT: Text = {"zh-hans": "微信", "en": "WeChat"}
PAY: Text = {"zh-hans": "微信支付 %(total)s", "en": "Pay %(total)s with WeChat"}
ELSEWHERE: Text = {"zh-hans": "有人正在微信里付款", "en": "Somebody is paying it in WeChat"}
ASKED: Text = {
    "zh-hans": "正在向微信核实是否已付款。付了就照常办理，没付就不会有任何变动。",
    "en": "We ask WeChat whether it was paid. If it was, it is delivered; otherwise nothing happens.",
}
SCANNED = WayWords(
    pay=PAY,
    say={"zh-hans": "请用微信扫码付款", "en": "Scan with WeChat to pay"},
    only_phone={
        "zh-hans": "打开微信，用微信扫 POS 机上的贴纸；或者把本页链接发到微信里打开，在微信里可以直接付款。",
        "en": "Open WeChat and scan the sticker on the terminal there, or send yourself this page's link in WeChat and "
        "open it: inside WeChat it can be paid directly.",
    },
    elsewhere=ELSEWHERE,
    asked=ASKED,
)
IN_APP = WayWords(
    name={"zh-hans": "微信内支付", "en": "Inside WeChat"},
    pay=PAY,
    say={"zh-hans": "请在微信里确认付款", "en": "Confirm the payment in WeChat"},
    advice={
        "zh-hans": "如果微信支付没有自动弹出，请按下面的按钮。",
        "en": "If WeChat's sheet does not open by itself, press the button.",
    },
    press={"zh-hans": "打开微信支付", "en": "Open WeChat Pay"},
    here={
        "zh-hans": "就在微信里付款。如果别人正在付，请稍等，本页会自动显示结果。",
        "en": "Pay here in WeChat. If somebody else is just paying it, wait: this page shows it by itself.",
    },
    elsewhere=ELSEWHERE,
    asked=ASKED,
)
