"""One exchange with the outside world and its row in the call log. Knows no carrier and no payment provider."""

import atexit
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, ParamSpec, TypeVar

from django.db import connection

from xuliu.common import clock
from xuliu.common.models import CallRecord
from xuliu.common.outbound import NoAnswer, NotSent, Outbound, Response
from xuliu.common.redact import redact, redact_text, redact_url

ANSWER_KEPT = 8_000

Record = CallRecord
Given = ParamSpec("Given")
Said = TypeVar("Said")

_gathering: ContextVar[list[Record] | None] = ContextVar("calls_gathered", default=None)
_departures: ContextVar[list[str] | None] = ContextVar("changes_that_left", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent. Headers are never logged."""

    operation: str
    method: str
    url: str
    params: Mapping[str, str | int] | None = None
    json: Any = None
    form: Mapping[str, str] | None = None
    content: bytes | None = None
    headers: Mapping[str, str] | None = None
    reference: str = ""
    is_change: bool = False


def exchange(asked: Request, *, log: type[CallRecord], account_id: int, deadline_seconds: float) -> Response:
    """Send it and return the answer; a call that could change something, or that failed, leaves a row in `log`.

    Raises NotSent or NoAnswer as `common.outbound` does.
    """
    started_at, started = clock.now(), time.monotonic()
    failure, response = "", None
    try:
        response = outbound().exchange(
            method=asked.method,
            url=asked.url,
            params=asked.params,
            json=asked.json,
            form=asked.form,
            content=asked.content,
            headers=asked.headers,
            deadline_seconds=deadline_seconds,
            leaving=partial(_note_departure, asked),
        )
    except (NotSent, NoAnswer) as error:
        failure = f"{type(error).__name__}: {error}"
        raise
    else:
        return response
    finally:
        if asked.is_change or response is None or response.status >= 400:
            took = time.monotonic() - started
            _record(log, account_id, asked, response, failure=failure, started_at=started_at, took=took)


@contextmanager
def departures() -> Iterator[list[str]]:
    """The references of this thread's changes of which a byte has left within the block, as they leave."""
    left: list[str] = []
    token = _departures.set(left)
    try:
        yield left
    finally:
        _departures.reset(token)


def _note_departure(asked: Request) -> None:
    left = _departures.get()
    if left is not None and asked.is_change:
        left.append(asked.reference)


def outbound() -> Outbound:
    """This process's connections to the outside."""
    return _outbound_of(os.getpid())


@lru_cache(maxsize=1)
def _outbound_of(_process_id: int) -> Outbound:
    """A forked child must not talk over its parent's connections."""
    made = Outbound(deadline_seconds=10)
    atexit.register(made.close)
    return made


def gathered(call: Callable[Given, Said], *args: Given.args, **named: Given.kwargs) -> tuple[Said, list[Record]]:
    """Call something in a thread that has no database connection; the rows of its exchanges are for `write`."""
    records: list[Record] = []
    token = _gathering.set(records)
    try:
        return call(*args, **named), records
    finally:
        _gathering.reset(token)


def write(records: Sequence[Record]) -> None:
    """Write rows that were gathered, one insert for each log."""
    by_log: dict[str, list[Record]] = {}
    for record in records:
        by_log.setdefault(record._meta.db_table, []).append(record)
    for table, rows in by_log.items():
        columns = zip(*(_values(row) for row in rows), strict=True)
        with connection.cursor() as cursor:
            cursor.execute(_INSERT.format(table=connection.ops.quote_name(table)), [list(column) for column in columns])


_INSERT = """
    INSERT INTO {table} (account_id, operation, reference, is_change, request, status, answer, failure,
        started_at, took_ms)
    SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::boolean[], %s::jsonb[], %s::smallint[], %s::text[],
        %s::text[], %s::timestamptz[], %s::int[])"""


def _values(row: Record) -> tuple[Any, ...]:
    said = (row.status, row.answer, row.failure, row.started_at, row.took_ms)
    return (row.account_id, row.operation, row.reference, row.is_change, json.dumps(row.request), *said)


def _record(
    log: type[CallRecord],
    account_id: int,
    asked: Request,
    response: Response | None,
    *,
    failure: str,
    started_at: datetime,
    took: float,
) -> None:
    record = log(
        account_id=account_id,
        operation=asked.operation[:60],
        reference=asked.reference[:40],
        is_change=asked.is_change,
        request=_redacted(asked),
        status=response.status if response else None,
        answer=redact_text(response.text, limit=ANSWER_KEPT) if response else "",
        failure=failure[:200],
        started_at=started_at,
        took_ms=round(took * 1000),
    )
    waiting = _gathering.get()
    if waiting is None:
        write([record])
    else:
        waiting.append(record)


def _redacted(asked: Request) -> dict[str, Any]:
    said = {"params": asked.params, "json": asked.json, "form": asked.form, "content": _read(asked.content)}
    return {
        "method": asked.method,
        **redact_url(asked.url),
        **{name: redact(value) for name, value in said.items() if value is not None},
    }


def _read(content: bytes | None) -> Any:
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return f"{len(content)} bytes"
