"""What can be set while the sandbox runs; kept in the store, back to the defaults on a reset."""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar, Protocol

from xuliu.sandbox.engine.store import Store

DEFAULTS: dict[str, Any] = {
    "latency_ms": 0.0,
    "settle_seconds": 0.0,
    "token_seconds": {},
    "calls_per_second": {},
    "notices": True,
    "notice_scale": 1.0,
    "notice_delay_seconds": 0.0,
    "notice_timeout_seconds": 5.0,
    "refund_outcome": "success",
    "refund_seconds": 0.0,
    "public_url": {},
}
CHOICES: dict[str, Collection[str]] = {"refund_outcome": ("success", "hold", "closed", "abnormal")}


class HasSettings(Protocol):
    """Whoever brings settings of its own."""

    settings: ClassVar[Mapping[str, Any]]
    choices: ClassVar[Mapping[str, Collection[str]]]


class Settings:
    """Read like a mapping; what is not stored has its default."""

    def __init__(self, store: Store, stand_ins: Iterable[type[HasSettings]] = (), **started_with: Any) -> None:
        self._store = store
        self._defaults, self._choices = dict(DEFAULTS), dict(CHOICES)
        for one in stand_ins:
            self._choices |= one.choices
            for name, value in one.settings.items():  # one for each stand-in, or its own
                self._defaults[name] = {**self._defaults[name], **value} if isinstance(value, dict) else value
        self._defaults |= started_with
        self._values: dict[str, Any] = {}
        self.read()

    def read(self) -> None:
        """Take the values from the store: at the start and after a reset."""
        stored = {row["name"]: json.loads(row["value"]) for row in self._store.rows("SELECT * FROM settings")}
        self._values = self._defaults | stored

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def all(self) -> dict[str, Any]:
        """Every setting by name."""
        return dict(self._values)

    def change(self, wanted: dict[str, Any]) -> None:
        """Set some. Raises ValueError or TypeError for a name or value that there is not."""
        for name, value in wanted.items():
            self._check(name, value)
        with self._store.transaction():
            for name, value in wanted.items():
                merged = {**self._values[name], **value} if isinstance(self._defaults[name], dict) else value
                self._store.insert("settings", {"name": name, "value": json.dumps(merged)}, replace=True)
        self.read()

    def _check(self, name: str, value: Any) -> None:
        if name not in self._defaults:
            raise ValueError(f"there is no setting {name}; there are {', '.join(sorted(self._defaults))}")
        kind = type(self._defaults[name])
        expected: tuple[type, ...] = (int, float) if kind is float else (kind,)
        if name == "settle_seconds":  # one for all carriers, or one each
            expected = (dict, int, float)
        if not isinstance(value, expected):
            raise TypeError(f"{name} takes {expected[-1].__name__}, not {value!r}")
        if name in self._choices and value not in self._choices[name]:
            raise ValueError(f"{name} takes one of {', '.join(sorted(self._choices[name]))}")
