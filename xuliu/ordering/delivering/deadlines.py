"""Deadlines: how long a sending may take, and from when "not found" proves that it was not done."""

from datetime import datetime, timedelta

from xuliu.carrier.contract import Capabilities
from xuliu.ordering.delivering.active_lines import ActiveLine

# A token, the change, a stale-token answer, another token, the change again.
EXCHANGES_OF_A_CHANGE = 5


def longest_sending(can: Capabilities) -> timedelta:
    """The deadlines of all calls that sending one change may take."""
    return timedelta(seconds=can.deadline_seconds * EXCHANGES_OF_A_CHANGE)


def absence_proves_from(line: ActiveLine, can: Capabilities) -> datetime:
    """From when a carrier's "not found" proves that the newest attempt was not done and will not be: from then on the
    line may be sent again, by steps and people alike."""
    return (line.sent_at or line.state_at) + longest_sending(can) + can.settles_within
