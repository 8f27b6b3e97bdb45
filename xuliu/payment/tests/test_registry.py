"""Providers are found by the folder that they lie in."""

import pytest

from xuliu.payment.registry import UnknownProvider, all_providers, provider_class


def test_the_provider_that_ships_is_found_by_code() -> None:
    assert "wechatpay" in all_providers()
    assert provider_class("wechatpay").code == "wechatpay"


def test_a_code_that_nobody_has_is_said() -> None:
    with pytest.raises(UnknownProvider, match="lin-pay"):
        provider_class("lin-pay")
