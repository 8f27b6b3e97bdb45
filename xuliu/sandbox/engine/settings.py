"""What can be set while the sandbox runs; kept in the store, back to the defaults on a reset."""

import json
from typing import Any

from xuliu.sandbox.engine.store import Store

DEFAULTS: dict[str, Any] = {
    "latency_ms": 0.0,
    "settle_seconds": 0.0,
    "token_seconds": {"onelink": 1800, "1nce": 3600},
    "onelink_repeat_minutes": 0,
    "onelink_transid": "free",
    "calls_per_second": {},
    "wechatpay_mode": "public_key",
    "notices": True,
    "notice_scale": 1.0,
    "notice_delay_seconds": 0.0,
    "notice_timeout_seconds": 5.0,
    "refund_outcome": "success",
    "refund_seconds": 0.0,
    "refund_spacing_seconds": 60.0,
    "public_url": "",
}
CHOICES = {
    "onelink_transid": {"free", "once"},
    "wechatpay_mode": {"public_key", "certificate"},
    "refund_outcome": {"success", "hold", "closed", "abnormal"},
}


class Settings:
    """Read like a mapping; what is not stored has its default."""

    def __init__(self, store: Store, **started_with: Any) -> None:
        self._store = store
        self._defaults = DEFAULTS | started_with
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
            _check(name, value)
        with self._store.transaction():
            for name, value in wanted.items():
                merged = {**self._values[name], **value} if isinstance(DEFAULTS[name], dict) else value
                self._store.insert("settings", {"name": name, "value": json.dumps(merged)}, replace=True)
        self.read()


def _check(name: str, value: Any) -> None:
    if name not in DEFAULTS:
        raise ValueError(f"there is no setting {name}; there are {', '.join(sorted(DEFAULTS))}")
    expected: tuple[type, ...] = (int, float) if isinstance(DEFAULTS[name], float) else (type(DEFAULTS[name]),)
    if name == "settle_seconds":  # one for all carriers, or one each
        expected = (dict, int, float)
    if not isinstance(value, expected):
        raise TypeError(f"{name} takes {expected[-1].__name__}, not {value!r}")
    if name in CHOICES and value not in CHOICES[name]:
        raise ValueError(f"{name} takes one of {', '.join(sorted(CHOICES[name]))}")
