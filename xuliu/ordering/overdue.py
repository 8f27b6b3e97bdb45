"""Overdue: whatever outlasts its patience gets a case, one per cause, which closes by itself once it is resolved.

The cause is the carrier or provider account if it is paused, if no call succeeds, or if too many wait for one case
each; the offering if it is paused; otherwise the line, payment, refund or notice itself, or an order that does not end
although its lines did. Whatever already has its own case (set aside, disputed) gets no second one, nor does a line that
waits behind another.
"""

from json import loads
from typing import Any

from django.db import connection

from xuliu.common import stops
from xuliu.common.state import move
from xuliu.common.steps import EVER
from xuliu.ordering.delivering.active_lines import REACHED
from xuliu.ordering.delivering.outcomes import LOOK_BACK_AFTER
from xuliu.ordering.models import OrderLine
from xuliu.ordering.patience import OverdueCase, began_by, patience
from xuliu.ticket.kinds import CaseReason, kind_named
from xuliu.ticket.models import Case
from xuliu.ticket.operations import NewCase, keep_cases

ONE_BY_ONE = 20  # more of one account are one case with a count
# The newest sendings and calls show whether anything succeeds; an index by time would slow every sending.
LOOKED_AT = 1_000


def tell_of_overdue() -> int:
    """Open and close cases by what is overdue now; returns how many. A constant number of statements."""
    with stops.transaction("overdue.tell"):
        # First what is over: what a case tells of that is closed just now would be told by none.
        told = len(move(Case, _resolved(), to=Case.State.CLOSED, why=CaseReason.NO_LONGER_SO))
        told += keep_cases(_found(), kinds=list(OverdueCase), quiet_for=patience(is_waited_for=False))
    return told


def _found() -> list[NewCase]:
    values: dict[str, Any] = {
        "recently": began_by(is_waited_for=True),
        "long_ago": began_by(is_waited_for=False),
        "last_look": began_by(is_waited_for=False) - LOOK_BACK_AFTER[-1],
        "open": list(OrderLine.OPEN),
        "one_by_one": ONE_BY_ONE,
        "looked_at": LOOKED_AT,
    }
    with connection.cursor() as cursor:
        cursor.execute(OVERDUE, values)
        rows = cursor.fetchall()
    return [
        NewCase(kind=kind_named(kind), subject_kind=what, subject_id=one, facts=loads(text))
        for kind, what, one, text in rows
    ]


def _resolved() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(RESOLVED)
        return [row[0] for row in cursor.fetchall()]


# When something may be overdue, by the default patience; if an installation sets a longer one, this is just early.
DUE = f"""
    SELECT NULL::bigint, min(at) FROM (
        SELECT paid_at + CASE WHEN is_waited_for THEN interval '2 h' ELSE interval '1 day' END AS at
        FROM ordering_order WHERE state = 'PAID'
        UNION ALL SELECT opened_at + interval '2 h' FROM payment_payment WHERE state IN ('OPENING', 'PENDING')
        UNION ALL SELECT requested_at + interval '1 day' FROM payment_refund
            WHERE state IN ('PENDING', 'SENT', 'UNKNOWN')
        UNION ALL SELECT l.state_at + interval '2 days' FROM ordering_attempt a
            JOIN ordering_orderline l ON l.id = a.line_id WHERE a.recheck_at IS NOT NULL
        UNION ALL SELECT {EVER} FROM ticket_case WHERE state = 'OPEN') AS waiting"""
# Orders first: they are few, and most are young. The subject identifies a line's own case.
LINES = f"""
    late AS MATERIALIZED (
        SELECT id, paid_at FROM ordering_order WHERE state = 'PAID'
            AND paid_at <= CASE WHEN is_waited_for THEN %(recently)s ELSE %(long_ago)s END),
    answering AS (
        SELECT DISTINCT e.account_id
        FROM (SELECT * FROM ordering_attempt ORDER BY id DESC LIMIT %(looked_at)s) AS e
        WHERE {REACHED} AND e.sent_at > %(recently)s),
    waiting AS (
        SELECT l.*, late.paid_at, e.detail, l.state IN ('WAITING', 'READY') AND NOT l.is_set_aside AS is_queued,
            COALESCE({REACHED}, false) AS has_reached
        FROM late JOIN ordering_orderline l ON l.order_id = late.id AND l.state = ANY(%(open)s)
        LEFT JOIN ordering_attempt e ON e.line_id = l.id AND e.number = l.attempt
        WHERE NOT EXISTS (SELECT 1 FROM ticket_case c WHERE c.state = 'OPEN' AND c.subject_kind = 'orderline'
            AND c.subject_id = l.id AND c.kind <> 'line_waits')),
    lines AS (
        SELECT 'line_waits' AS kind, 'orderline' AS subject_kind, l.id AS subject_id, l.paid_at AS since,
            jsonb_build_object('state', l.state, 'last', l.detail) AS facts,
            CASE WHEN l.is_queued AND o.paused_at IS NOT NULL THEN 'offering' ELSE 'carrier_account' END AS shared,
            CASE WHEN l.is_queued AND o.paused_at IS NOT NULL THEN o.id ELSE a.id END AS shared_id,
            a.paused_why AS shared_why, a.paused_detail AS shared_said,
            l.is_queued AND (o.paused_at IS NOT NULL OR a.paused_at IS NOT NULL
                OR NOT l.has_reached AND a.id NOT IN (SELECT account_id FROM answering)) AS is_shared
        FROM waiting l JOIN carrier_carrieraccount a ON a.id = l.account_id
        JOIN catalog_offering o ON o.id = l.offering_id
        WHERE NOT l.is_queued OR NOT EXISTS (
            SELECT 1 FROM ordering_flight f JOIN ordering_orderline b ON b.id = f.line_id
            JOIN late ON late.id = b.order_id WHERE f.sim_id = l.sim_id AND f.line_id <> l.id))"""
