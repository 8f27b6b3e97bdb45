"""Why orders and sign-ins end, or are paid without money."""

from xuliu.common.reasons import WhyCode


class OrderReason(WhyCode):
    """Why an order ended unpaid, or was paid without a payment."""

    CANCELLED_BY_PAYER = "cancelled_by_payer"
    MADE_ROOM = "made_room"  # for another order of the same SIM
    NOTHING_TO_PAY = "nothing_to_pay"


class SignInReason(WhyCode):
    """Why a payer who came back from signing in has nothing to pay."""

    NOT_TOLD = "payer_not_told"
    NOT_PLACED = "order_not_placed"  # the detail is the refusal's code
