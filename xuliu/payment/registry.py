"""The payment providers and their ways to pay: every folder in `providers/`. No Django."""

from xuliu.common.discovery import Misplaced, dropped_in
from xuliu.payment import providers
from xuliu.payment.contract import Provider, Way


class UnknownProvider(Exception):
    """Nothing in `providers/` has this code."""


def all_providers() -> dict[str, type[Provider]]:
    """The provider classes by their code."""
    return dropped_in(providers, "Provider")


def provider_class(code: str) -> type[Provider]:
    """The provider with that code. Raises UnknownProvider."""
    try:
        return all_providers()[code]
    except KeyError:
        raise UnknownProvider(f"no payment provider has the code {code!r}") from None


def all_ways() -> dict[str, tuple[Way, type[Provider]]]:
    """Every way to pay by its code, with its provider. Raises Misplaced if two share a code."""
    found: dict[str, tuple[Way, type[Provider]]] = {}
    for provider in all_providers().values():
        for way in provider.capabilities.ways:
            if way.code in found:
                raise Misplaced(f"two ways to pay have the code {way.code!r}")
            found[way.code] = (way, provider)
    return found


def way_called(code: str) -> Way | None:
    """The way to pay with that code; None if no provider has it (any more)."""
    found = all_ways().get(code)
    return found[0] if found else None
