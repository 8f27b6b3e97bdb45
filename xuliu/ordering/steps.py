"""What workers run for orders, from the payer who came back to the receipt."""

from xuliu.common.steps import EVER, AccountStep, Lane, Step, due_rows
from xuliu.ordering import overdue
from xuliu.ordering.buying import by_notice, expire, payer
from xuliu.ordering.delivering import check, drift, fulfil, ready, verify
from xuliu.ordering.ending import receipts, settle
from xuliu.ordering.models import OrderLine

_OPEN = ", ".join(f"'{state}'" for state in OrderLine.OPEN)


def _lines(states: str) -> str:
    """The question of a step that looks at the lines of an account in these states."""
    return f"""SELECT account_id, min(due_at) FROM ordering_orderline
        WHERE NOT is_set_aside AND state IN ({states}) GROUP BY 1"""


STEPS = (
    Step(
        name="payer.know",
        lane=Lane.OPEN,
        run=payer.know_payers,
        due=due_rows("payment_signin", "state = 'RETURNED'", "due_at"),
    ),
    Step(
        name="pay.apply",
        lane=Lane.PAY,
        run=by_notice.apply_notices,
        due=due_rows("payment_notice", "state = 'STORED'"),
    ),
    Step(
        name="pay.release_rest",
        lane=Lane.RELEASE,
        run=ready.release_rest,
        due=due_rows(
            "ordering_order o JOIN ordering_orderline l ON l.order_id = o.id",
            "o.state = 'PAID' AND l.state = 'WAITING'",
        ),
    ),
    AccountStep(name="fulfil", lane=Lane.FULFIL, run=fulfil.fulfil, due=_lines("'READY'")),
    AccountStep(name="check", lane=Lane.AFTER, run=check.check, due=_lines("'UNKNOWN', 'ACCEPTED'")),
    AccountStep(name="verify", lane=Lane.AFTER, run=verify.verify, due=_lines("'VERIFYING', 'DISPUTED'")),
    AccountStep(
        name="drift",
        lane=Lane.DRIFT,
        run=drift.find_drift,
        due="SELECT account_id, min(recheck_at) FROM ordering_attempt WHERE recheck_at IS NOT NULL GROUP BY 1",
    ),
    Step(
        name="settle",
        lane=Lane.END,
        run=settle.settle,
        due=due_rows(
            f"ordering_order o LEFT JOIN ordering_orderline l ON l.order_id = o.id AND l.state IN ({_OPEN})",
            "o.state = 'PAID' AND l.id IS NULL",
        ),
    ),
    Step(
        name="receipts",
        lane=Lane.END,
        run=receipts.issue_receipts,
        due=due_rows("ordering_order", "state IN ('COMPLETED', 'PARTIAL') AND NOT is_receipted"),
    ),
    Step(
        name="recover",
        lane=Lane.LATE,
        run=check.recover,
        due=due_rows("ordering_flight", "lease_until < now()"),
    ),
    Step(
        name="order.expire",
        lane=Lane.LATE,
        run=expire.end_unpaid,
        due=due_rows(
            "ordering_order",
            "state = 'AWAITING_PAYMENT'",
            f"CASE WHEN cancel_requested_at IS NULL THEN valid_until ELSE {EVER} END",
        ),
    ),
    Step(
        name="order.lapse",
        lane=Lane.LATE,
        run=expire.lapse_quotes,
        due=due_rows("ordering_order", "state = 'QUOTED'", "valid_until"),
    ),
    Step(name="overdue", lane=Lane.LATE, run=overdue.tell_of_overdue, due=overdue.DUE, every_seconds=60),
)
