"""Patience: how long anything may take before a case is opened, how often a line may be sent, the waits between.

Counted from the beginning (paid, requested, opened, received), never from the last try, so that nothing is retried for
ever. Pure functions over the clock and the installation's settings.
"""

from datetime import datetime, timedelta

from django.conf import settings

from xuliu.common import clock
from xuliu.ticket.kinds import CaseKind


class OverdueCase(CaseKind):
    """Cases about overdue things."""

    CARRIER_ACCOUNT = "carrier_account_waits"
    OFFERING = "offering_waits"
    LINE = "line_waits"
    LOOK_BACK = "look_back_waits"
    SELLER = "seller_waits"
    ORDER = "order_waits"
    PROVIDER_ACCOUNT = "provider_account_waits"
    PAYMENT = "payment_waits"
    REFUND = "refund_overdue"
    NOTICE = "notice_waits"


RETRY_FIRST = timedelta(seconds=15)
RETRY_LONGEST = timedelta(minutes=10)


def patience(*, is_waited_for: bool) -> timedelta:
    """How long it may take; less if a person waits for it."""
    given: timedelta = settings.XULIU_PATIENCE if is_waited_for else settings.XULIU_LONG_PATIENCE
    return given


def began_by(*, is_waited_for: bool) -> datetime:
    """The instant before which unfinished things began too long ago."""
    return clock.now() - patience(is_waited_for=is_waited_for)


def has_ended(since: datetime | None, *, is_waited_for: bool) -> bool:
    """Whether something that began then (None: has not begun) has outlasted its patience."""
    return since is not None and since <= began_by(is_waited_for=is_waited_for)


def may_be_sent_again(sendings: int) -> bool:
    """Whether a line that reached its carrier this often without being done is sent again automatically."""
    limit: int = settings.XULIU_MOST_SENDINGS
    return sendings < limit


def backoff(tries: int, *, first: timedelta, longest: timedelta) -> timedelta:
    """The wait before asking again: doubles each time."""
    return min(longest, timedelta(seconds=first.total_seconds() * 2 ** min(tries, 20)))


def retry_wait(tries: int) -> timedelta:
    """The wait before a line that was certainly not sent is tried again."""
    return backoff(tries, first=RETRY_FIRST, longest=RETRY_LONGEST)
