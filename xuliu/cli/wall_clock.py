"""The machine's local time, for times in a terminal."""

from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from xuliu.interfaces.wording import figures


@cache
def here() -> tzinfo:
    """The machine's zone: Django sets the process's zone to the one it stores times in."""
    try:
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError):
        return UTC


def tenths(at: datetime) -> str:
    """`11:52:03.4`."""
    return f"{figures.clock_time(at, zone=here())}.{at.microsecond // 100_000}"
