"""Why payments, refunds, notices and accounts move."""

from xuliu.common.reasons import WhyCode


class PaymentReason(WhyCode):
    """Why a payment ended unpaid."""

    REFUSED = "opening_refused"
    CLOSED_BY_US = "closed_at_provider"
    NEVER_THERE = "provider_never_had_it"
    SAID_CLOSED = "provider_says_closed"
    SAID_FAILED = "provider_says_failed"


class RefundReason(WhyCode):
    """Why money goes back. A payment is refunded once per reason and, if the reason has one, per provider's
    number."""

    NOT_PROVISIONED = "not_provisioned"
    PAID_TWICE = "paid_twice"
    PAID_LATE = "paid_late"
    OUTSIDE = "outside"
    REST = "rest"


class RefundMove(WhyCode):
    """What moved a refund."""

    NOT_SENT = "refund_not_sent"
    NO_ANSWER = "refund_unanswered"
    REFUSED = "provider_refuses_refund"
    US_REFUSED = "provider_refuses_us"
    NOT_FOUND = "provider_does_not_find_it"
    NEVER_THERE = "provider_never_had_it"
    CLOSED = "provider_closed_refund"
    NOT_REACHED = "payer_not_reached"
    MADE_OUTSIDE = "made_outside"
    ASKED_ANEW = "asked_anew"


class NoticeReason(WhyCode):
    """Why a notice waits for a person."""

    CANNOT_BE_APPLIED = "cannot_be_applied"
    DOES_NOT_FIT = "does_not_fit"


class AccountReason(WhyCode):
    """Why an account at a provider paused itself or runs again, and why a case about it is closed."""

    US_REFUSED = "provider_refuses_us"
    TAKEN_AGAIN = "provider_takes_us_again"
    NOTHING_TO_TRY = "nothing_to_try"
    HAS_PAUSED_ITSELF = "account_paused_itself"
