"""The account's rate budget, shared by all processes: one row that says when the next call may leave.

A process takes the turns of a twentieth of a second at once, so that an account of hundreds of calls a second does not
cost a statement for each; what it has not used by then is nobody's.
"""

import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field

from django.db import connection

from xuliu.common.outbound import NotSent

# A call leaves a little after its turn was given, the next one perhaps not: evenly spaced turns would reach the
# carrier less evenly, and a window of its counting one call too many.
SPACING_MARGIN = 1.05
RATION_SECONDS = 0.05


@dataclass(slots=True)
class _Ration:
    """Turns of one account that this process has taken: the next one's time, and when the last is over."""

    next_at: float = 0.0
    ends_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def turn(self, gap: float) -> float | None:
        """The next turn's time, monotonic; None where none is left."""
        at = self.next_at
        # A little less than a gap before the end no whole turn is left: floats do not add up.
        if at > self.ends_at - gap * 0.99 or time.monotonic() >= self.ends_at:
            return None
        self.next_at += gap
        return at


_rations: defaultdict[int, _Ration] = defaultdict(_Ration)


def forget_rations() -> None:
    """What was taken is another process's, or another database's."""
    _rations.clear()


def wait_for_turn(account_id: int, *, calls_per_second: float, at_most_seconds: float) -> None:
    """Take the account's next turn and sleep until it comes, outside any statement.

    Raises NotSent, taking no turn, when it would come later than `at_most_seconds`.
    """
    gap = SPACING_MARGIN / calls_per_second
    ration = _rations[account_id]
    with ration.lock:
        at = ration.turn(gap)
        if at is None:
            turns = max(1, int(RATION_SECONDS / gap))
            at = time.monotonic() + _take(account_id, gap * turns, at_most_seconds)
            ration.next_at, ration.ends_at = at + gap, at + gap * turns
    time.sleep(max(at - time.monotonic(), 0.0))


def _take(account_id: int, seconds: float, at_most_seconds: float) -> float:
    """Take so many seconds of the account's time; returns in how many they begin. Raises NotSent."""
    parameters: dict[str, int | float] = {"account": account_id, "seconds": seconds, "most": at_most_seconds}
    with connection.cursor() as cursor:
        cursor.execute(TAKE, parameters)
        row = cursor.fetchone()
        if row is None:
            cursor.execute(LEFT, parameters)
            later = cursor.fetchone()[0]
            raise NotSent("the account's rate budget is used up", retry_after_seconds=max(later, 0.0))
    return max(float(row[0]), 0.0)


def hold_back(account_id: int, *, seconds: float) -> None:
    """No call of any process leaves before that, but for what a ration still holds: the carrier said so."""
    _rations.pop(account_id, None)
    with connection.cursor() as cursor:
        cursor.execute(HOLD_BACK, [seconds, account_id])


# A turn that a power cut forgets was given to somebody who is gone: nobody need wait for the disk.
TAKE = """
    WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    INSERT INTO carrier_accountbudget AS b (account_id, next_at)
    SELECT %(account)s, clock_timestamp() + %(seconds)s * interval '1 s' FROM quick
    ON CONFLICT (account_id) DO UPDATE
        SET next_at = GREATEST(b.next_at, clock_timestamp()) + %(seconds)s * interval '1 s'
        WHERE b.next_at <= clock_timestamp() + %(most)s * interval '1 s'
    RETURNING extract(epoch FROM next_at - %(seconds)s * interval '1 s' - clock_timestamp())::float8"""

LEFT = """
    SELECT extract(epoch FROM next_at - clock_timestamp())::float8 FROM carrier_accountbudget
    WHERE account_id = %(account)s"""

HOLD_BACK = """
    UPDATE carrier_accountbudget SET next_at = GREATEST(next_at, clock_timestamp() + %s * interval '1 s')
    WHERE account_id = %s"""
