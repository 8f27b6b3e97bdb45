"""The page parts of every provider with a folder in `providers/`."""

from xuliu.common.discovery import dropped_in
from xuliu.interfaces.ways import providers
from xuliu.interfaces.ways.contract import SharedParts


def parts_of(provider: str) -> type[SharedParts]:
    """The page parts of the provider with that code; the shared ones if it has no folder."""
    return all_parts().get(provider, SharedParts)


def all_parts() -> dict[str, type[SharedParts]]:
    """The page parts of every provider with a folder, by its code."""
    return dropped_in(providers, "PageParts")
