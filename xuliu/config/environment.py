"""Reads the environment, for the settings and in no other place."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

from xuliu.common.addresses import Network, networks

# Everyone who has the source knows it, so it is for demonstrations only.
DEMO_SECRET = "demo-secret-known-to-everybody"  # noqa: S105  # that is its point
# No transaction on the primary may last over 5 s: one old snapshot makes every claim twenty times slower.
TRANSACTION_LIMIT_MS = 5_000
PREPARED_AFTER = 5  # uses on a connection before a statement is prepared
STATEMENT_LIMIT_MS = 30_000
YES, NO = frozenset({"1", "true", "yes", "on"}), frozenset({"", "0", "false", "no", "off"})
USUAL_PORTS = {"http": ":80", "https": ":443"}
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
THIS_MACHINE = "127.0.0.0/8 ::1"


class WrongEnvironment(Exception):
    """A variable is missing or invalid; the message says which, and what it should be."""


def flag(name: str) -> bool:
    """Whether a variable is set to yes. Raises WrongEnvironment for a word that means neither yes nor no."""
    said = os.environ.get(name, "").strip().lower()
    if said not in YES | NO:
        raise WrongEnvironment(f"{name} is {said!r}; write 1 for yes or 0 for no.")
    return said in YES


def whole(name: str, *, default: int) -> int:
    """A whole number from 1 to 1,000."""
    given = os.environ.get(name, "").strip() or str(default)
    if not (given.isascii() and given.isdecimal() and len(given) <= 4 and 1 <= int(given) <= 1000):
        raise WrongEnvironment(f"{name} is {given[:20]!r}; give a whole number from 1 to 1000.")
    return int(given)


def home() -> Path:
    """The folder of this installation (XULIU_HOME, else ./build/home)."""
    given = os.environ.get("XULIU_HOME") or "build/home"
    if given.startswith("~"):  # a shell expands it, an environment file does not
        raise WrongEnvironment(f"XULIU_HOME is {given!a}; write the whole path instead of ~.")
    folder = Path(given).absolute()
    # These would end a line in PostgreSQL's files; bytes that are not UTF-8 become surrogates, not printable either.
    if sign := next((sign for sign in str(folder) if not sign.isprintable()), None):
        raise WrongEnvironment(f"The folder {str(folder)!a} has the sign U+{ord(sign):04X} in it; set XULIU_HOME.")
    return folder


def base_url() -> str:
    """Our public address, without a trailing slash (XULIU_BASE_URL).

    Scheme, host and port only: anything more is refused, because links and stickers would lead nowhere.
    """
    given = os.environ.get("XULIU_BASE_URL", "http://127.0.0.1:8000").strip()
    url = given.rstrip("/")
    try:
        parts, port = urlsplit(url), urlsplit(url).port
    except ValueError:  # an invalid port, an unclosed bracket
        parts, port = None, None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or port == 0 or "@" in parts.netloc:
        raise WrongEnvironment(f"XULIU_BASE_URL is {_shown(given)}; give an address such as https://pay.example.com.")
    if parts.path or parts.query or parts.fragment or "?" in url or "#" in url:
        raise WrongEnvironment(
            f"XULIU_BASE_URL is {_shown(given)}: Xuliu has a host name of its own and nothing behind it;"
            f" give {parts.scheme}://{parts.netloc}, or another name."
        )
    _check_host("XULIU_BASE_URL", parts.hostname)
    # As browsers write it in Origin: in lower case, without the scheme's default port.
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(USUAL_PORTS[parts.scheme])}"


def allowed_hosts() -> list[str]:
    """Further host names that visitors may use (XULIU_ALLOWED_HOSTS), separated by spaces."""
    hosts = os.environ.get("XULIU_ALLOWED_HOSTS", "").split()
    for host in hosts:
        _check_host("XULIU_ALLOWED_HOSTS", host)
    return hosts


def proxies() -> tuple[Network, ...]:
    """The addresses of our own proxies, the only ones whose headers we trust (XULIU_PROXIES)."""
    given = os.environ.get("XULIU_PROXIES") or THIS_MACHINE
    try:
        return networks(given)
    except ValueError as error:
        raise WrongEnvironment(
            f"XULIU_PROXIES is {given[:200]!r}: {error}; give addresses or networks such as 127.0.0.1 10.0.0.0/8."
        ) from error


def address_header() -> str:
    """The header in which our proxies write the visitor's address (XULIU_ADDRESS_HEADER); "" without one."""
    given = os.environ.get("XULIU_ADDRESS_HEADER", "").strip()
    if given and not re.fullmatch(r"[a-zA-Z0-9-]{1,60}", given):
        raise WrongEnvironment(f"XULIU_ADDRESS_HEADER is {given[:60]!r}; write a header's name, such as X-Real-IP.")
    if given.lower() == "forwarded":
        raise WrongEnvironment("XULIU_ADDRESS_HEADER is Forwarded, which is not read; let the proxy set X-Real-IP.")
    return given


