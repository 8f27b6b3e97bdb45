"""The business clock: every instant a customer could see is read here and given to SQL as a parameter.

Leases, budgets and locks use the database's clock instead. In tests XULIU_CLOCK_FILE names a file with an
offset in seconds that all processes share, so that an hour can pass for all of them at once.
"""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo


def now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC) + _offset()


def civil_date(at: datetime, zone: str) -> date:
    """The civil date of an instant in a named zone, such as Asia/Shanghai."""
    return at.astimezone(ZoneInfo(zone)).date()


def _offset() -> timedelta:
    path = os.environ.get("XULIU_CLOCK_FILE")
    if not path:
        return timedelta(0)
    try:
        text = Path(path).read_text()
    except FileNotFoundError:
        return timedelta(0)
    if text:  # empty for the moment in which it is being written
        _last_read[path] = timedelta(seconds=float(text))
    return _last_read.get(path, timedelta(0))


_last_read: dict[str, timedelta] = {}
