"""Logs as JSON lines: time, level, source, message, and the order, line and attempt. No personal data: only the
fields named here are written.
"""

import json
import logging
import traceback
from datetime import UTC, datetime
from types import TracebackType

FIELDS = ("order", "line", "attempt", "payment", "refund", "account", "stop", "count", "seconds", "status")


class JsonLines(logging.Formatter):
    """One object per line, with the named fields given in `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        entry.update({name: getattr(record, name) for name in FIELDS if hasattr(record, name)})
        if isinstance(record.exc_info, tuple) and record.exc_info[0] is not None:
            entry["exception"] = record.exc_info[0].__name__
            entry["where"] = _frames(record.exc_info[2])
        return json.dumps(entry, ensure_ascii=False, default=str)


def _message(record: logging.LogRecord) -> str:
    # Django's request logs name the path, which may hold an ICCID or a receipt's code.
    if record.name.startswith("django.") and isinstance(record.args, tuple):
        masked = tuple("…" if isinstance(value, str) and "/" in value else value for value in record.args)
        return str(record.msg) % masked
    return record.getMessage()


def _frames(trace: TracebackType | None) -> list[str]:
    # Only the frames, never the exception's text: it may quote personal data.
    frames = traceback.extract_tb(trace)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
