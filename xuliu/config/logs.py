"""Logs as JSON lines: when, how bad, from where, what, and which order, line and attempt. No personal data:
a field that is not named here is not written, however it got onto the record.
"""

import json
import logging
import traceback
from datetime import UTC, datetime
from types import TracebackType

FIELDS = ("order", "line", "attempt", "payment", "refund", "account", "stop", "count", "seconds", "status")


class JsonLines(logging.Formatter):
    """One object a line, with the fields of the line of work that were given in `extra`."""

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
    # Django names the path in its request logs, and a path may hold an ICCID or a receipt's code.
    if record.name.startswith("django.") and isinstance(record.args, tuple):
        masked = tuple("…" if isinstance(value, str) and "/" in value else value for value in record.args)
        return str(record.msg) % masked
    return record.getMessage()


def _frames(trace: TracebackType | None) -> list[str]:
    # The frames and never the exception's own text: it quotes values, and values are somebody's data.
    frames = traceback.extract_tb(trace)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
