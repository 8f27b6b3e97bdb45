"""Reads of orders for pages, steps and the console."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db import connection
from django.db.models import Sum

from xuliu.common import clock
from xuliu.common.models import Event
from xuliu.ordering.models import Attempt, Order, OrderLine, Receipt
from xuliu.ordering.patience import began_by
from xuliu.payment.models import Payment

UNDER_WAY = (
    OrderLine.State.READY,
    OrderLine.State.SUBMITTING,
    OrderLine.State.ACCEPTED,
    OrderLine.State.VERIFYING,
    OrderLine.State.UNKNOWN,
    OrderLine.State.DISPUTED,
)

SAMPLE = 200


def order_by_code(code: str) -> Order | None:
    """The order whose page this code opens."""
    return Order.objects.select_related("seller").filter(code=code).first()


def lines_of(order_id: int, *, limit: int | None = None) -> list[OrderLine]:
    """The order's lines, or the first `limit` of them, with SIM, offering and carrier, in their order."""
    lines = OrderLine.objects.filter(order_id=order_id).order_by("position")
    return list(lines.select_related("sim", "offering", "account__carrier")[:limit])


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of an order's lines, in minor units; tax is within the price."""

    list_minor: int
    discount_minor: int
    tax_minor: int


def sums_of(order_id: int) -> Sums:
    """The sums of an order of any size, in one statement."""
    columns = ("list_minor", "discount_minor", "tax_minor")
    found = OrderLine.objects.filter(order_id=order_id).aggregate(**{name: Sum(name, default=0) for name in columns})
    return Sums(**{name: int(found[name]) for name in columns})


def payment_of(order_id: int) -> Payment | None:
    """The applied payment, else the newest."""
    payments = Payment.objects.filter(order_id=order_id).select_related("account")
    return payments.order_by("-is_applied", "-id").first()


def receipt_of(order_id: int) -> Receipt | None:
    """The order's receipt, once it is issued."""
    return Receipt.objects.select_related("order", "seller").filter(order_id=order_id).first()


def receipt_by_code(code: str) -> Receipt | None:
    """The receipt whose page this code opens."""
    return Receipt.objects.select_related("order", "seller").filter(code=code).first()


def receipt_by_check_code(check_code: str) -> Receipt | None:
    """The receipt with this check code."""
    return Receipt.objects.select_related("seller").filter(check_code=check_code).first()


def under_way(sim_ids: Sequence[int]) -> dict[int, list[OrderLine]]:
    """Paid lines of these SIMs that have not ended."""
    found: dict[int, list[OrderLine]] = {}
    for line in OrderLine.objects.filter(sim_id__in=sim_ids, state__in=UNDER_WAY).order_by("id"):
        found.setdefault(line.sim_id, []).append(line)
    return found


def proofs_of(line_ids: Sequence[int]) -> dict[int, str]:
    """What proved each delivered line: a predicate's name, `order_query`, or `person`."""
    proven = Attempt.objects.filter(line_id__in=line_ids).exclude(proof="")
    return dict(proven.order_by("number").values_list("line_id", "proof"))


def usual_seconds(account_id: int) -> int | None:
    """The median from paid to completed among the newest lines of this account's last day; None without any."""
    since = clock.now() - timedelta(days=1)
    done = OrderLine.objects.filter(
        account_id=account_id, state=OrderLine.State.COMPLETED, state_at__gte=since, order__paid_at__isnull=False
    ).order_by("-id")
    pairs = done.values_list("state_at", "order__paid_at")[:SAMPLE]
    times = [(ended - paid).total_seconds() for ended, paid in pairs if paid is not None]
    return max(1, round(median(times))) if times else None


@dataclass(frozen=True, slots=True)
class StateCount:
    """How many rows of a kind stand in a state, when the oldest began (was paid, requested, opened, received), how many
    are set aside, and how many are overdue."""

    kind: str
    state: str
    count: int
    oldest_at: datetime | None
    set_aside: int
    overdue: int


HEALTH = """
    SELECT 'line', l.state, count(*), min(COALESCE(o.paid_at, o.quoted_at)), count(*) FILTER (WHERE l.is_set_aside),
        count(*) FILTER (WHERE o.paid_at <= CASE WHEN o.is_waited_for THEN %(recently)s ELSE %(long_ago)s END)
        FROM ordering_orderline l JOIN ordering_order o ON o.id = l.order_id
        WHERE l.state IN ('WAITING', 'READY', 'SUBMITTING', 'ACCEPTED', 'VERIFYING', 'UNKNOWN', 'DISPUTED')
        GROUP BY l.state
    UNION ALL SELECT 'payment', state, count(*), min(opened_at), 0, count(*) FILTER (WHERE opened_at <= %(recently)s)
        FROM payment_payment WHERE state IN ('OPENING', 'PENDING') GROUP BY state
    UNION ALL SELECT 'refund', state, count(*), min(requested_at), count(*) FILTER (WHERE state = 'FAILED'),
        count(*) FILTER (WHERE requested_at <= %(long_ago)s AND state <> 'FAILED')
        FROM payment_refund WHERE state <> 'SUCCEEDED' GROUP BY state
    UNION ALL SELECT 'notice', state, count(*), min(received_at), count(*) FILTER (WHERE state = 'SET_ASIDE'),
        count(*) FILTER (WHERE received_at <= %(recently)s AND state = 'STORED')
        FROM payment_notice WHERE state <> 'APPLIED' GROUP BY state
    ORDER BY 1, 2"""


def state_counts() -> list[StateCount]:
    """How many lines, payments, refunds and notices are under way, by state."""
    began = {"recently": began_by(is_waited_for=True), "long_ago": began_by(is_waited_for=False)}
    with connection.cursor() as cursor:
        cursor.execute(HEALTH, began)
        return [StateCount(*row) for row in cursor.fetchall()]


def timeline(order_id: int) -> list[Event]:
    """Every move of the order and its lines, oldest first."""
    line_ids = OrderLine.objects.filter(order_id=order_id).values("id")
    of_order = Event.objects.filter(kind="order", subject_id=order_id)
    of_lines = Event.objects.filter(kind="orderline", subject_id__in=line_ids)
    return list((of_order | of_lines).order_by("id")[:1000])
