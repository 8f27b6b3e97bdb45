"""What payments ask of a person."""

from xuliu.ticket.kinds import CaseKind


class PaymentCase(CaseKind):
    """About a payment, a refund, a notice or an account of ours at a provider."""

    PROVIDER_FAILS = "provider_fails"
    ACCOUNT_PAUSED = "provider_account_paused"
    CANNOT_BE_OPENED = "payment_cannot_be_opened"
    REFUNDED_OUTSIDE = "payment_refunded_outside"
    PAYMENT_SET_ASIDE = "payment_set_aside"
    REFUND_SET_ASIDE = "refund_set_aside"
    SIGN_IN_SET_ASIDE = "sign_in_set_aside"
    NOTICE_SET_ASIDE = "notice_set_aside"
    REFUND_WAITS = "refund_waits"
    REFUND_SENT_IN_VAIN = "refund_sent_in_vain"
    REFUND_REFUSED = "refund_refused"
    REFUND_FAILED = "refund_failed"
    REFUND_CLOSED = "refund_closed"
    REFUND_STRANGE = "refund_strange"
    REFUNDED_TWICE = "refunded_twice"
