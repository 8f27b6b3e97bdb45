"""Printed pages: a Typst template and plain data in, a PDF out.

The font comes with a wheel and system fonts are left aside, so a page looks the same on every machine.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import segno
import typst
from django.conf import settings
from noto_cjk_sans_otc import FONT_PATH

from xuliu.common import clock

FONT = "Noto Sans CJK SC"
KEPT = timedelta(days=1)


def render(template: Path, data: Mapping[str, Any], *, made_at: datetime) -> bytes:
    """The PDF of a Typst file, which reads `data` (anything JSON can carry) with `json(bytes(sys.inputs.data))`.

    The font is FONT, the only one there is. A template sees the files beside it and nothing else on the machine. The
    same template, data and `made_at` (aware) give the same bytes. Raises typst.TypstError where it does not compile.
    """
    compiler = typst.Compiler(input=template, root=template.parent, font_paths=_fonts(), ignore_system_fonts=True)
    pdf = compiler.compile(
        format="pdf", sys_inputs={"data": json.dumps(data, ensure_ascii=False)}, timestamp=int(made_at.timestamp())
    )
    if not isinstance(pdf, bytes):
        raise TypeError(f"{template.name}: one PDF was expected")
    return pdf


def kept(template: Path, data: Mapping[str, Any], *, made_at: datetime) -> bytes:
    """As `render`, but made once and kept for a day in the installation's folder; who asks meanwhile waits for it.

    What it is found by is all that goes into it: other words or figures are another page.
    """
    given = (template.read_text(), json.dumps(data, ensure_ascii=False, sort_keys=True), made_at.isoformat())
    name = hashlib.sha256(json.dumps(given).encode()).hexdigest()
    folder = Path(settings.XULIU_HOME) / "printed" / name[:1]
    file = folder / f"{name}.pdf"
    with _alone_in(folder):
        if file.exists() and not _is_old(file):
            return file.read_bytes()
        _forget_old(folder)
        pdf = render(template, data, made_at=made_at)
        with suppress(OSError):  # a full disk keeps nobody from their receipt
            _keep(file, pdf)
        return pdf


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One thread of all processes at a time; a sixteenth of all pages waits for it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_old(file: Path) -> bool:
    return file.stat().st_mtime < (clock.now() - KEPT).timestamp()


def _forget_old(folder: Path) -> None:
    for file in folder.glob("*.p*"):  # what was begun and never ended, too
        if _is_old(file):
            file.unlink()


def _keep(file: Path, pdf: bytes) -> None:
    part, at = file.with_suffix(".part"), clock.now().timestamp()
    part.write_bytes(pdf)
    os.utime(part, (at, at))
    part.replace(file)


def qr_svg(text: str) -> str:
    """A QR code as SVG text without a border, for `image(bytes(…), format: "svg")`; 15 % of it may be damaged."""
    return str(segno.make(text, error="m", micro=False).svg_inline(border=0, omitsize=True))


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(Path(str(FONT_PATH)).parent)]
    )
