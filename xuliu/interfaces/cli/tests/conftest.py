"""What the commands' tests share."""

from tests.sandbox_fixture import sandbox, sandbox_of_worker

__all__ = ["sandbox", "sandbox_of_worker"]
