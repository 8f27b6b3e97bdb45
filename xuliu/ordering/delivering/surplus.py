"""Surplus: the carrier delivered at least one unit more than was sold. The payer keeps it; a case is opened."""

from collections.abc import Sequence

from django.db import connection

from xuliu.carrier.contract import Proof, Reading
from xuliu.common import arrays
from xuliu.ordering.delivering.active_lines import ActiveLine
from xuliu.ordering.delivering.client import CarrierClient
from xuliu.ordering.delivering.delivered_since import delivered_since
from xuliu.ordering.delivering.evidence import Promise, by_readings, shows_more
from xuliu.ordering.delivering.reasons import LineCase
from xuliu.ticket.operations import NewCase

Read = tuple[ActiveLine, Reading]


def surplus_of(client: CarrierClient, read: Sequence[Read]) -> list[NewCase]:
    """Open a case for each delivered line whose reading shows one unit more than was sold.

    Other lines' deliveries explain it, and so may a line in doubt, the beginning of a month, or the carrier's automatic
    top-up. No statement if no reading shows more.
    """
    more = [(line, after) for line, after in read if _shows_more(client, line, [], after)]
    if not more:
        return []
    lines = [line for line, _ in more]
    since, explained = delivered_since(lines), _with_others_in_doubt(lines)
    return [
        _case(line, after)
        for line, after in more
        if line.id not in explained
        and (others := since[line.id]) is not None
        and _shows_more(client, line, others, after)
    ]


def _shows_more(client: CarrierClient, line: ActiveLine, others: Sequence[Promise], after: Reading) -> bool:
    own, before = by_readings(line.promise), line.base
    if before is None or not shows_more(own, others, before, after):
        return False
    is_itself = own.proof is Proof.GRANTED_TOTAL and client.capabilities.tops_up_by_itself
    return not (is_itself and _may_have_run_low(own, before, after))


def _may_have_run_low(own: Promise, before: Reading, after: Reading) -> bool:
    """Whether an automatic top-up may have come, as it does when little is left: not if more than a whole one was
    left."""
    left, used, uses = before.left_bytes, before.used_bytes, after.used_bytes
    return left is None or used is None or uses is None or left - (uses - used) <= own.size_bytes


def _with_others_in_doubt(lines: Sequence[ActiveLine]) -> set[int]:
    """The lines whose SIM has another possibly delivered line: in doubt, recently refused, or drifted."""
    sql = f"""
        WITH u AS (SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS u(id, sim_id))
        SELECT u.id FROM u JOIN ordering_orderline l ON l.sim_id = u.sim_id AND l.id <> u.id
        WHERE l.state IN ('SUBMITTING', 'ACCEPTED', 'VERIFYING', 'UNKNOWN', 'DISPUTED')
        UNION SELECT u.id FROM ordering_attempt a JOIN ordering_orderline l ON l.id = a.line_id AND l.state = 'REJECTED'
            JOIN u ON u.sim_id = l.sim_id AND u.id <> l.id WHERE a.recheck_at IS NOT NULL
        UNION SELECT u.id FROM ticket_case c JOIN ordering_orderline l ON l.id = c.subject_id
            JOIN u ON u.sim_id = l.sim_id AND u.id <> l.id
            WHERE c.kind = '{LineCase.DELIVERED_AFTER_REFUSAL}' AND c.subject_kind = 'orderline'"""
    columns = (arrays.integers([line.id for line in lines]), arrays.integers([line.sim_id for line in lines]))
    with connection.cursor() as cursor:
        cursor.execute(sql, columns)
        return {row[0] for row in cursor.fetchall()}


def _case(line: ActiveLine, after: Reading) -> NewCase:
    before = line.base
    facts = {
        "attempt": line.attempt,
        "end_before": before and before.period_end_on,
        "end_now": after.period_end_on,
        "bytes_before": before and before.granted_bytes,
        "bytes_now": after.granted_bytes,
    }
    return NewCase(kind=LineCase.DELIVERED_MORE, subject_kind="orderline", subject_id=line.id, facts=facts)
