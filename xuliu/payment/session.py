"""The session of a provider account (`payment.contract.Session`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from xuliu.common import calls, clock
from xuliu.common.outbound import Response
from xuliu.payment.models import ProviderCall


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSession:
    """Makes calls for one provider account. Safe to use from several threads."""

    account_id: int
    deadline_seconds: float

    def now(self) -> datetime:
        """The business clock."""
        return clock.now()

    def call(
        self,
        *,
        operation: str,
        method: str,
        url: str,
        content: bytes | None = None,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        reference: str = "",
        is_change: bool = False,
    ) -> Response:
        """One exchange under one deadline, logged redacted. Raises NotSent or NoAnswer."""
        asked = calls.Request(
            operation=operation,
            method=method,
            url=url,
            content=content,
            params=params,
            headers=headers,
            reference=reference,
            is_change=is_change,
        )
        return calls.exchange(
            asked, log=ProviderCall, account_id=self.account_id, deadline_seconds=self.deadline_seconds
        )
