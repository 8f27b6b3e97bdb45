"""What the environment says, read in one place and nowhere else in the settings."""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

# Known to everyone who has the source, so good for nothing but a demonstration.
DEMO_SECRET = "demo-secret-known-to-everybody"  # noqa: S105  # that is its point
# No transaction on the primary lives over 5 s: one old snapshot slows every claim twenty times.
TRANSACTION_LIMIT_MS = 5_000
PREPARED_AFTER = 5  # times that a connection has asked it
STATEMENT_LIMIT_MS = 30_000


class WrongEnvironment(Exception):
    """A variable is missing or senseless; the message says which and what to put there."""


def flag(name: str) -> bool:
    """Whether a variable says yes (1, true, yes)."""
    return os.environ.get(name, "").lower() in {"1", "true", "yes"}


def home() -> Path:
    """The folder of this installation (XULIU_HOME, else ./build/home)."""
    return Path(os.environ.get("XULIU_HOME") or "build/home").absolute()


def base_url() -> str:
    """Where the outside world reaches us, without a closing slash (XULIU_BASE_URL)."""
    url = os.environ.get("XULIU_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise WrongEnvironment(f"XULIU_BASE_URL is {url!r}; give an address such as https://pay.example.com.")
    return url


def secret(*, is_demo: bool) -> str:
    """The root secret that all keys derive from (XULIU_SECRET). A demonstration has one of its own."""
    given = os.environ.get("XULIU_SECRET", "")
    if not given and is_demo:
        return DEMO_SECRET
    if given == DEMO_SECRET and not is_demo:
        raise WrongEnvironment("XULIU_SECRET is the demo secret, known to everybody; make one: openssl rand -hex 32.")
    if len(given) < 32 and given != DEMO_SECRET:
        raise WrongEnvironment("XULIU_SECRET must have at least 32 characters; make one: openssl rand -hex 32.")
    return given


def derived(root: str, purpose: str) -> str:
    """A key of its own for one purpose, in hexadecimal; the root cannot be had back from it."""
    return hmac.new(root.encode(), f"xuliu:{purpose}".encode(), hashlib.sha256).hexdigest()


def database(url: str) -> dict[str, Any]:
    """Django's description of the database at a libpq address (DATABASE_URL).

    One connection a thread, kept open and looked at before use: seen to ride out a restart of the server
    without an error, which a pool did not. What a connection asks often is prepared: of the server's time on single
    top-ups three fifths went into planning the same statements again.
    """
    try:
        given = conninfo_to_dict(url)
    except Exception as error:
        raise WrongEnvironment("DATABASE_URL is not an address such as postgresql://user@host:5432/xuliu.") from error
    limits = f"-c statement_timeout={STATEMENT_LIMIT_MS} -c idle_in_transaction_session_timeout={TRANSACTION_LIMIT_MS}"
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    known = {django: str(given.pop(libpq, "") or "") for django, libpq in names.items()}
    options = {name: value for name, value in given.items() if value is not None}
    options["options"] = f"{options.get('options', '')} {limits}".strip()
    prepared = {"server_side_binding": True, "prepare_threshold": PREPARED_AFTER}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **known,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options | prepared,
    }
