"""WeChat Pay v3; see README.md."""

from xuliu.sandbox.providers.wechatpay.stand_in import WeChatPay as StandIn

__all__ = ["StandIn"]
