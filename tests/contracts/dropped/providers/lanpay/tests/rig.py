"""The account that the sandbox keeps for us at its Lan Pay."""

from typing import Any

from xuliu.payment.registry import provider_class
from xuliu.sandbox.testing import Sandbox

MISTYPED = {"merchant": "lan0", "secret": "0" * 32}


def config(sandbox: Sandbox) -> Any:
    """By the stand-in's credentials and address."""
    return provider_class("lan-pay").Config(base_url=sandbox.urls["lan-pay"], **sandbox.credentials["lan-pay"])
