"""`python -m tools.new_carrier CODE` (make new-carrier CODE=…)."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from string import Template

TEMPLATES = Path(__file__).parent
CONNECTORS = TEMPLATES.parents[1] / "xuliu" / "carrier" / "connectors"
CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,38}")
WRITTEN = {
    "__init__.py": "init.txt",
    "connector.py": "connector.txt",
    "codes.py": "codes.txt",
    "README.md": "readme.txt",
    "tests/__init__.py": "",
    "tests/recorded.py": "recorded.txt",
    "tests/rig.py": "rig.txt",
}


class CannotWrite(Exception):
    """The code is none, or its folder is there already."""


def write(code: str, *, into: Path = CONNECTORS) -> Path:
    """Write the folder of the carrier with that code and return it. Raises CannotWrite."""
    if not CODE.fullmatch(code):
        raise CannotWrite(f"{code!r} is no code: small letters, figures and hyphens, 2 to 39 of them")
    module = re.sub(r"^(?=\d)", "c", code.replace("-", "_"))
    folder = into / module
    if folder.exists():
        raise CannotWrite(f"{folder} is there already")
    names = {"code": code, "module": module, "Class": "".join(part.title() for part in module.split("_"))}
    for name, template in WRITTEN.items():
        text = Template((TEMPLATES / template).read_text(encoding="utf-8")).substitute(names) if template else ""
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def main(arguments: list[str]) -> int:
    """Write it, and say how to go on."""
    if len(arguments) != 1:
        print("usage: make new-carrier CODE=mei-tel", file=sys.stderr)
        return 2
    try:
        folder = write(arguments[0])
    except CannotWrite as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Written: {folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder}/")
    print(f"What to fill in:  make one T='tests/contracts -k {arguments[0]}'")
    print("How, step by step: CONTRIBUTING.md, A carrier in one file")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
