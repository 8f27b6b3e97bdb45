"""Sessions at a carrier, for tests."""

from xuliu.carrier.models import CarrierAccount
from xuliu.carrier.session import AccountSession


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
