"""1NCE's management API; see README.md."""

from xuliu.sandbox.carriers.onence.stand_in import Nce as StandIn

__all__ = ["StandIn"]
