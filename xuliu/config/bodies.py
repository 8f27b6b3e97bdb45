"""Bodies of requests while they are on their way: read under a size and a deadline, and holding no thread.

A body that is not whole costs a few kilobytes and nothing else, and so many of them may be on their way at once. Where
there are more, the oldest ends before its time: an honest body is whole within moments, so whoever holds bodies back
holds up nobody but themselves.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


class Sent(Protocol):
    """What a body is read from, piece by piece."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces; an empty one stands for an end, and one more for an end that was none."""


class BodyRefused(Exception):
    """A request that is answered without being looked at: with this status, in these words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How much may be on its way in one process."""

    seconds: float = 8.0
    most: int = 1_000
    most_a_client: int = 32
    most_bytes: int = 64 * 1024 * 1024


@dataclass(slots=True, eq=False)
class _Body:
    ends: asyncio.Timeout
    held: int = 0


class Bodies:
    """All that are on their way in this process. Belongs to one event loop."""

    def __init__(self, limits: BodyLimits) -> None:
        self._limits = limits
        self._clients: Counter[str] = Counter()
        self._bodies: dict[_Body, None] = {}  # the oldest first
        self._bytes = 0

    async def read(self, sent: Sent, *, announced: int | None, largest: int, client: str | None) -> bytes:
        """The whole body, of which so many bytes are `announced`, or None where its end will tell.

        `client` is whoever may have only so many on their way, or None. Raises Refused.
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
            if size == announced:  # the end needs not be awaited: it is half of what reading costs
                break
        # granian hands on an empty piece for the end, and for an error that comes before it: then there are two.
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
