"""The account's rate budget, shared by all processes: one row that says when the next call may leave.

A process takes the turns of a twentieth of a second at once, so that an account with hundreds of calls per second does
not cost a statement for each. Unused turns are lost.
"""

import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field

from django.db import connection

from xuliu.common.outbound import NotSent

# A call leaves slightly after its turn, the next one perhaps not: without a margin, calls could arrive less evenly, and
# the carrier's window would count one too many.
SPACING_MARGIN = 1.05
RATION_SECONDS = 0.05


@dataclass(slots=True)
class _Ration:
    """The turns that this process has taken for one account: the next one's time, and when the last one ends."""

    next_at: float = 0.0
    ends_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def turn(self, gap: float) -> float | None:
        """The next turn's time, monotonic; None if none is left."""
        at = self.next_at
        # No whole turn is left slightly less than a gap before the end: floats do not add up exactly.
        if at > self.ends_at - gap * 0.99 or time.monotonic() >= self.ends_at:
            return None
        self.next_at += gap
        return at


_rations: defaultdict[int, _Ration] = defaultdict(_Ration)


def forget_rations() -> None:
    """Forget the turns taken: they belong to another process or database."""
    _rations.clear()


def wait_for_turn(account_id: int, *, calls_per_second: float, at_most_seconds: float) -> None:
    """Take the account's next turn and sleep until it comes, outside any statement.

    Raises NotSent, taking no turn, if it would come later than `at_most_seconds`.
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
    """Take that much of the account's time; returns in how many seconds it begins. Raises NotSent."""
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
    """Let no process call before then, except with turns already taken: the carrier asked for it."""
    _rations.pop(account_id, None)
    with connection.cursor() as cursor:
        cursor.execute(HOLD_BACK, [seconds, account_id])


# A power cut that loses a turn also ends whoever took it: nobody needs to wait for the disk.
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
