"""Which rows a statement locks, read from its text, and in which order a transaction takes them.

PostgreSQL tells nobody of row locks, so statements are read. An insert that does nothing where the key is there already
counts for none: it waits only for another insert of the same key, and such a key is of a row that is held.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakSet

ROOT = Path(__file__).resolve().parents[2]
DECLARED = ROOT / "xuliu/ordering/README.md"
ADVISORY = "advisory lock"
LOCKING = re.compile(r"FOR (?:NO KEY )?UPDATE(?: OF (\w+))?( SKIP LOCKED)?")
CHANGING = re.compile(r"(?<!KEY )(?<!FOR )(?<!DO )\bUPDATE (\w+)|\bDELETE FROM (\w+)|\bINSERT INTO (\w+)")
KEYWORDS = "AS|ON|WHERE|JOIN|LEFT|INNER|CROSS|ORDER|USING|FOR|LIMIT|GROUP"
FROM = re.compile(rf"(?:\bFROM|\bJOIN|,) (\w+)(?: (?:AS )?(?!(?:{KEYWORDS})\b)(\w+))?")
AFTER_FROM = re.compile(r" (?:WHERE|ORDER BY|LIMIT|GROUP BY) ")
PART = re.compile(r"(?:WITH|,) (\w+)(?: \([\w, ]*\))? AS (?:MATERIALIZED )?\(")


TEMPORARY = re.compile(r"CREATE TEMP(?:ORARY)? TABLE (?:IF NOT EXISTS )?(\w+)")


class Lock(NamedTuple):
    """Rows of a table that a statement locks; one that skips what is locked never waits."""

    table: str
    waits: bool


def declared() -> list[str]:
    """The order that ordering/README.md states, table by table."""
    section = DECLARED.read_text(encoding="utf-8").split("## Locks, in this order", 1)[1].split("\n## ", 1)[0]
    return [name.strip() for name in section.split("```")[1].replace("\n", " ").split("→")]


@lru_cache(maxsize=5000)
def locks_of(sql: str) -> tuple[Lock, ...]:
    """In the order in which PostgreSQL takes them."""
    text = re.sub(r"'[^']*'", "''", sql.replace('"', ""))
    return tuple(_of_statement(re.sub(r"\s+", " ", text).strip()))


def _of_statement(text: str) -> Iterator[Lock]:
    """A part (WITH) runs when it is read from; those that change something and are not read from run last, the last
    one first."""
    parts, own = _parts(text)
    left = dict(parts)

    def run(body: str) -> Iterator[Lock]:
        for name in [name for name in left if re.search(rf"\b{name}\b", body)]:
            if name in left:
                yield from run(left.pop(name))
        yield from _of_body(body)

    yield from run(own)
    for name in reversed(parts):
        if name in left:
            yield from run(left.pop(name))


def _parts(text: str) -> tuple[dict[str, str], str]:
    parts: dict[str, str] = {}
    at = 0
    while found := PART.match(text, at):
        end = _closing(text, found.end())
        parts[found[1]] = text[found.end() : end]
        at = end + 1
    return parts, text[at:]


def _closing(text: str, start: int) -> int:
    depth = 1
    for index in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if depth == 0:
            return index
    return len(text)


def _of_body(text: str) -> Iterator[Lock]:
    """What is selected inside is locked before the statement itself changes anything."""
    if "pg_advisory_xact_lock" in text:
        yield Lock(ADVISORY, waits=True)
    for match in LOCKING.finditer(text):
        yield from _selected(text, match)
    for match in CHANGING.finditer(text):
        updated, deleted, inserted = match.groups()
        if not inserted or "DO UPDATE" in text[match.end() :]:
            yield Lock(updated or deleted or inserted, waits=True)


def _selected(text: str, match: re.Match[str]) -> Iterator[Lock]:
    body = _flat(text[_opening(text, match.start()) : match.start()])
    start = body.find(" FROM ")
    end = AFTER_FROM.search(body, start)
    tables = {alias or table: table for table, alias in FROM.findall(body[start : end and end.start()])}
    named = [tables[match[1]]] if match[1] else [table for table in tables.values() if table != "unnest"]
    for table in named:
        yield Lock(table, waits=match[2] is None)


def _opening(text: str, end: int) -> int:
    """Where the select begins that ends here."""
    depth = 0
    for index in range(end - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(text[index], 0)
        if depth < 0:
            return index + 1
    return 0


def _flat(text: str) -> str:
    """Without what stands in brackets."""
    depth, kept = 0, []
    for letter in text:
        depth += letter == "("
        if not depth:
            kept.append(letter)
        depth -= letter == ")"
    return "".join(kept)


@dataclass
class Recorder:
    """Holds what each transaction locks against the order; one for all connections and threads of a process.

    Rows of a table that the transaction has locked some of already are taken to be the same ones.
    """

    order: Sequence[str]
    faults: dict[tuple[str, str], str] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)
    watched: WeakSet[Any] = field(default_factory=WeakSet)
    temporary: set[str] = field(default_factory=set)

    def watch(self, connection: Any, **_: Any) -> None:
        """Read every statement of this connection from now on; as Django calls it when one is made."""
        if connection in self.watched:
            return
        self.watched.add(connection)
        held: list[str] = []
        block: list[Any] = [None]

        def note(execute: Callable[..., Any], sql: Any, *rest: Any) -> Any:
            answer = execute(sql, *rest)
            blocks = [one for one in connection.atomic_blocks if not getattr(one, "_from_testcase", False)]
            outermost = blocks[0] if blocks else None
            if outermost is None or outermost is not block[0]:
                held.clear()
            block[0] = outermost
            self.temporary.update(TEMPORARY.findall(str(sql)))
            self.take(held, locks_of(str(sql)))
            return answer

        connection.execute_wrappers.append(note)

    def report(self) -> str:
        """The faults since the last time, one a line."""
        found = [f"{table} after {before}: {where}" for (before, table), where in self.faults.items()]
        self.faults.clear()
        return "\n".join(found)

    def take(self, held: list[str], locks: Sequence[Lock]) -> None:
        """Note what one statement locks, of a transaction that holds these."""
        for lock in locks:
            if lock.table not in held and lock.table not in self.temporary:
                for before in held if lock.waits else ():
                    self._judge(before, lock.table)
                held.append(lock.table)

    def _judge(self, before: str, table: str) -> None:
        if (before, table) in self.seen:
            return
        self.seen.add((before, table))
        ranks = {name: rank for rank, name in enumerate(self.order)}
        if before not in ranks or table not in ranks or ranks[before] > ranks[table]:
            ours = [one for one in traceback.extract_stack() if f"{ROOT}/xuliu/" in one.filename]
            self.faults[before, table] = " ".join(f"{Path(one.filename).name}:{one.lineno}" for one in ours[-4:])
