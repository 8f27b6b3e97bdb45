"""Why a paid line ends without having been sent."""

from xuliu.common.reasons import WhyCode


class WithdrawalReason(WhyCode):
    """Who took it back."""

    BY_PAYER = "withdrawn_by_payer"
