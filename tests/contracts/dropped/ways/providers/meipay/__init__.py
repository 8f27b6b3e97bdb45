"""Mei Pay."""

from xuliu.payment.providers.meipay.provider import Provider as Provider
