"""Reads request bodies within a size and a deadline, without holding a thread.

An unfinished body costs a few kilobytes, so many may be on their way at once. Beyond the limit the oldest is cut off:
an honest body arrives within moments, so whoever sends slowly delays only themselves.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


class Sent(Protocol):
    """The source of a body, piece by piece."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces; an empty one means the end, a second empty one that the sender broke off."""


class BodyRefused(Exception):
    """The request is answered with this status and text, unread."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How many bodies may be on their way in one process."""

    seconds: float = 8.0
    most: int = 1_000
    most_a_client: int = 32
    most_bytes: int = 64 * 1024 * 1024


@dataclass(slots=True, eq=False)
class _Body:
    ends: asyncio.Timeout
    held: int = 0


class Bodies:
    """The unfinished bodies of this process. Belongs to one event loop."""

    def __init__(self, limits: BodyLimits) -> None:
        self._limits = limits
        self._clients: Counter[str] = Counter()
        self._bodies: dict[_Body, None] = {}  # the oldest first
        self._bytes = 0

    async def read(self, sent: Sent, *, announced: int | None, largest: int, client: str | None) -> bytes:
        """The whole body; `announced` is its size in bytes, or None if the sender did not say.

        `client` is whom the limit per client counts, or None. Raises BodyRefused.
        """
        if announced is not None and announced > largest:
            raise _too_large(largest)
        if client is not None and self._clients[client] >= self._limits.most_a_client:
            raise BodyRefused(429, "Too many unfinished requests.")
        body = _Body(asyncio.timeout(self._limits.seconds))
        self._begin(body, client)
        try:
            async with body.ends:
                return await self._whole(body, sent, announced, largest)
        except TimeoutError as late:
            raise BodyRefused(408, "The request did not come to its end in time.") from late
        finally:
            self._end(body, client)

    async def _whole(self, body: _Body, sent: Sent, announced: int | None, largest: int) -> bytes:
        pieces, size, ends = [], 0, 0
        async for piece in sent:
            pieces.append(piece)
            size += len(piece)
            ends += not piece
            if size > largest:
                raise _too_large(largest)
            self._hold(body, len(piece))
            if size == announced:  # no need to await the end, which is half the cost of reading
                break
        # granian gives one empty piece for the end, and two if an error came before it.
        if ends > 1 or announced not in (None, size):
            raise BodyRefused(400, "The request ended early.")
        return b"".join(pieces)

    def _begin(self, body: _Body, client: str | None) -> None:
        if len(self._bodies) >= self._limits.most:
            self._cut_oldest()
        self._bodies[body] = None
        if client is not None:
            self._clients[client] += 1

    def _hold(self, body: _Body, size: int) -> None:
        body.held += size
        self._bytes += size
        while self._bytes > self._limits.most_bytes and self._bodies:
            self._cut_oldest()

    def _cut_oldest(self) -> None:
        oldest = next(iter(self._bodies))
        self._let_go(oldest)
        if not oldest.ends.expired():
            oldest.ends.reschedule(asyncio.get_running_loop().time())

    def _let_go(self, body: _Body) -> None:
        self._bodies.pop(body, None)
        self._bytes -= body.held
        body.held = 0

    def _end(self, body: _Body, client: str | None) -> None:
        self._let_go(body)
        if client is not None:
            self._clients[client] -= 1
            if self._clients[client] <= 0:
                del self._clients[client]


def _too_large(largest: int) -> BodyRefused:
    return BodyRefused(413, f"More than {largest} bytes are not taken here.")
