"""WeChat Pay."""

from xuliu.payment.providers.wechatpay.provider import Provider as Provider
