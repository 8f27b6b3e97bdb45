"""A connector against its recorded peer without a server: each call is answered by a function, in this thread.

For whole matrices, where a server and a socket for each cell would cost more than all the rest.
"""

import json as jsonlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from tests.contracts.peer import RecordedCall, Reply
from tests.contracts.rigs import Held, connector, recorded_answers
from xuliu.carrier.contract import Response, Token

ADDRESS = "http://paper"
Said = Reply | Exception


class PaperSession:
    """`carrier.contract.Session` whose calls `answer` answers: a reply, or what the network did, raised."""

    def __init__(self, answer: Callable[[RecordedCall], Said]) -> None:
        self.answer = answer
        self.asked: list[RecordedCall] = []
        self._token: Token | None = None

    def now(self) -> datetime:
        """The same instant always: what is compared is not the clock."""
        return datetime(2026, 3, 10, 4, tzinfo=UTC)

    def call(
        self,
        *,
        operation: str,
        method: str,
        url: str,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        reference: str = "",
        is_change: bool = False,
    ) -> Response:
        """One exchange on paper."""
        asked = RecordedCall(
            method=method,
            path=urlsplit(url).path,
            query={name: str(value) for name, value in (params or {}).items()},
            headers={name.lower(): value for name, value in (headers or {}).items()},
            body=b"" if json is None else jsonlib.dumps(json).encode(),
        )
        self.asked.append(asked)
        said = self.answer(asked)
        if isinstance(said, Exception):
            raise said
        return Response(said.status, said.headers, said.body)

    def token(self, fetch: Callable[[], Token], *, stale: str = "") -> str:
        """The one token."""
        if self._token is None or self._token.value == stale:
            self._token = fetch()
        return self._token.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper(Held):
    """A connector and its carrier on paper."""

    session: PaperSession

    def on(self, is_one: Callable[[RecordedCall], bool], said: Said) -> None:
        """From now on such requests are answered so, and all else as recorded."""
        self.session.answer = lambda asked: said if is_one(asked) else self.recorded.answer(asked)


def on_paper(code: str) -> Paper:
    """The connector with that code and its recorded answers."""
    recorded = recorded_answers(code)
    answer: Callable[[RecordedCall], Said] = recorded.answer
    made = connector(code, f"{ADDRESS}{recorded.base_path}", recorded.config)
    return Paper(connector=made, recorded=recorded, session=PaperSession(answer))
