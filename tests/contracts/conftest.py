"""What the contracts of payment providers are held with: each provider in turn."""

from collections.abc import Callable, Iterator

import pytest

from tests.contracts.provider_desk import PROVIDERS, Desk, desk_of
from xuliu.payment.contract import ChangeResult, OpenResult, Outcome
from xuliu.sandbox.testing import Sandbox


@pytest.fixture(params=PROVIDERS)
def desk(request: pytest.FixtureRequest, db: None, sandbox: Sandbox) -> Iterator[Desk]:
    with desk_of(request.param, sandbox) as at_work:
        yield at_work


@pytest.fixture(params=["open", "close", "refund"])
def change(request: pytest.FixtureRequest, desk: Desk) -> Callable[[], OpenResult | ChangeResult]:
    """Something that changes the provider's books; called twice it asks for the same thing twice."""
    if request.param == "open":
        opening = desk.opening()
        return lambda: desk.open(opening)
    if request.param == "close":
        opening = desk.opening()
        assert desk.open(opening).outcome is Outcome.DONE
        return lambda: desk.provider.close(desk.session, opening.reference)
    refund_request = desk.refund_request(desk.paid())
    return lambda: desk.refund(refund_request)
