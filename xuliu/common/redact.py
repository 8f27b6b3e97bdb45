"""Masks secrets in logs by their field's name, however deeply nested."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

MASK = "***"
SECRET_PARTS = (
    "token",
    "secret",
    "password",
    "passwd",
    "authorization",
    "sign",
    "apikey",
    "api_key",
    "credential",
    "private",
    "cookie",
    "openid",
)
SECRET_NAMES = ("pin", "pwd", "key")
# A name, perhaps in quotes, and what parts it from its value. Tried where a word begins and gives nothing back, so that
# no text is read more often than once.
_NAME = re.compile(r"""(?<![\w.-]) (?P<name> [\w.-]{1,9999}+ ) ["']? \s{0,99}+ [=:>] \s{0,99}+""", re.VERBOSE)
# What stands behind it: in quotes that may not close, in CDATA, a branch to the end of the text, or a word or two.
_VALUE = re.compile(
    r"""(?isx) " (?: [^"\\] | \\. ){0,9999}+ "? | ' (?: [^'\\] | \\. ){0,9999}+ '? | <!\[CDATA\[ [^\]]{0,9999}+ |
    [{\[] .{0,9999}+ | (?: (?: bearer | basic ) \s{1,99}+ )? [^\s&<>"',;]{1,9999}+"""
)


def redact(value: Any) -> Any:
    """A copy of nested mappings and lists in which the values of secret-sounding names are masked."""
    if isinstance(value, Mapping):
        return {name: MASK if _is_secret(str(name)) else redact(inner) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [redact(inner) for inner in value]
    return value


def redact_text(text: str, *, limit: int) -> str:
    """A text of the outside world for the log, at most `limit` characters.

    It is cut first, so that what masking costs does not grow with what somebody sends. Whole JSON is masked by its
    names, anything else by what looks like `name=value`, `name: value` or `<name>value`. Characters that a database
    text cannot hold are replaced.
    """
    cut = text[:limit]
    try:
        clean = json.dumps(redact(json.loads(cut)), ensure_ascii=False)
    except (ValueError, RecursionError):
        clean = _masked(cut)
    return clean.replace("\x00", "�").encode("utf-8", "replace").decode()[:limit]


def _masked(text: str) -> str:
    """The text with a mask for each value behind a name that sounds secret, in one pass."""
    kept, at = [], 0
    while found := _NAME.search(text, at):
        kept.append(text[at : found.end()])
        at = found.end()
        if _is_secret(found["name"]) and (value := _VALUE.match(text, at)):
            kept.append(MASK)
            at = value.end()
    return "".join([*kept, text[at:]])


def redact_url(url: str) -> dict[str, Any]:
    """Address and query apart, without user and password."""
    parts = urlsplit(url)
    place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    return {"url": place, **({"query": redact(dict(parse_qsl(parts.query)))} if parts.query else {})}


def _is_secret(name: str) -> bool:
    name = name.lower().replace("-", "_")
    return name in SECRET_NAMES or any(part in name for part in SECRET_PARTS)
