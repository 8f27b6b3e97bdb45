"""Writes of this package that others ask for. What concerns one account's keys and limits stands in `accounts`."""

from xuliu.carrier.accounts import pause, resume

__all__ = ["pause", "resume"]
