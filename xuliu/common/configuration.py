"""How a field of a connector's or provider's `Config` is labelled, and whether it is kept sealed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from xuliu.common import signs


@dataclass(frozen=True, slots=True)
class Setting:
    """Used as `field(metadata=setting(...))` on a frozen dataclass `Config`."""

    label: Mapping[str, str]
    is_secret: bool = False
    is_url: bool = False
    is_long: bool = False  # a key in PEM, shown as a text area
    tidy: Callable[[str], str] = str  # another way to write the same, brought to the one that is stored

    def read(self, typed: str) -> str:
        """What was meant: on one line nobody means full width, or a blank or an invisible sign at an end."""
        return typed if self.is_long else self.tidy(typed.translate(signs.PLAIN).strip())


def setting(
    *,
    zh_hans: str,
    en: str,
    is_secret: bool = False,
    is_url: bool = False,
    is_long: bool = False,
    tidy: Callable[[str], str] = str,
) -> dict[str, Any]:
    """Metadata of a Config field."""
    return {"setting": Setting({"zh-hans": zh_hans, "en": en}, is_secret, is_url, is_long, tidy)}


def settings_of(config: type[Any]) -> dict[str, Setting]:
    """The fields of a Config by name, in the order they are declared."""
    return {field.name: field.metadata["setting"] for field in fields(config)}


def faults_of(config: Any) -> dict[str, str]:
    """Why fields of a Config cannot be used, as codes by field: what its own method `faults` says, if it has one."""
    ask = getattr(config, "faults", None)
    return dict(ask()) if ask else {}
