"""`carrier.contract.Session` without Django: for connectors' tests, and for trying one out by hand."""

import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from xuliu.carrier.contract import Token
from xuliu.common.outbound import NoAnswer, NotSent, Outbound, Response
from xuliu.common.redact import redact, redact_text, redact_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One exchange as a log would keep it."""

    operation: str
    reference: str
    is_change: bool
    request: Mapping[str, Any]
    status: int | None
    answer: str
    failure: str


class LocalSession:
    """Keeps the token and the log in memory; the rate is kept by spacing calls. One object is one account."""

    def __init__(
        self, *, deadline_seconds: float = 10.0, calls_per_second: float | None = None, ahead: timedelta = timedelta(0)
    ) -> None:
        self.log: list[Logged] = []
        self.ahead = ahead
        self.deadline_seconds = deadline_seconds
        self._outbound = Outbound(deadline_seconds=deadline_seconds, verify=_verify())
        self._spacing = 1 / calls_per_second if calls_per_second else 0.0
        self._next_at = 0.0
        self._rate_lock = threading.Lock()
        self._token_lock = threading.Lock()
        self._token: Token | None = None

    def now(self) -> datetime:
        """The machine's clock, moved by `ahead`."""
        return datetime.now(UTC) + self.ahead

    def call(
        self,
        *,
        operation: str,
        method: str,
        url: str,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        reference: str = "",
        is_change: bool = False,
    ) -> Response:
        """One exchange when its turn has come, under one deadline, logged redacted. Raises NotSent, NoAnswer."""
        self._wait_for_turn()
        sent = {"method": method, "url": url, "params": params, "json": json, "form": form}
        response, failure = None, ""
        try:
            response = self._outbound.exchange(headers=headers, deadline_seconds=self.deadline_seconds, **sent)
        except (NotSent, NoAnswer) as error:
            failure = f"{type(error).__name__}: {error}"
            raise
        else:
            return response
        finally:
            self.log.append(
                Logged(
                    operation=operation,
                    reference=reference,
                    is_change=is_change,
                    request={
                        **redact_url(url),
                        **{name: redact(value) for name, value in sent.items() if name != "url"},
                    },
                    status=response.status if response else None,
                    answer=redact_text(response.text, limit=8_000) if response else "",
                    failure=failure,
                )
            )

    def token(self, fetch: Callable[[], Token], *, stale: str = "") -> str:
        """The one token, fetched under a lock. Raises NotSent."""
        with self._token_lock:
            kept = self._token
            if kept is None or kept.value == stale or kept.expires_at <= self.now():
                try:
                    kept = self._token = fetch()
                except NoAnswer as error:
                    raise NotSent(f"no token: {error}") from error
            return kept.value

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._outbound.close()

    def _wait_for_turn(self) -> None:
        with self._rate_lock:
            turn = max(self._next_at, time.monotonic())
            self._next_at = turn + self._spacing
        time.sleep(max(0.0, turn - time.monotonic()))


@lru_cache(maxsize=1)
def _verify() -> ssl.SSLContext:
    """Read once: the list of authorities is long, and tests make many sessions."""
    return ssl.create_default_context()
