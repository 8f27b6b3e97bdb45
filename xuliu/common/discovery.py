"""Finds what was dropped into a folder: one class per file, known by its `code`.

Adding a connector or a provider edits no list; the folder is the list.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any


class Misplaced(Exception):
    """A file lies in the folder that does not hold what the folder is for."""


def dropped_in(package: ModuleType, class_name: str) -> dict[str, type[Any]]:
    """The classes called `class_name` in the modules of `package`, by their code, in the order of their codes.

    Packages within it (its tests) are passed over. Raises Misplaced where a module lacks the class, the class lacks
    a code, or two share one.
    """
    found: dict[str, type[Any]] = {}
    for module in iter_modules(package.__path__):
        if module.ispkg:
            continue
        dropped = getattr(import_module(f"{package.__name__}.{module.name}"), class_name, None)
        code = getattr(dropped, "code", "")
        if dropped is None or not code:
            raise Misplaced(f"{package.__name__}.{module.name} has no class {class_name} with a code")
        if code in found:
            raise Misplaced(f"{package.__name__}: two classes {class_name} have the code {code!r}")
        found[code] = dropped
    return dict(sorted(found.items()))
