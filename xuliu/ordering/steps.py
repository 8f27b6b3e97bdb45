"""The steps for orders, from the returning payer to the receipt."""

from xuliu.common.steps import EVER, AccountStep, Lane, Step, due_rows
from xuliu.ordering import overdue
from xuliu.ordering.buying import by_notice, expire, payer
from xuliu.ordering.delivering import check, drift, fulfil, ready, verify
from xuliu.ordering.ending import receipts, settle
from xuliu.ordering.models import OrderLine

_OPEN = ", ".join(f"'{state}'" for state in OrderLine.OPEN)


def _lines(states: str) -> str:
    """The `due` question of a step for an account's lines in these states."""
    return f"""SELECT account_id, min(due_at) FROM ordering_orderline
        WHERE NOT is_set_aside AND state IN ({states}) GROUP BY 1"""


STEPS = (
    Step("payer.know", Lane.OPEN, payer.know_payers, due_rows("payment_signin", "state = 'RETURNED'", "due_at")),
    Step("pay.apply", Lane.PAY, by_notice.apply_notices, due_rows("payment_notice", "state = 'STORED'")),
    Step(
        "pay.release_rest",
        Lane.RELEASE,
        ready.release_rest,
        due_rows(
            "ordering_order o JOIN ordering_orderline l ON l.order_id = o.id",
            "o.state = 'PAID' AND l.state = 'WAITING'",
        ),
    ),
    AccountStep("fulfil", Lane.FULFIL, fulfil.fulfil, _lines("'READY'")),
    AccountStep("check", Lane.AFTER, check.check, _lines("'UNKNOWN', 'ACCEPTED'")),
    AccountStep("verify", Lane.AFTER, verify.verify, _lines("'VERIFYING', 'DISPUTED'")),
    AccountStep(
        "drift",
        Lane.DRIFT,
        drift.find_drift,
        "SELECT account_id, min(recheck_at) FROM ordering_attempt WHERE recheck_at IS NOT NULL GROUP BY 1",
    ),
    Step(
        "settle",
        Lane.END,
        settle.settle,
        due_rows(
            f"ordering_order o LEFT JOIN ordering_orderline l ON l.order_id = o.id AND l.state IN ({_OPEN})",
            "o.state = 'PAID' AND l.id IS NULL",
        ),
    ),
    Step(
        "receipts",
        Lane.END,
        receipts.issue_receipts,
        due_rows("ordering_order", "state IN ('COMPLETED', 'PARTIAL') AND NOT is_receipted"),
    ),
    Step("recover", Lane.LATE, check.recover, due_rows("ordering_flight", "lease_until < now()")),
    Step(
        "order.expire",
        Lane.LATE,
        expire.end_unpaid,
        due_rows(
            "ordering_order",
            "state = 'AWAITING_PAYMENT'",
            f"CASE WHEN cancel_requested_at IS NULL THEN valid_until ELSE {EVER} END",
        ),
    ),
    Step("order.lapse", Lane.LATE, expire.lapse_quotes, due_rows("ordering_order", "state = 'QUOTED'", "valid_until")),
    Step("overdue", Lane.LATE, overdue.tell_of_overdue, overdue.DUE, every_seconds=60),
)
