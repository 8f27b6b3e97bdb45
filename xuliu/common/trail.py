"""What happened to which rows, as log lines: one a row for a handful, one with a count for a bulk."""

import logging
from collections.abc import Mapping, Sequence

ONE_EACH_UP_TO = 100


def log_rows(
    log: logging.Logger, message: str, rows: Sequence[Mapping[str, object]], *, level: int = logging.INFO
) -> None:
    """Log the message for each row, with its fields (`config.logs.FIELDS`; numbers and codes, never personal data)."""
    if len(rows) > ONE_EACH_UP_TO:
        log.log(level, message, extra={"count": len(rows)})
        return
    for row in rows:
        log.log(level, message, extra=dict(row))
