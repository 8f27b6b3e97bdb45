"""Paths as tables: which operation a request asks for, and what its path names."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from xuliu.sandbox.engine.server import Request, Response


class Route(NamedTuple):
    """An operation. `pattern` is a raw string with at most one group: what the path names, given to `answer`."""

    method: str
    pattern: str
    operation: str
    group: str
    answer: Callable[[Request, str], Response]


def find(routes: Iterable[Route], method: str, path: str) -> tuple[Route, str] | None:
    """The first that fits, and what the path names; None where there is none."""
    for route in routes:
        found = re.fullmatch(route.pattern, path)
        if found is not None and method == route.method:
            return route, found.group(1) if found.groups() else ""
    return None
