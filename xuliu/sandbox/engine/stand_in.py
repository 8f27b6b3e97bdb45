"""What every stand-in is: a port of its own that answers as the vendor does, and what the engine gives it for that."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from xuliu.sandbox.engine.clock import Clock
from xuliu.sandbox.engine.credentials import Keys
from xuliu.sandbox.engine.faults import Fault, Faults
from xuliu.sandbox.engine.server import Request, Response
from xuliu.sandbox.engine.settings import Settings
from xuliu.sandbox.engine.store import Store


@dataclass(frozen=True, slots=True)
class Intent:
    """A request understood: what is asked for and how to bring it about."""

    operation: str
    group: str  # read, change, token; a fault hits a call of the group `alone` only by its operation's name
    run: Callable[[], Response]
    reference: str = ""
    iccids: tuple[str, ...] = ()
    run_of_another: Callable[[], Response] | None = None  # the same of another SIM, where the answer names the SIM


@dataclass(frozen=True, slots=True)
class Parts:
    """What a stand-in works with."""

    store: Store
    clock: Clock
    settings: Settings
    faults: Faults
    keys: Keys


class StandIn:
    """The base of both kinds; a folder's `__init__.py` offers its class under this name."""

    code: ClassVar[str]
    name: ClassVar[str]
    path: ClassVar[str] = ""  # of its base address
    settings: ClassVar[Mapping[str, Any]] = {}  # its own, and its part of those that have a value for each
    choices: ClassVar[Mapping[str, Collection[str]]] = {}  # for settings that take one of several words
    faults: ClassVar[Mapping[str, Collection[str]]] = {}  # kinds beyond those that all take; where (empty: anywhere)
    tables: ClassVar[str] = ""  # of its own, for the store
    varying: ClassVar[Collection[str]] = ()  # fields that differ between two calls that ask the same

    def __init__(self, parts: Parts) -> None:
        self._store = parts.store
        self._clock = parts.clock
        self._settings = parts.settings
        self._faults = parts.faults
        self._credentials = parts.keys.ours

    @classmethod
    def make_keys(cls) -> Keys:
        """Credentials for a new installation."""
        return Keys({}, {})

    def route(self, request: Request) -> Intent | Response:
        """Understand a request, or answer it at once (unknown path, no right to ask)."""
        raise NotImplementedError

    def faulty(self, fault: Fault, request: Request) -> Response:
        """Its own words for a call it does not act on: too many, an error, a token that is gone."""
        raise NotImplementedError

    def finish(self, response: Response, request: Request, fault: Fault | None) -> Response:
        """The last touch: a signature, where the vendor signs."""
        return response

    def books(self, *, is_summary: bool) -> dict[str, Any]:
        """What really happened."""
        raise NotImplementedError

    def _keep_token(self, value: str, subject: str = "") -> int:
        """Let it open our doors; returns for how many seconds."""
        seconds: int = self._settings["token_seconds"][self.code]
        row = {"value": value, "peer": self.code, "subject": subject}
        self._store.insert("tokens", row | {"expires_at": self._clock.timestamp() + seconds})
        return seconds

    def _is_token(self, value: str) -> bool:
        """Is it one that is good still?"""
        statement = "SELECT 1 AS one FROM tokens WHERE peer = ? AND value = ? AND expires_at > ?"
        return self._store.row(statement, (self.code, value, self._clock.timestamp())) is not None

    def _drop_token(self, value: str) -> None:
        self._store.write("DELETE FROM tokens WHERE peer = ? AND value = ?", (self.code, value))