def log_level() -> str:
    """The lowest level that is logged (XULIU_LOG_LEVEL)."""
    level = os.environ.get("XULIU_LOG_LEVEL", "INFO").upper()
    if level not in LEVELS:
        raise WrongEnvironment(f"XULIU_LOG_LEVEL is {level!r}; write one of {', '.join(LEVELS)}.")
    return level


def _check_host(variable: str, host: str) -> None:
    """Refuse a host that no browser would send: it must be letters, digits, dots, hyphens, or an IPv6 address."""
    if re.fullmatch(r"[a-zA-Z0-9.-]{1,253}", host) or re.fullmatch(r"\[?[0-9a-fA-F:.]{2,45}\]?", host):
        return
    try:
        sent = host.encode("idna").decode()
    except UnicodeError:
        sent = ""
    if sent and sent != host:
        raise WrongEnvironment(f"{variable} names the host {host!r}; write it as browsers send it: {sent}.")
    raise WrongEnvironment(f"{variable} names the host {host!r}; a host name is letters, digits, dots and hyphens.")


def _shown(url: str) -> str:
    """The address for a message, without a password."""
    return repr(re.sub(r"//[^/]{0,500}@", "//…@", url))


def secret(*, is_demo: bool) -> str:
    """The root secret from which all keys derive (XULIU_SECRET). A demonstration has its own."""
    given = os.environ.get("XULIU_SECRET", "")
    if not given and is_demo:
        return DEMO_SECRET
    if given == DEMO_SECRET and not is_demo:
        raise WrongEnvironment("XULIU_SECRET is the demo secret, known to everybody; make one: openssl rand -hex 32.")
    if len(given.split()) > 1:
        raise WrongEnvironment("XULIU_SECRET has spaces in it, and could not be named in XULIU_OLD_SECRETS later.")
    if len(given) < 32 and given != DEMO_SECRET:
        raise WrongEnvironment("XULIU_SECRET must have at least 32 characters; make one: openssl rand -hex 32.")
    return given


def derived(root: str, purpose: str) -> str:
    """A key for one purpose, in hexadecimal; the root cannot be recovered from it."""
    return hmac.new(root.encode(), f"xuliu:{purpose}".encode(), hashlib.sha256).hexdigest()


def database(url: str) -> dict[str, Any]:
    """Django's description of the database at a libpq address (DATABASE_URL).

    One connection per thread, kept open and checked before use: that survived a restart of the server without an
    error, a pool did not. Frequent statements are prepared: on single top-ups the server spent three fifths of its
    time planning the same statements again.
    """
    given = _conninfo(url)
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


def _conninfo(url: str) -> dict[str, Any]:
    """The parts of a libpq address. Raises WrongEnvironment, whose message never contains any part of a password.

    An unquoted special character in the password shifts the rest into other parts of the address: it shows as a port
    that is not a number, or as an @ or / in the wrong place.
    """
    try:
        given = dict(conninfo_to_dict(url))
    except Exception:  # noqa: BLE001  # libpq's words hold what was given, with the password in it
        given = {}
    ports = str(given.get("port") or "").split(",")
    parts = "".join(str(given.get(name) or "") for name in ("dbname", "user"))
    is_address = all(port.isdecimal() or not port for port in ports) and "@" not in str(given.get("host") or "")
    if not given or not is_address or ("://" in url and set("@/") & set(parts)):
        raise WrongEnvironment(
            "DATABASE_URL is not an address such as postgresql://user:password@host:5432/xuliu; in a password write"
            " % as %25, @ as %40, / as %2F, : as %3A, ? as %3F and # as %23."
        ) from None
    return given
