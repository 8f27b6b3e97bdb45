"""Which payment providers there are: every file in `providers/`. No Django."""

from xuliu.common.discovery import dropped_in
from xuliu.payment import providers
from xuliu.payment.contract import Provider


class UnknownProvider(Exception):
    """No file in `providers/` has this code."""


def all_providers() -> dict[str, type[Provider]]:
    """The provider classes by their code."""
    return dropped_in(providers, "Provider")


def provider_class(code: str) -> type[Provider]:
    """The provider with that code. Raises UnknownProvider."""
    try:
        return all_providers()[code]
    except KeyError:
        raise UnknownProvider(f"no payment provider has the code {code!r}") from None
