"""Printed pages: a Typst template and plain data in, a PDF out.

The font comes with a wheel and system fonts are left aside, so a page looks the same on every machine.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import segno
import typst
from noto_cjk_sans_otc import FONT_PATH

FONT = "Noto Sans CJK SC"


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


def qr_svg(text: str) -> str:
    """A QR code as SVG text without a border, for `image(bytes(…), format: "svg")`; 15 % of it may be damaged."""
    return str(segno.make(text, error="m", micro=False).svg_inline(border=0, omitsize=True))


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(Path(str(FONT_PATH)).parent)]
    )
