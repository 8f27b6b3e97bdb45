"""Withdraw: the payer takes back what is paid and not yet with a carrier."""

from xuliu.common import stops
from xuliu.ordering.delivering.outcomes import reject
from xuliu.ordering.ending.reasons import WithdrawalReason
from xuliu.ordering.models import OrderLine


def withdraw(*, order_id: int) -> int:
    """Withdraw the order's lines that still wait in READY; returns how many. Their money goes back by `settle`.

    A line that a worker claims at the same moment is either withdrawn or sent, never both.
    """
    with stops.transaction("withdraw"):
        ready = OrderLine.objects.filter(order_id=order_id, state=OrderLine.State.READY).order_by("id")
        ids = list(ready.values_list("id", flat=True))
        return len(reject(ids, only_from=[OrderLine.State.READY], why=WithdrawalReason.BY_PAYER))
