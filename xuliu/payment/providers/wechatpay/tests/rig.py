"""The account that the sandbox keeps for us at its WeChat Pay. The shared contract test asks every provider for one."""

from typing import Any

from xuliu.payment.providers.wechatpay.provider import WechatPayConfig
from xuliu.sandbox.testing import Sandbox


def config(sandbox: Sandbox, **changes: Any) -> WechatPayConfig:
    """In public-key mode, unless changed."""
    given = sandbox.credentials["wechatpay"]
    fields: dict[str, Any] = {
        "mchid": given["mchid"],
        "merchant_serial": given["merchant_serial"],
        "private_key": given["merchant_private_key"],
        "api_v3_key": given["api_v3_key"],
        "appid": given["appid"],
        "app_secret": given["app_secret"],
        "public_key_id": given["public_key_id"],
        "public_key": given["public_key"],
        "base_url": sandbox.urls["wechatpay"],
        "authorise_url": f"{sandbox.urls['wechatpay']}/connect/oauth2/authorize",
        "account_url": sandbox.urls["wechatpay"],
    }
    return WechatPayConfig(**fields | changes)
