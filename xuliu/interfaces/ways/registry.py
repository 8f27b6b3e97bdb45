"""Which provider's ways bring what to the surfaces: every folder in `providers/`."""

from xuliu.common.discovery import dropped_in
from xuliu.interfaces.ways import providers
from xuliu.interfaces.ways.contract import SharedParts


def parts_of(provider: str) -> type[SharedParts]:
    """What the ways of the provider with that code bring; the shared parts where it brings nothing."""
    return all_parts().get(provider, SharedParts)


def all_parts() -> dict[str, type[SharedParts]]:
    """What every provider with a folder here brings, by its code."""
    return dropped_in(providers, "PageParts")
