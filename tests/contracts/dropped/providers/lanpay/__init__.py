"""Lan Pay."""

from xuliu.payment.providers.lanpay.provider import Provider as Provider
