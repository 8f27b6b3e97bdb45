"""Keys and passwords of the stand-ins, made on the first start and kept beside the books."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OURS, THEIRS = "credentials.json", "vendor-keys.json"


@dataclass(frozen=True, slots=True)
class Keys:
    """What the vendor gives us, and what it keeps to itself."""

    ours: dict[str, str]
    theirs: dict[str, str]


def load(folder: Path, makers: Mapping[str, Callable[[], Keys]]) -> dict[str, Keys]:
    """Those of this folder by the stand-in's code; made where there are none yet."""
    ours, theirs = _read(folder / OURS), _read(folder / THEIRS)
    missing = {code: make() for code, make in makers.items() if code not in ours or code not in theirs}
    if missing:
        theirs |= {code: keys.theirs for code, keys in missing.items()}
        ours |= {code: keys.ours for code, keys in missing.items()}
        _write(folder / THEIRS, theirs)
        _write(folder / OURS, ours)
    return {code: Keys(ours[code], theirs[code]) for code in makers}


def _read(path: Path) -> dict[str, dict[str, str]]:
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _write(path: Path, content: Any) -> None:
    """Whole or not at all, and for the owner alone."""
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(content, indent=1) + "\n")
    draft.replace(path)
