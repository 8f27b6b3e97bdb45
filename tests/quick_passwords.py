"""The fixture `quick_passwords`: Argon2 without its price, which is a third of a second of a processor a password."""

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same algorithm and the same way through the code, with little memory and one round.

    Processes that a test starts (`xuliu demo`) pay in full, as every installation does.
    """
    monkeypatch.setattr(Argon2PasswordHasher, "time_cost", 1)
    monkeypatch.setattr(Argon2PasswordHasher, "memory_cost", 64)
    monkeypatch.setattr(Argon2PasswordHasher, "parallelism", 1)
