"""Withdraw: the payer cancels lines that are paid but not with a carrier yet."""

from xuliu.common import stops
from xuliu.ordering.delivering.outcomes import reject
from xuliu.ordering.ending.reasons import WithdrawalReason
from xuliu.ordering.models import OrderLine


def withdraw(*, order_id: int) -> int:
    """Withdraw the order's lines that are still READY; returns how many. `settle` refunds their money.

    A line that a worker claims at the same moment is either withdrawn or sent, never both.
    """
    with stops.transaction("withdraw"):
        ready = OrderLine.objects.filter(order_id=order_id, state=OrderLine.State.READY).order_by("id")
        ids = list(ready.values_list("id", flat=True))
        return len(reject(ids, only_from=[OrderLine.State.READY], why=WithdrawalReason.BY_PAYER))
