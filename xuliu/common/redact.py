"""Masks what must not be read in a log: secrets by the name of their field, however deep they stand."""

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
_NAMED_IN_TEXT = re.compile(
    rf"""(?ix) (?P<name> ["']? [\w.-]* (?: {"|".join(SECRET_PARTS)} ) [\w.-]* ["']? \s* [=:>] \s* )
    (?: "[^"]*" | '[^']*' | [^\s&<>"',;]+ (?: (?<=bearer) \s+ [^\s&<>"',;]+ | (?<=basic) \s+ [^\s&<>"',;]+ )? )"""
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

    JSON is masked by its names, anything else by what looks like `name=value`, `name: value` or `<name>value`.
    Characters that a database text cannot hold are replaced.
    """
    try:
        clean = json.dumps(redact(json.loads(text)), ensure_ascii=False)
    except (ValueError, RecursionError):
        clean = _NAMED_IN_TEXT.sub(rf"\g<name>{MASK}", text)
    return clean.replace("\x00", "�").encode("utf-8", "replace").decode()[:limit]


def redact_url(url: str) -> dict[str, Any]:
    """Address and query apart, without user and password."""
    parts = urlsplit(url)
    place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    return {"url": place, **({"query": redact(dict(parse_qsl(parts.query)))} if parts.query else {})}


def _is_secret(name: str) -> bool:
    name = name.lower()
    return name in SECRET_NAMES or any(part in name for part in SECRET_PARTS)
