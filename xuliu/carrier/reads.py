"""Counts reading calls per minute and operation, instead of recording each; writes at most once a second."""

import os
import threading
import time
from collections import Counter
from datetime import datetime
from typing import NamedTuple

from django.db import connection

FLUSH_EVERY_SECONDS = 1.0


class Slot(NamedTuple):
    """The key of one count."""

    account_id: int
    minute: datetime
    operation: str


class ReadTally:
    """This process's unwritten counts. Safe to use from several threads."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget the counts in a forked process: the parent writes them."""
        self._lock = threading.Lock()
        self._made: Counter[Slot] = Counter()
        self._failed: Counter[Slot] = Counter()
        self._written_at = time.monotonic()

    def count(self, account_id: int, operation: str, *, at: datetime, has_failed: bool) -> None:
        """Count one call."""
        slot = Slot(account_id, at.replace(second=0, microsecond=0), operation[:60])
        with self._lock:
            self._made[slot] += 1
            self._failed[slot] += has_failed
        self.flush_if_due()

    def flush_if_due(self) -> None:
        """Write all counts if the last writing was over a second ago. The worker calls this now and then."""
        with self._lock:
            is_due = time.monotonic() - self._written_at >= FLUSH_EVERY_SECONDS
        if is_due:
            self.flush()

    def flush(self) -> None:
        """Write the counts, in one statement. The worker calls this when it ends."""
        with self._lock:
            made, failed = self._made, self._failed
            self._made, self._failed = Counter(), Counter()
            self._written_at = time.monotonic()
        if not made:
            return
        # Sorted, so that two processes never deadlock.
        slots = sorted(made)
        columns = [list(column) for column in zip(*slots, strict=True)]
        with connection.cursor() as cursor:
            cursor.execute(ADD, [*columns, [made[slot] for slot in slots], [failed[slot] for slot in slots]])


tally = ReadTally()
os.register_at_fork(after_in_child=tally.begin_anew)

ADD = """
    INSERT INTO carrier_readcount AS r (account_id, minute, operation, made, failed)
    SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::int[], %s::int[])
    ON CONFLICT (account_id, minute, operation)
        DO UPDATE SET made = r.made + excluded.made, failed = r.failed + excluded.failed"""
