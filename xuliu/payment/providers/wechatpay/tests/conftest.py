"""Gives the tests beside it the fixture `sandbox`."""

from tests.sandbox_fixture import sandbox, sandbox_of_worker

__all__ = ["sandbox", "sandbox_of_worker"]
