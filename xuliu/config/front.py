"""Between the network and Django: takes requests from granian (RSGI) and passes on only complete ones.

Django answers a request in a thread. A thread that waits for a body waits for a stranger, and four silent strangers
would stop everything. So bodies are read here, without threads (`bodies`); then one of two pools answers: pages never
take the threads of notices and health. See docs/adr/0019-a-front-over-rsgi.md.
"""

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from ipaddress import IPv6Address, ip_network
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings

from xuliu.common.addresses import client, is_among, read
from xuliu.config.bodies import Bodies, BodyLimits, BodyRefused
from xuliu.config.pools import Pool
from xuliu.config.wsgi import application, is_bare
from xuliu.interfaces.webhooks.notices import LARGEST_BYTES

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

FORWARDED = "x-forwarded-proto"
PLAIN = [("content-type", "text/plain; charset=utf-8")]
UNPREFIXED = {"content-type", "content-length"}

log = logging.getLogger(__name__)


class Scope(Protocol):
    """A request as granian describes it."""

    method: str
    path: str
    query_string: str
    http_version: str
    scheme: str
    server: str
    client: str
    headers: Any


class GranianProtocol(Protocol):
    """Where granian supplies the body and takes the answer."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces of the body."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Answer; from any thread."""


@dataclass(slots=True)
class _Answer:
    """Status and headers of the application's answer."""

    status: int = 500
    headers: list[tuple[str, str]] = field(default_factory=list)

    def start(self, status: str, headers: list[tuple[str, str]], _exc: object = None) -> Any:
        self.status, self.headers = int(status[:3]), headers


class Front:
    """The application as granian calls it, one in each process."""

    def __init__(self, *, threads: int, limits: BodyLimits | None = None) -> None:
        self._bodies = Bodies(limits or BodyLimits())
        self._notices, self._pages = Pool("notices", threads=threads), Pool("pages", threads=threads)
        self._has_warned = False

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin, in the process that serves."""
        self._notices.start()
        self._pages.start()

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """End, once nothing is under way."""
        self._notices.stop()
        self._pages.stop()

    async def __rsgi__(self, scope: Scope, exchange: GranianProtocol) -> None:
        """Answer one request."""
        try:
            environ = self._environ(scope)
            body = await self._body(environ, exchange)
        except BodyRefused as why:
            exchange.response_bytes(why.status, PLAIN, f"{why.words}\n".encode())
            return
        environ |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}
        loop = asyncio.get_running_loop()
        is_answered = loop.create_future()
        pool = self._notices if is_bare(scope.path) else self._pages
        if not pool.take(partial(_answer, environ, exchange, loop, is_answered)):
            exchange.response_bytes(503, [*PLAIN, ("retry-after", "5")], b"Too much is asked at once.\n")
            return
        # granian treats the end of this coroutine as the end of the request.
        await is_answered

    def _environ(self, scope: Scope) -> "WSGIEnvironment":
        """The request's WSGI environment, without the body. Raises BodyRefused."""
        peer = read(scope.client)
        name, _, port = scope.server.rpartition(":")
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": scope.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": scope.path.encode().decode("latin-1"),
            "QUERY_STRING": scope.query_string,
            "SERVER_NAME": name.strip("[]"),
            "SERVER_PORT": port,
            "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
            "REMOTE_ADDR": str(peer or ""),
            **FIXED,
            "wsgi.url_scheme": scope.scheme,
            "wsgi.errors": sys.stderr,
        }
        for header, value in scope.headers.items():
            if "_" in header:  # WSGI cannot tell a name with "_" from one with "-"
                raise BodyRefused(400, "A header's name has an underscore.")
            key = header.upper().replace("-", "_")
            key = key if header in UNPREFIXED else f"HTTP_{key}"
            between = "; " if header == "cookie" else ","
            environ[key] = f"{environ[key]}{between}{value}" if key in environ else value
        if FORWARDED in scope.headers and not (peer and is_among(peer, settings.XULIU_PROXIES)):
            self._disbelieve(environ)
        return environ

    async def _body(self, environ: "WSGIEnvironment", exchange: GranianProtocol) -> bytes:
        """The whole body; does not wait if there is none. Raises BodyRefused."""
        announced = environ.get("CONTENT_LENGTH")
        if announced is None and "HTTP_TRANSFER_ENCODING" not in environ:
            return b""
        if announced is not None and not (announced.isascii() and announced.isdigit() and len(announced) < 20):
            raise BodyRefused(400, "The length of the body is no number.")
        if announced == "0":
            return b""
        return await self._bodies.read(
            exchange,
            announced=None if announced is None else int(announced),
            largest=LARGEST_BYTES if is_bare(environ["PATH_INFO"]) else settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
            client=_whose(environ),
        )

    def _disbelieve(self, environ: "WSGIEnvironment") -> None:
        """Remove headers that only our proxies may set; log it, for whoever set up a proxy without naming it."""
        del environ["HTTP_X_FORWARDED_PROTO"]
        if settings.XULIU_BEHIND_PROXY and not self._has_warned:
            self._has_warned = True
            log.warning("X-Forwarded-Proto comes from somebody whom XULIU_PROXIES does not name; it is not believed")


FIXED = {"wsgi.version": (1, 0), "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False}


def _whose(environ: "WSGIEnvironment") -> str | None:
    """The subscriber whose unfinished bodies are counted together; None if our proxy does not name the visitor."""
    name = settings.XULIU_ADDRESS_HEADER
    header = environ.get(f"HTTP_{name.upper().replace('-', '_')}", "") if name else None
    address = client(peer=environ["REMOTE_ADDR"], header=header, proxies=settings.XULIU_PROXIES).address
    if address is None or is_among(address, settings.XULIU_PROXIES):
        return None
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else str(address)


def _answer(
    environ: "WSGIEnvironment",
    exchange: GranianProtocol,
    loop: asyncio.AbstractEventLoop,
    is_answered: "asyncio.Future[None]",
) -> None:
    """Let Django answer, in a thread of its pool."""
    said = _Answer()
    try:
        body = application(environ, said.start)
        try:
            whole = b"".join(body)
        finally:
            if hasattr(body, "close"):
                body.close()
        exchange.response_bytes(said.status, said.headers, whole)
    finally:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits
            loop.call_soon_threadsafe(_settle, is_answered)


def _settle(is_answered: "asyncio.Future[None]") -> None:
    if not is_answered.done():
        is_answered.set_result(None)
