"""Why one of our carrier accounts is paused."""

from xuliu.common.reasons import WhyCode


class CarrierReason(WhyCode):
    """The detail is what the carrier said about our balance or credentials."""

    US_REFUSED = "carrier_refuses_us"
