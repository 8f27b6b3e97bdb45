"""Odd values and odd bodies, as strangers send them; and answers in which one value is odd."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.contracts.peer import Reply

RAW = "@odd@"
# As they stand in JSON.
VALUES = {
    "6,000 digits": "9" * 6000,
    "1e30": "1e30",
    "1e999": "1e999",
    "a negative number": "-1",
    "NaN": "NaN",
    "-Infinity": "-Infinity",
    "digits in a text": '"' + "9" * 6000 + '"',
    "1e999999999 in a text": '"1e999999999"',
    "a superscript": '"²"',
    "a NUL": '"a\\u0000b"',
    "a lone surrogate": '"\\ud800"',
    "a year 9999": '"9999-12-31 23:59:59"',
    "a year 9999 with a zone": '"9999-12-31T23:59:59-12:00"',
    "a year 1": '"0001-01-01T00:00:00+14:00"',
    "a very long text": '"' + "x" * 100_000 + '"',
    "nothing": "null",
    "a list": "[[]]",
    "an object": '{"a": {}}',
    "true": "true",
}
_SOME = ("a NUL", "1e999", "a negative number", "a year 9999", "1e30", "a list")
FAULTS = [{"kind": "odd_value", "place": place, "value": VALUES[name]} for place, name in enumerate(_SOME)]
DEEP = b"[" * 100_000
BODIES = [DEEP, b'{"status":' * 5000, b"[" * 900 + b"]" * 900, b"\x00", b"\xef\xbb\xbf{}", b"1" * 6000, b"NaN"]
WAITS = ["1764288000", "²", "-1", "1e9", "9" * 400, "", "soon"]


def leaves(said: Any) -> int:
    """How many values an answer has."""
    return sum(1 for _ in _paths(said))


def with_odd(reply: Reply, place: int, odd: str) -> Reply:
    """The answer with its value in that place replaced by an odd one, as it stands in JSON."""
    said = json.loads(reply.body)
    *above, last = list(_paths(said))[place]
    inner = said
    for step in above:
        inner = inner[step]
    inner[last] = RAW
    return Reply(status=reply.status, headers=reply.headers, body=json.dumps(said).replace(f'"{RAW}"', odd).encode())


def _paths(said: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    steps = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
    for step, inner in steps:
        if isinstance(inner, dict | list) and inner:
            yield from _paths(inner, (*above, step))
        else:
            yield (*above, step)
