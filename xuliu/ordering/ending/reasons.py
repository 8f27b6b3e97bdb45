"""Why a paid line ends without being sent."""

from xuliu.common.reasons import WhyCode


class WithdrawalReason(WhyCode):
    """Who withdrew it."""

    BY_PAYER = "withdrawn_by_payer"
