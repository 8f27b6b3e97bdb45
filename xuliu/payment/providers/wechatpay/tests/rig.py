"""The account that the sandbox keeps for us at its WeChat Pay. The shared contract test asks every provider for one."""

from collections.abc import Mapping
from typing import Any

from xuliu.payment.providers.wechatpay.provider import WechatPayConfig
from xuliu.sandbox.testing import Sandbox

NAMES = (
    "mchid", "appid", "app_secret", "api_v3_key", "merchant_serial", "public_key_id", "public_key",
)  # fmt: skip

MISTYPED = {"mchid": "1900000199", "app_secret": "0" * 32}  # the first is signed with a key that is not its own


def fields(given: Mapping[str, str], base_url: str) -> dict[str, str]:
    """The Config by the stand-in's credentials and address, in public-key mode."""
    return {name: given[name] for name in NAMES} | {
        "private_key": given["merchant_private_key"],
        "base_url": base_url,
        "authorise_url": f"{base_url}/connect/oauth2/authorize",
        "account_url": base_url,
    }


def config(sandbox: Sandbox, **changes: Any) -> WechatPayConfig:
    """In public-key mode, unless changed."""
    given: dict[str, Any] = fields(sandbox.credentials["wechatpay"], sandbox.urls["wechatpay"])
    return WechatPayConfig(**given | changes)
