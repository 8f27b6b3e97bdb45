"""Reads of orders for pages, steps and the console."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db import connection
from django.db.models import Exists, OuterRef, Sum

from xuliu.carrier.models import CarrierAccount
from xuliu.common import clock
from xuliu.common.models import Event
from xuliu.inventory.models import Sim
from xuliu.ordering.models import Attempt, Order, OrderLine, Receipt
from xuliu.ordering.patience import began_by, has_ended
from xuliu.payment.models import Payment, Refund

UNDER_WAY = (
    OrderLine.State.READY,
    OrderLine.State.SUBMITTING,
    OrderLine.State.ACCEPTED,
    OrderLine.State.VERIFYING,
    OrderLine.State.UNKNOWN,
    OrderLine.State.DISPUTED,
)
SAMPLE = 200


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a top-up as the payer sees it: paid, submitted, delivered, verified, receipted, rejected, refunded,
    disputed. `at` is None while it lies ahead."""

    code: str
    at: datetime | None
    is_now: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where an order stands. `refund` is "", pending, late (pending for longer than it may be), succeeded or failed."""

    state: str
    steps: list[Step]
    is_final: bool
    may_withdraw: bool
    refund: str = ""
    is_overdue: bool = False


def order_by_code(code: str) -> Order | None:
    """The order whose page this code opens."""
    return Order.objects.select_related("seller").filter(code=code).first()


def lines_of(order_id: int, *, limit: int | None = None) -> list[OrderLine]:
    """The order's lines, or the first `limit` of them, with SIM, offering and carrier, in their order."""
    lines = OrderLine.objects.filter(order_id=order_id).order_by("position")
    return list(lines.select_related("sim", "offering", "account__carrier")[:limit])


@dataclass(frozen=True, slots=True)
class Sums:
    """What an order's lines add up to, in minor units; the tax is within the price."""

    list_minor: int
    discount_minor: int
    tax_minor: int


def sums_of(order_id: int) -> Sums:
    """The sums of an order of any size, in one statement."""
    columns = ("list_minor", "discount_minor", "tax_minor")
    found = OrderLine.objects.filter(order_id=order_id).aggregate(**{name: Sum(name, default=0) for name in columns})
    return Sums(**{name: int(found[name]) for name in columns})


def payment_of(order_id: int) -> Payment | None:
    """The payment that counts, else the newest."""
    payments = Payment.objects.filter(order_id=order_id).select_related("account")
    return payments.order_by("-is_applied", "-id").first()


def receipt_of(order_id: int) -> Receipt | None:
    """The order's receipt, once it is issued."""
    return Receipt.objects.select_related("order", "seller").filter(order_id=order_id).first()


def receipt_by_code(code: str) -> Receipt | None:
    """The receipt whose page this code opens."""
    return Receipt.objects.select_related("order", "seller").filter(code=code).first()


def receipt_by_check_code(check_code: str) -> Receipt | None:
    """The receipt that a stranger checks."""
    return Receipt.objects.select_related("seller").filter(check_code=check_code).first()


def under_way(sim_ids: Sequence[int]) -> dict[int, list[OrderLine]]:
    """Paid lines of these SIMs that have no end yet."""
    found: dict[int, list[OrderLine]] = {}
    for line in OrderLine.objects.filter(sim_id__in=sim_ids, state__in=UNDER_WAY).order_by("id"):
        found.setdefault(line.sim_id, []).append(line)
    return found


def proofs_of(line_ids: Sequence[int]) -> dict[int, str]:
    """What proved each delivered line: the name of the predicate, `order_query`, or `person`."""
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


def progress(order_id: int) -> Progress:
    """The real steps of an order with their times, out of the moves that were recorded."""
    # What comes last is read first: a receipt is never shown beside an older sight of what went before it.
    receipt = Receipt.objects.filter(order_id=order_id).values_list("issued_at", flat=True).first()
    order = Order.objects.get(id=order_id)
    lines = list(OrderLine.objects.filter(order_id=order_id).values_list("id", "state"))
    states = {state for _, state in lines}
    ids = [line_id for line_id, _ in lines]
    reached = _reached(ids)
    refund, refunded_at = _refund(order_id)
    steps = [
        Step("paid", order.paid_at),
        Step("submitted", reached.get("SUBMITTING")),
        Step("delivered", reached.get("VERIFYING")),
        *_ends(states, reached, order, receipt, refunded_at if refund else None, bool(refund)),
    ]
    return Progress(
        state=order.state,
        steps=_with_present(steps, order),
        is_final=_is_final(order, receipt, refund),
        may_withdraw=order.state == Order.State.PAID and OrderLine.State.READY in states,
        refund=refund,
        is_overdue=order.state == Order.State.PAID and has_ended(order.paid_at, is_waited_for=order.is_waited_for),
    )


