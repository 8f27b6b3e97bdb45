"""The sandbox's time: the machine's, moved by a file that tests write."""

import os
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo


class Clock:
    """Machine time plus the seconds in `path`; the file is looked at on every call and read when it changed."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._offset = 0.0

    def timestamp(self) -> float:
        """Seconds since 1970, moved."""
        return time.time() + self._read()

    def now(self) -> datetime:
        """The same as an aware UTC datetime."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def today(self, zone: ZoneInfo) -> date:
        """The civil date in a zone."""
        return self.now().astimezone(zone).date()

    def _read(self) -> float:
        if self._path is None:
            return 0.0
        try:
            found = self._path.stat()
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
            if seen != self._seen:
                self._offset = float(self._path.read_text())
                self._seen = seen
        except ValueError:
            pass  # just being written: as before, and looked at again on the next call
        except OSError:
            self._offset, self._seen = 0.0, None
        return self._offset


def from_environment() -> Clock:
    """The clock that XULIU_CLOCK_FILE asks for."""
    named = os.environ.get("XULIU_CLOCK_FILE", "")
    return Clock(Path(named) if named else None)


def instant(timestamp: float) -> datetime:
    """Stored seconds as an aware UTC datetime."""
    return datetime.fromtimestamp(timestamp, UTC)


def iso(timestamp: float | None) -> str | None:
    """Stored seconds as the control API shows them."""
    return None if timestamp is None else instant(timestamp).isoformat()


def last_second(ends_on: date) -> datetime:
    """The last second before an exclusive end, without a zone."""
    return datetime(ends_on.year, ends_on.month, ends_on.day) - timedelta(seconds=1)  # noqa: DTZ001 -- civil on purpose
