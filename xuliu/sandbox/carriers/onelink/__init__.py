"""China Mobile IoT's OneLink; see README.md."""

from xuliu.sandbox.carriers.onelink.stand_in import OneLink as StandIn

__all__ = ["StandIn"]
