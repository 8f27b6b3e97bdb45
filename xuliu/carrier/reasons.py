"""Why an account of ours at a carrier stands still."""

from xuliu.common.reasons import WhyCode


class CarrierReason(WhyCode):
    """The detail is what the carrier said of our balance or credentials."""

    US_REFUSED = "carrier_refuses_us"