# `drift` last looks a day after the end; after that the SIM could not be read.
LOOKS = """
    looks AS (
        SELECT 'look_back_waits' AS kind, 'orderline' AS subject_kind, l.id AS subject_id, l.state_at AS since,
            jsonb_build_object('state', l.state) AS facts, 'carrier_account' AS shared, a.id AS shared_id,
            a.paused_why AS shared_why, a.paused_detail AS shared_said, a.paused_at IS NOT NULL AS is_shared
        FROM ordering_attempt e JOIN ordering_orderline l ON l.id = e.line_id AND l.state_at <= %(last_look)s
        JOIN carrier_carrieraccount a ON a.id = e.account_id
        WHERE e.recheck_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ordering_flight f WHERE f.sim_id = l.sim_id))"""
# Should have ended within a second: after two hours nothing is left to wait for.
ORDERS = """
    stuck AS (
        SELECT o.id, o.seller_id, o.state, o.state_at FROM ordering_order o
        WHERE o.state = 'PAID' AND o.id IN (SELECT id FROM late) AND NOT EXISTS (
            SELECT 1 FROM ordering_orderline l
            WHERE l.order_id = o.id AND (l.state = ANY(%(open)s) OR l.state_at > %(recently)s))
        UNION ALL SELECT id, seller_id, state, state_at FROM ordering_order
        WHERE state IN ('COMPLETED', 'PARTIAL') AND NOT is_receipted AND state_at <= %(recently)s
        UNION ALL SELECT o.id, o.seller_id, o.state, o.valid_until FROM ordering_order o
        WHERE o.state = 'AWAITING_PAYMENT' AND o.valid_until <= %(recently)s AND NOT EXISTS (
            SELECT 1 FROM payment_payment p WHERE p.order_id = o.id AND p.state IN ('OPENING', 'PENDING'))),
    orders AS (
        SELECT 'order_waits' AS kind, 'order' AS subject_kind, o.id AS subject_id, o.state_at AS since,
            jsonb_build_object('state', o.state) AS facts, 'seller' AS shared, o.seller_id AS shared_id,
            '' AS shared_why, '' AS shared_said, false AS is_shared
        FROM stuck o WHERE NOT EXISTS (SELECT 1 FROM ticket_case c WHERE c.state = 'OPEN'
            AND c.subject_kind = 'order' AND c.subject_id = o.id AND c.kind <> 'order_waits'))"""
MONEY = """
    silent AS (
        SELECT account_id FROM (SELECT * FROM payment_providercall ORDER BY id DESC LIMIT %(looked_at)s) AS c
        WHERE started_at > %(recently)s GROUP BY account_id HAVING bool_and(status IS NULL)),
    money AS (
        SELECT 'payment_waits' AS kind, 'payment' AS subject_kind, id AS subject_id, opened_at AS since, account_id,
            jsonb_build_object('state', state) AS facts
        FROM payment_payment WHERE state IN ('OPENING', 'PENDING') AND opened_at <= %(recently)s
        UNION ALL SELECT 'refund_overdue', 'refund', r.id, r.requested_at, p.account_id,
            jsonb_build_object('state', r.state, 'last', r.detail)
        FROM payment_refund r JOIN payment_payment p ON p.id = r.payment_id
        WHERE r.state IN ('PENDING', 'SENT', 'UNKNOWN') AND r.requested_at <= %(long_ago)s
        UNION ALL SELECT 'notice_waits', 'notice', id, received_at, account_id, '{}'
        FROM payment_notice WHERE state = 'STORED' AND received_at <= %(recently)s),
    moneys AS (
        SELECT m.kind, m.subject_kind, m.subject_id, m.since, m.facts, 'provider_account' AS shared, a.id AS shared_id,
            a.paused_why AS shared_why, a.paused_detail AS shared_said,
            a.paused_at IS NOT NULL OR a.id IN (SELECT account_id FROM silent) AS is_shared
        FROM money m JOIN payment_provideraccount a ON a.id = m.account_id
        WHERE NOT EXISTS (SELECT 1 FROM ticket_case c WHERE c.state = 'OPEN' AND c.subject_kind = m.subject_kind
            AND c.subject_id = m.subject_id AND c.kind <> m.kind))"""
