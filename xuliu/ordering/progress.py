"""Progress: an order's real steps as its payer sees them, from the recorded moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import connection

from xuliu.ordering.models import Order, OrderLine, Receipt
from xuliu.ordering.patience import has_ended
from xuliu.payment.models import Refund


class StepCode(StrEnum):
    """The steps of a top-up as the payer sees them."""

    PAID = "paid"
    SUBMITTED = "submitted"
    DELIVERED = "delivered"
    VERIFIED = "verified"
    RECEIPTED = "receipted"
    REJECTED = "rejected"
    REFUNDED = "refunded"
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True)
class ProgressStep:
    """One step; `at` is None while it lies ahead."""

    code: StepCode
    at: datetime | None
    is_now: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """An order's progress. `refund` is "", pending, late (pending for too long), succeeded or failed."""

    state: str
    steps: list[ProgressStep]
    is_final: bool
    may_withdraw: bool
    refund: str = ""
    is_overdue: bool = False


def progress(order_id: int) -> Progress:
    """The order's real steps with their times, from the recorded moves."""
    # Read the last step first, so that a receipt is never shown with an older state of the steps before it.
    receipt = Receipt.objects.filter(order_id=order_id).values_list("issued_at", flat=True).first()
    order = Order.objects.get(id=order_id)
    lines = list(OrderLine.objects.filter(order_id=order_id).values_list("id", "state"))
    states = {state for _, state in lines}
    ids = [line_id for line_id, _ in lines]
    reached = _reached(ids)
    refund, refunded_at = _refund(order_id)
    steps = [
        ProgressStep(StepCode.PAID, order.paid_at),
        ProgressStep(StepCode.SUBMITTED, reached.get("SUBMITTING")),
        ProgressStep(StepCode.DELIVERED, reached.get("VERIFYING")),
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
    """When the last line first reached each state."""
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
) -> list[ProgressStep]:
    if states == {OrderLine.State.REJECTED}:
        return [ProgressStep(StepCode.REJECTED, reached.get("REJECTED")), ProgressStep(StepCode.REFUNDED, refunded_at)]
    if OrderLine.State.DISPUTED in states:
        return [
            ProgressStep(StepCode.DISPUTED, reached.get("DISPUTED")),
            ProgressStep(StepCode.VERIFIED, None),
            ProgressStep(StepCode.RECEIPTED, None),
        ]
    is_verified = order.state in (Order.State.COMPLETED, Order.State.PARTIAL)
    steps = [
        ProgressStep(StepCode.VERIFIED, reached.get("COMPLETED") if is_verified else None),
        ProgressStep(StepCode.RECEIPTED, receipted_at),
    ]
    return [*steps, ProgressStep(StepCode.REFUNDED, refunded_at)] if is_owed else steps


def _with_present(steps: list[ProgressStep], order: Order) -> list[ProgressStep]:
    """Mark the step being waited for, and omit skipped steps."""
    reached = [index for index, step in enumerate(steps) if step.at is not None]
    last = max(reached, default=-1)
    kept = [step for index, step in enumerate(steps) if step.at is not None or index > last]
    for index, step in enumerate(kept):
        if step.at is None:
            kept[index] = ProgressStep(step.code, None, is_now=True)
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
    waiting = [refund.requested_at for refund in refunds if refund.state != Refund.State.SUCCEEDED]
    return "late" if any(has_ended(requested_at, is_waited_for=False) for requested_at in waiting) else "pending", None


def _is_final(order: Order, receipted_at: datetime | None, refund: str) -> bool:
    if order.state in (Order.State.LAPSED, Order.State.CANCELLED, Order.State.EXPIRED):
        return True
    is_settled = order.state == Order.State.FAILED or receipted_at is not None
    return is_settled and refund in ("", "succeeded", "failed")
