"""The business clock: every instant a customer could see is read here and given to SQL as a parameter.

Leases, budgets and locks use the database's clock instead. In tests XULIU_CLOCK_FILE names a file with an
offset in seconds that all processes share, so that an hour can pass for all of them at once.
"""

import os
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
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
        return _read(path, Path(path).stat().st_mtime_ns)
    except FileNotFoundError:
        return timedelta(0)


@lru_cache(maxsize=4)
def _read(path: str, _changed: int) -> timedelta:
    return timedelta(seconds=float(Path(path).read_text() or 0))
