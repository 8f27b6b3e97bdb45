"""Accounts at a carrier, for tests."""

from typing import Any

from xuliu.carrier.models import Carrier, CarrierAccount
from xuliu.carrier.session import AccountSession


def make_account(code: str = "onelink", **fields: Any) -> CarrierAccount:
    """Our account at a carrier in the style of OneLink."""
    carrier, _ = Carrier.objects.get_or_create(code="cmcc", defaults={"name": {"zh-hans": "中国移动"}})
    return CarrierAccount.objects.create(code=code, carrier=carrier, connector="onelink", **fields)


def make_session(
    account: CarrierAccount, *, calls_per_second: float = 1000, parallel: int = 8, deadline_seconds: float = 5
) -> AccountSession:
    """A session with limits of the test's own."""
    return AccountSession(
        account_id=account.pk,
        calls_per_second=calls_per_second,
        parallel=parallel,
        deadline_seconds=deadline_seconds,
    )
