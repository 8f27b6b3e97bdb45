"""What happened to which rows, as log lines: one a row for a handful, one with a count for a bulk."""

import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

ONE_EACH_UP_TO = 100


class Named(Protocol):
    """What can be named in a log: by `config.logs.FIELDS`; numbers and codes, never personal data."""

    @property
    def fields(self) -> Mapping[str, object]:
        """Its names and their values."""


def log_rows(log: logging.Logger, message: str, rows: Sequence[Named], *, level: int = logging.INFO) -> None:
    """Log the message for each row, with its fields."""
    if len(rows) > ONE_EACH_UP_TO:
        log.log(level, message, extra={"count": len(rows)})
        return
    for row in rows:
        log.log(level, message, extra=dict(row.fields))