def _reached(line_ids: Sequence[int]) -> dict[str, datetime]:
    """When the last of the lines first came to each state."""
    sql = """
        SELECT became, max(at) FROM (
            SELECT became, subject_id, min(at) AS at FROM common_event
            WHERE kind = 'orderline' AND subject_id = ANY(%s) GROUP BY became, subject_id) AS firsts
        GROUP BY became"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (list(line_ids),))
        return dict(cursor.fetchall())


def _ends(
    states: set[str],
    reached: dict[str, datetime],
    order: Order,
    receipted_at: datetime | None,
    refunded_at: datetime | None,
    is_owed: bool,
) -> list[Step]:
    if states == {OrderLine.State.REJECTED}:
        return [Step("rejected", reached.get("REJECTED")), Step("refunded", refunded_at)]
    if OrderLine.State.DISPUTED in states:
        return [Step("disputed", reached.get("DISPUTED")), Step("verified", None), Step("receipted", None)]
    is_verified = order.state in (Order.State.COMPLETED, Order.State.PARTIAL)
    steps = [Step("verified", reached.get("COMPLETED") if is_verified else None), Step("receipted", receipted_at)]
    return [*steps, Step("refunded", refunded_at)] if is_owed else steps


def _with_present(steps: list[Step], order: Order) -> list[Step]:
    """Marks the step that is being waited for; steps that were passed over are left out."""
    reached = [index for index, step in enumerate(steps) if step.at is not None]
    last = max(reached, default=-1)
    kept = [step for index, step in enumerate(steps) if step.at is not None or index > last]
    for index, step in enumerate(kept):
        if step.at is None:
            kept[index] = Step(step.code, None, is_now=True)
            break
    return kept


def _refund(order_id: int) -> tuple[str, datetime | None]:
    refunds = list(Refund.objects.filter(payment__order_id=order_id))
    if not refunds:
        return "", None
    if all(refund.state == Refund.State.SUCCEEDED for refund in refunds):
        return "succeeded", max(refund.state_at for refund in refunds)
    if any(refund.state == Refund.State.FAILED for refund in refunds):
        return "failed", None
    waiting = [refund.wanted_at for refund in refunds if refund.state != Refund.State.SUCCEEDED]
    return "late" if any(has_ended(wanted_at, is_waited_for=False) for wanted_at in waiting) else "pending", None


def _is_final(order: Order, receipted_at: datetime | None, refund: str) -> bool:
    if order.state in (Order.State.LAPSED, Order.State.CANCELLED, Order.State.EXPIRED):
        return True
    is_settled = order.state == Order.State.FAILED or receipted_at is not None
    return is_settled and refund in ("", "succeeded", "failed")


@dataclass(frozen=True, slots=True)
class Standing:
    """How many rows of a kind stand in a state, when the oldest of them began (was paid, wanted, opened, received), how
    many were set aside, and how many have outlasted their patience."""

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
    UNION ALL SELECT 'refund', state, count(*), min(wanted_at), count(*) FILTER (WHERE state = 'FAILED'),
        count(*) FILTER (WHERE wanted_at <= %(long_ago)s AND state <> 'FAILED')
        FROM payment_refund WHERE state <> 'SUCCEEDED' GROUP BY state
    UNION ALL SELECT 'notice', state, count(*), min(received_at), count(*) FILTER (WHERE state = 'SET_ASIDE'),
        count(*) FILTER (WHERE received_at <= %(recently)s AND state = 'STORED')
        FROM payment_notice WHERE state <> 'APPLIED' GROUP BY state
    ORDER BY 1, 2"""


def standings() -> list[Standing]:
    """What is under way: lines, payments, refunds and notices by state."""
    began = {"recently": began_by(is_waited_for=True), "long_ago": began_by(is_waited_for=False)}
    with connection.cursor() as cursor:
        cursor.execute(HEALTH, began)
        return [Standing(*row) for row in cursor.fetchall()]


def timeline(order_id: int) -> list[Event]:
    """Every move of the order and its lines, oldest first."""
    line_ids = OrderLine.objects.filter(order_id=order_id).values("id")
    of_order = Event.objects.filter(kind="order", subject_id=order_id)
    of_lines = Event.objects.filter(kind="orderline", subject_id__in=line_ids)
    return list((of_order | of_lines).order_by("id")[:1000])


def active_accounts() -> list[int]:
    """The carrier accounts that steps go through: those with a SIM, for each has lanes of its own, and every lane a
    connection. A SIM stays with its account."""
    has_sim = Exists(Sim.objects.filter(account_id=OuterRef("pk")))
    return list(CarrierAccount.objects.filter(has_sim).order_by("id").values_list("id", flat=True))
