"""One exchange with the outside world and its row in the call log. Knows no carrier and no payment provider."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from xuliu.common import clock
from xuliu.common.models import CallRecord
from xuliu.common.outbound import NoAnswer, NotSent, Outbound, Response
from xuliu.common.redact import redact, redact_text, redact_url

ANSWER_KEPT = 8_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
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


def exchange(asked: Asked, *, log: type[CallRecord], account_id: int, deadline_seconds: float) -> Response:
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


def outbound() -> Outbound:
    """This process's connections to the outside."""
    return _outbound_of(os.getpid())


@lru_cache(maxsize=1)
def _outbound_of(_process_id: int) -> Outbound:
    """A forked child must not talk over its parent's connections."""
    return Outbound(deadline_seconds=10)


def _record(
    log: type[CallRecord],
    account_id: int,
    asked: Asked,
    response: Response | None,
    *,
    failure: str,
    started_at: datetime,
    took: float,
) -> None:
    log(
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
    ).save(force_insert=True)


def _redacted(asked: Asked) -> dict[str, Any]:
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
