"""Finds what was dropped into a folder: one class per file or folder in it, known by its `code`.

Adding a connector or a provider edits no list; the folder is the list.
"""

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any


class Misplaced(Exception):
    """A file lies in the folder that does not hold what the folder is for."""


def dropped_in(package: ModuleType, class_name: str) -> dict[str, type[Any]]:
    """The classes called `class_name` in the modules and packages of `package`, in the order of their codes.

    Its own tests are passed over. Raises Misplaced where a module lacks the class, the class lacks
    a code, or two share one.
    """
    changed = tuple((folder, Path(folder).stat().st_mtime_ns) for folder in package.__path__)
    return dict(_listed(package.__name__, changed, class_name))


@lru_cache(maxsize=16)
def _listed(package: str, changed: tuple[tuple[str, int], ...], class_name: str) -> dict[str, type[Any]]:
    """Asked for at every call to a carrier, so a folder is listed again only after something was dropped into it."""
    found: dict[str, type[Any]] = {}
    for module in iter_modules([folder for folder, _ in changed]):
        if module.name == "tests":
            continue
        dropped = getattr(import_module(f"{package}.{module.name}"), class_name, None)
        code = getattr(dropped, "code", "")
        if dropped is None or not code:
            raise Misplaced(f"{package}.{module.name} has no class {class_name} with a code")
        if code in found:
            raise Misplaced(f"{package}: two classes {class_name} have the code {code!r}")
        found[code] = dropped
    return dict(sorted(found.items()))
