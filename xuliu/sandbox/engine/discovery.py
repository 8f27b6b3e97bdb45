"""Finds the stand-ins: a folder in `carriers/` or `providers/` is one by lying there, and no list names it."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any, cast

from xuliu.sandbox.engine.carrier import CarrierStandIn
from xuliu.sandbox.engine.provider import ProviderStandIn
from xuliu.sandbox.engine.stand_in import StandIn


class MisplacedStandIn(Exception):
    """A folder lies there that is no stand-in."""


def carriers() -> dict[str, type[CarrierStandIn]]:
    """The carriers by their codes. Raises MisplacedStandIn."""
    return cast("dict[str, type[CarrierStandIn]]", _found("carriers"))


def providers() -> dict[str, type[ProviderStandIn]]:
    """The payment providers by their codes. Raises MisplacedStandIn."""
    return cast("dict[str, type[ProviderStandIn]]", _found("providers"))


def stand_ins() -> dict[str, type[StandIn]]:
    """All, in the order of their ports: carriers, then providers. Raises MisplacedStandIn."""
    return {**carriers(), **providers()}


def _found(kind: str) -> dict[str, type[Any]]:
    """Imported by name, not above: they stand on the engine, which knows none of them."""
    package = import_module(f"xuliu.sandbox.{kind}")
    found: dict[str, type[Any]] = {}
    for folder in iter_modules(package.__path__):
        stand_in = getattr(import_module(f"{package.__name__}.{folder.name}"), "StandIn", None)
        code = getattr(stand_in, "code", "")
        if stand_in is None or not code or code in found:
            raise MisplacedStandIn(f"{package.__name__}.{folder.name} has no class StandIn with a code of its own")
        found[code] = stand_in
    return dict(sorted(found.items()))
