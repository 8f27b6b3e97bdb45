"""The account's rate budget, shared by all processes: one row that says when the next call may leave."""

import time

from django.db import connection

from xuliu.common.outbound import NotSent

# A call leaves a little after its turn was given, the next one perhaps not: evenly spaced turns would reach the
# carrier less evenly, and a window of its counting one call too many.
SPACING_MARGIN = 1.05


def wait_for_turn(account_id: int, *, calls_per_second: float, at_most_seconds: float) -> None:
    """Take the account's next turn and sleep until it comes, outside any statement.

    Raises NotSent, taking no turn, when it would come later than `at_most_seconds`.
    """
    gap = SPACING_MARGIN / calls_per_second
    parameters: dict[str, int | float] = {"account": account_id, "gap": gap, "most": at_most_seconds}
    with connection.cursor() as cursor:
        cursor.execute(TAKE, parameters)
        row = cursor.fetchone()
        if row is None:
            cursor.execute(LEFT, parameters)
            later = cursor.fetchone()[0]
            raise NotSent("the account's rate budget is used up", retry_after_seconds=max(later, 0.0))
    time.sleep(max(row[0], 0.0))


def hold_back(account_id: int, *, seconds: float) -> None:
    """No call of any process leaves before that: the carrier said so."""
    with connection.cursor() as cursor:
        cursor.execute(HOLD_BACK, [seconds, account_id])


# A turn that a power cut forgets was given to somebody who is gone: nobody need wait for the disk.
TAKE = """
    WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    INSERT INTO carrier_accountbudget AS b (account_id, next_at)
    SELECT %(account)s, clock_timestamp() + %(gap)s * interval '1 s' FROM quick
    ON CONFLICT (account_id) DO UPDATE SET next_at = GREATEST(b.next_at, clock_timestamp()) + %(gap)s * interval '1 s'
        WHERE b.next_at <= clock_timestamp() + %(most)s * interval '1 s'
    RETURNING extract(epoch FROM next_at - %(gap)s * interval '1 s' - clock_timestamp())::float8"""

LEFT = """
    SELECT extract(epoch FROM next_at - clock_timestamp())::float8 FROM carrier_accountbudget
    WHERE account_id = %(account)s"""

HOLD_BACK = """
    UPDATE carrier_accountbudget SET next_at = GREATEST(next_at, clock_timestamp() + %s * interval '1 s')
    WHERE account_id = %s"""
