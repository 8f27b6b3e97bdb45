"""Entries for tests."""

from datetime import UTC, datetime

from xuliu.ledger import addresses
from xuliu.ledger.operations import Entry

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def make_entry(
    reference: str = "payment:1:received",
    *,
    source: str = addresses.provider_receivable(1),
    destination: str = addresses.held(1),
    amount_minor: int = 3_600,
    currency: str = "CNY",
    order_id: int | None = 1,
    line_id: int | None = None,
) -> Entry:
    """Lin's shop paid 36 yuan for order 1, where nothing else is said."""
    return Entry(
        reference=reference,
        source=source,
        destination=destination,
        amount_minor=amount_minor,
        currency=currency,
        order_id=order_id,
        line_id=line_id,
    )
