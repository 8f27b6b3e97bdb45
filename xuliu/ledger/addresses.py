"""The ledger's addresses. An address is a text that only these functions spell."""

REVENUE_DATA = "revenue:data"
COST_DATA = "cost:data"
VAT_PAYABLE = "tax:vat:payable"
SUSPENSE = "suspense"
VOUCHERS_OUTSTANDING = "voucher:outstanding"


def held(order_id: int) -> str:
    """What a payer paid for an order and nobody has earned or got back."""
    return f"order:{order_id}:held"


def provider_receivable(account_id: int) -> str:
    """What a payment provider collected for us and has not settled."""
    return f"provider:{account_id}:receivable"


def refund_payable(account_id: int) -> str:
    """What we owe back to payers through this provider account."""
    return f"refund:{account_id}:payable"


def carrier_payable(account_id: int) -> str:
    """What we owe a carrier for what it delivered."""
    return f"carrier:{account_id}:payable"


def bank(account_id: int) -> str:
    """A bank account of ours."""
    return f"bank:{account_id}"


def fees(account_id: int) -> str:
    """What a payment provider charges us."""
    return f"fees:{account_id}"


def loss(kind: str) -> str:
    """Losses that we bear, by cause, such as `carrier_delivered_after_refund`."""
    return f"loss:{kind}"
