"""A class name stands once, so that a search for it finds the one thing it means."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

from tests.lints import sources

# By design the same thing twice, and why.
SAME_THING = {
    "AccountSession": "the session of one account: of a carrier and of a provider, each fulfils its contract's Session",
    "Capabilities": "what the other side can do: the twin contracts of carriers and providers",
    "Connector": "the contract, and in each folder of connectors what fulfils it",
    "Outcome": "what an answer says of a change: the twin contracts of carriers and providers",
    "PageParts": "what each folder of ways' providers brings; found by that name",
    "Provider": "the contract, and in each folder of providers what fulfils it",
    "Reading": "what a carrier says of a SIM: as the connector gives it, and as a row keeps it",
    "Request": "of HTTP: the sandbox shares no code with what calls it",
    "Response": "of HTTP: the sandbox shares no code with what calls it",
    "Session": "what the core lends: the twin contracts of carriers and providers",
    "StandIn": "the engine's base, and in each folder of the sandbox what is made of it",
}
# Of these there may be one so far: the next vendor's folder brings another and is edited nowhere else.
ONE_A_FOLDER = {"PageParts", "StandIn"}


def test_no_class_name_stands_twice_with_two_meanings() -> None:
    found = [
        f"{name} stands in {', '.join(map(str, paths))}"
        for name, paths in sorted(_classes().items())
        if len(paths) > 1 and name not in SAME_THING
    ]
    assert not found, sources.report(found)


def test_what_is_allowed_to_stand_twice_does() -> None:
    found = [name for name in SAME_THING if len(_classes()[name]) < (1 if name in ONE_A_FOLDER else 2)]
    assert not found, sources.report(found)


def _classes() -> dict[str, list[Path]]:
    """Where each class of a module stands. One inside a class (Meta, Order.State) is named by that class."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sources.python(tests=False, migrations=False):
        if path.parts[0] == "xuliu":
            for node in sources.tree(path).body:
                if isinstance(node, ast.ClassDef):
                    found[node.name].append(path)
    return found
