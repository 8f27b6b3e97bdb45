"""What the steps of the line may find to do, and when: one question to the database, where asking every step is sixty.

What is said here is no narrower than what the steps themselves look for; a test that leans on it ends with the books,
which know of everything that was left lying.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import NamedTuple

import psycopg
from django.db import connection

from xuliu.common import clock
from xuliu.ordering import steps
from xuliu.ordering.models import OrderLine

_STATE_IS_OPEN = f"state IN ({', '.join(repr(str(state)) for state in OrderLine.OPEN)})"
_EVER = "timestamptz '1000-01-01'"  # what waits for no instant is due since ever


def _rows(table: str, condition: str, at: str = _EVER) -> str:
    return f"SELECT NULL::bigint, min({at}) FROM {table} WHERE {condition}"  # noqa: S608  # constants


def _lines(states: str) -> str:
    return f"""SELECT account_id, min(due_at) FROM ordering_orderline
        WHERE NOT is_set_aside AND state IN ({states}) GROUP BY 1"""  # noqa: S608  # constants


# By step: the carrier account, where it has one, and the earliest instant at which the step may find something.
DUE = {
    "payer.know": _rows("payment_signin", "state = 'RETURNED'", "due_at"),
    "payment.open": _rows("payment_payment", "state = 'OPENING'", "due_at"),
    "account.try": _rows("payment_provideraccount", "is_self_paused", "tried_at + interval '5 min'"),
    "payment.ask": _rows("payment_payment", "state IN ('OPENING', 'PENDING') OR doubted_at IS NOT NULL", "due_at"),
    "refund.send": _rows("payment_refund", "state = 'PENDING'", "due_at"),
    "refund.ask": _rows("payment_refund", "state <> 'PENDING'", "due_at"),
    "pay.apply": _rows("payment_notice", "state = 'STORED'"),
    "pay.release_rest": _rows(
        "ordering_order o JOIN ordering_orderline l ON l.order_id = o.id", "o.state = 'PAID' AND l.state = 'WAITING'"
    ),
    "fulfil": _lines("'READY'"),
    "verify": _lines("'VERIFYING', 'DISPUTED'"),
    "check": _lines("'UNKNOWN', 'ACCEPTED'"),
    "drift": "SELECT account_id, min(recheck_at) FROM ordering_attempt WHERE recheck_at IS NOT NULL GROUP BY 1",
    "readings": f"""SELECT account_id, {_EVER} FROM balance_reading r JOIN inventory_sim s ON s.id = r.sim_id
        WHERE wanted_at IS NOT NULL GROUP BY 1""",  # noqa: S608  # constants
    "settle": _rows(
        f"ordering_order o LEFT JOIN ordering_orderline l ON l.order_id = o.id AND l.{_STATE_IS_OPEN}",
        "o.state = 'PAID' AND l.id IS NULL",
    ),
    "receipts": _rows("ordering_order", "state IN ('COMPLETED', 'PARTIAL') AND NOT is_receipted"),
    "recover": _rows("ordering_flight", "lease_until < now()"),
    "order.expire": _rows(
        "ordering_order",
        "state = 'AWAITING_PAYMENT'",
        f"CASE WHEN cancel_wanted_at IS NULL THEN valid_until ELSE {_EVER} END",
    ),
    "order.lapse": _rows("ordering_order", "state = 'QUOTED'", "valid_until"),
    "guard.forget": _rows("common_counter", "true", "ends_at"),
    "carrier.examine": _rows("carrier_carrieraccount", "examine_at IS NOT NULL", "examine_at"),
    "provider.examine": _rows("payment_provideraccount", "examine_at IS NOT NULL", "examine_at"),
    "sign_in.forget": _rows("payment_signin", "true", "left_at + interval '1 day'"),
    "overdue": f"""SELECT NULL::bigint, min(at) FROM (
        SELECT paid_at + CASE WHEN is_waited_for THEN interval '2 h' ELSE interval '1 day' END AS at
        FROM ordering_order WHERE state = 'PAID'
        UNION ALL SELECT opened_at + interval '2 h' FROM payment_payment WHERE state IN ('OPENING', 'PENDING')
        UNION ALL SELECT wanted_at + interval '1 day' FROM payment_refund WHERE state IN ('PENDING', 'SENT', 'UNKNOWN')
        UNION ALL SELECT l.state_at + interval '2 days' FROM ordering_attempt a
            JOIN ordering_orderline l ON l.id = a.line_id WHERE a.recheck_at IS NOT NULL
        UNION ALL SELECT {_EVER} FROM ticket_case WHERE state = 'OPEN') AS waiting""",  # noqa: S608  # constants
}
_ASK = " UNION ALL ".join(f"SELECT '{step}', * FROM ({sql}) AS due" for step, sql in DUE.items())  # noqa: S608  # constants


class Due(NamedTuple):
    """A step that may find something from that instant on."""

    step: str
    account_id: int | None
    at: datetime


def everything() -> list[Due]:
    """What is due now or later; of each step, and of each account of one, the earliest."""
    connection.ensure_connection()
    # The driver's own cursor prepares at once, and is not counted among a test's statements.
    with psycopg.Cursor(connection.connection) as cursor:
        return [Due(*row) for row in cursor.execute(_ASK.encode(), prepare=True) if row[2] is not None]


def next_at() -> datetime:
    """When the steps may next find something; in the far future where they never will."""
    return min((due.at for due in everything()), default=datetime.fromisoformat("9000-01-01T00:00:00+00:00"))


def run() -> int:
    """Run each step that has something due, in the order of the line; returns how much was found to do."""
    now = clock.now()
    due = {(due.step, due.account_id) for due in everything() if due.at <= now}
    return sum(run() for (step, account), run in _in_order(sorted({a for _, a in due if a})) if (step, account) in due)


def _in_order(accounts: list[int]) -> Iterator[tuple[tuple[str, int | None], partial[int]]]:
    for lane in ("open", "ask", "pay", "release"):
        for step in steps.LANES[lane]:
            yield (step.name, None), partial(step.run)
    for account_steps in steps.ACCOUNT_LANES.values():
        for account_step in account_steps:
            for account in accounts:
                yield (account_step.name, account), partial(account_step.run, account)
    for lane in ("end", "accounts", "late"):
        for step in steps.LANES[lane]:
            yield (step.name, None), partial(step.run)


_KNOWN = {step.name for lane in (*steps.LANES.values(), *steps.ACCOUNT_LANES.values()) for step in lane}
assert set(DUE) == _KNOWN, f"when are these due? {_KNOWN ^ set(DUE)}"
