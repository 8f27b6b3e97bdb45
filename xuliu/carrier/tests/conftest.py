"""Fixtures of the carriers' tests."""

from collections.abc import Iterator

import pytest

from xuliu.carrier.session import forget_accounts


@pytest.fixture(autouse=True)
def _accounts_forgotten() -> Iterator[None]:
    """What a test's accounts left in this process is not the next one's."""
    forget_accounts()
    yield
    forget_accounts()