# A cause that already has a case (the account paused itself) keeps it; the case then says how many wait.
OVERDUE = f"""
    WITH {LINES}, {LOOKS}, {ORDERS}, {MONEY},
    found AS (
        SELECT *, is_shared OR count(*) OVER (PARTITION BY shared, shared_id) > %(one_by_one)s AS is_one_of_many
        FROM (SELECT * FROM lines UNION ALL SELECT * FROM looks
            UNION ALL SELECT * FROM orders UNION ALL SELECT * FROM moneys) AS every)
    SELECT COALESCE(
            (SELECT min(c.kind) FROM ticket_case c WHERE c.state = 'OPEN' AND c.kind <> shared || '_waits'
                AND c.subject_kind = replace(shared, '_', '') AND c.subject_id = shared_id),
            shared || '_waits'),
        replace(shared, '_', ''), shared_id,
        jsonb_build_object('count', count(*), 'since', min(since), 'why', min(shared_why), 'said', min(shared_said))
    FROM found WHERE is_one_of_many GROUP BY shared, shared_id
    UNION ALL SELECT kind, subject_kind, subject_id, facts || jsonb_build_object('since', since)
    FROM found WHERE NOT is_one_of_many"""
# Cases of other kinds that need no person any more. A row set aside may have ended before: its case stays open.
RESOLVED = """
    SELECT c.id FROM ticket_case c
    LEFT JOIN ordering_orderline l ON c.subject_kind = 'orderline' AND l.id = c.subject_id
    LEFT JOIN carrier_carrieraccount a ON c.subject_kind = 'carrieraccount' AND a.id = c.subject_id
    LEFT JOIN payment_provideraccount v ON c.subject_kind = 'provideraccount' AND v.id = c.subject_id
    LEFT JOIN payment_payment p ON c.subject_kind = 'payment' AND p.id = c.subject_id
    LEFT JOIN payment_refund r ON c.subject_kind = 'refund' AND r.id = c.subject_id
    LEFT JOIN payment_notice n ON c.subject_kind = 'notice' AND n.id = c.subject_id
    WHERE c.state = 'OPEN' AND CASE c.kind
        WHEN 'line_disputed' THEN l.state <> 'DISPUTED'
        WHEN 'line_held_back' THEN NOT l.is_set_aside OR l.state IN ('COMPLETED', 'REJECTED')
        WHEN 'line_sent_in_vain' THEN NOT l.is_set_aside OR l.state IN ('COMPLETED', 'REJECTED')
        WHEN 'line_set_aside' THEN NOT l.is_set_aside
            OR l.state IN ('COMPLETED', 'REJECTED') AND l.state_at > c.opened_at
        WHEN 'carrier_account_paused' THEN a.paused_at IS NULL
        WHEN 'provider_account_paused' THEN v.paused_at IS NULL
        WHEN 'payment_cannot_be_opened' THEN v.is_self_paused OR NOT EXISTS (
            SELECT 1 FROM payment_payment w
            WHERE w.account_id = v.id AND w.state = 'OPENING' AND w.trouble_at IS NOT NULL)
        WHEN 'payment_doubted' THEN p.state = 'SUCCEEDED' AND p.number = c.facts ->> 'provider_number'
        WHEN 'payment_set_aside' THEN p.state NOT IN ('OPENING', 'PENDING') AND p.state_at > c.opened_at
        WHEN 'payment_refunded_outside' THEN p.amount_minor <= (
                SELECT sum(given.amount_minor) FROM payment_refund given WHERE given.payment_id = p.id)
            AND NOT EXISTS (
                SELECT 1 FROM ordering_order o WHERE o.id = p.order_id AND o.state IN ('PAID', 'COMPLETED', 'PARTIAL'))
        WHEN 'refund_set_aside' THEN r.state IN ('SUCCEEDED', 'FAILED') AND r.state_at > c.opened_at
        WHEN 'refund_waits' THEN r.state IN ('SUCCEEDED', 'FAILED')
        WHEN 'refund_sent_in_vain' THEN r.state <> 'UNKNOWN'
        WHEN 'refund_refused' THEN r.state = 'SUCCEEDED'
        WHEN 'refund_failed' THEN r.state = 'SUCCEEDED'
        WHEN 'refund_closed' THEN r.state <> 'FAILED'
        WHEN 'refund_strange' THEN EXISTS (
            SELECT 1 FROM payment_refundnumber t JOIN payment_refund b ON b.id = t.refund_id
            WHERE t.reference = c.facts ->> 'reference' AND b.state = 'SUCCEEDED' AND b.state_at > c.opened_at)
        WHEN 'notice_set_aside' THEN n.state = 'APPLIED' OR EXISTS (
                SELECT 1 FROM payment_payment w WHERE n.subject = 'payment' AND w.account_id = n.account_id
                    AND w.reference = c.facts ->> 'reference' AND w.state = 'SUCCEEDED')
            OR EXISTS (
                SELECT 1 FROM payment_refundnumber t JOIN payment_refund b ON b.id = t.refund_id
                WHERE n.subject = 'refund' AND t.reference = c.facts ->> 'reference' AND b.state = 'SUCCEEDED')
        ELSE false END"""
