"""Delivered since: what other lines delivered to a SIM meanwhile. One delivery never proves another."""

from collections.abc import Sequence

from django.db import connection

from xuliu.ordering.delivering.active_lines import ActiveLine, lines_by_id
from xuliu.ordering.delivering.evidence import Promise


def delivered_since(lines: Sequence[ActiveLine]) -> dict[int, list[Promise] | None]:
    """For each line, what other lines delivered to its SIM since its newest attempt was sent.

    None while another line of the SIM is with the carrier: until that ends, readings cannot tell the two apart.
    Two statements.
    """
    since: dict[int, list[Promise] | None] = {line.id: [] for line in lines}
    sql = """
        SELECT u.id, other.id, f.line_id IS NOT NULL
        FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[]) AS u(id, sim_id, sent_at)
        LEFT JOIN ordering_flight f ON f.sim_id = u.sim_id AND f.line_id <> u.id
        LEFT JOIN balance_bucket b ON b.sim_id = u.sim_id AND b.line_id <> u.id
        LEFT JOIN ordering_orderline other ON other.id = b.line_id AND other.state_at >= u.sent_at"""
    columns = (
        [line.id for line in lines],
        [line.sim_id for line in lines],
        [line.sent_at or line.state_at for line in lines],
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, columns)
        rows = cursor.fetchall()
    promises = {other.id: other.promise for other in lines_by_id([row[1] for row in rows if row[1]])}
    for line_id, other_id, is_flying in rows:
        found = since[line_id]
        if is_flying:
            since[line_id] = None
        elif found is not None and other_id is not None:
            found.append(promises[other_id])
    return since
