"""A log line says what a person needs who looks for an order, and nothing about anybody."""

import json
import logging
import sys
from typing import Any

from xuliu.config.logs import JsonLines


def _written(message: str, *args: object, name: str = "xuliu.ordering", **extra: Any) -> dict[str, Any]:
    record = logging.getLogger(name).makeRecord(name, logging.INFO, "file.py", 1, message, args, None, extra=extra)
    entry: dict[str, Any] = json.loads(JsonLines().format(record))
    return entry


def test_a_line_names_order_line_and_attempt() -> None:
    entry = _written("sent", order=7, line=9, attempt=2)
    assert (entry["order"], entry["line"], entry["attempt"]) == (7, 9, 2)
    assert entry["message"] == "sent"


def test_a_field_nobody_allowed_is_not_written() -> None:
    assert "13800138000" not in json.dumps(_written("sent", phone="13800138000"))


def test_a_path_is_not_repeated_in_what_django_logs() -> None:
    entry = _written("%s: %s", "Not Found", "/r/89860012345678901234", name="django.request")
    assert entry["message"] == "Not Found: …"
    assert "8986" not in json.dumps(entry)


def test_an_exception_shows_where_and_not_what_it_quotes() -> None:
    entry: dict[str, Any] = {}
    try:
        int("Mei 13800138000")
    except ValueError:
        record = logging.LogRecord("xuliu", logging.ERROR, "f.py", 1, "odd figure", None, sys.exc_info())
        entry = json.loads(JsonLines().format(record))
    assert entry["exception"] == "ValueError"
    assert "test_logs.py" in entry["where"][-1]
    assert "13800138000" not in json.dumps(entry)
