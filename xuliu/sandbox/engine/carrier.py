"""A carrier's stand-in: its SIMs, plans and orders are in books that all carriers share."""

from typing import Any, ClassVar

from xuliu.sandbox.engine.faults import DEED
from xuliu.sandbox.engine.orders import Orders
from xuliu.sandbox.engine.sims import CarrierTerms, Sims
from xuliu.sandbox.engine.stand_in import Parts, StandIn


class CarrierStandIn(StandIn):
    """The base of the carriers."""

    terms: ClassVar[CarrierTerms]
    faults = dict.fromkeys({*DEED, "stale_read"}, ())

    def __init__(self, parts: Parts, sims: Sims, orders: Orders) -> None:
        super().__init__(parts)
        self._sims = sims
        self._orders = orders

    def books(self, *, is_summary: bool) -> dict[str, Any]:
        """Effects by SIM, what they cost, and what our account holds."""
        return self._orders.books(self.code, is_summary=is_summary)
