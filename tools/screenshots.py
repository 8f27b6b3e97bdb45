"""Takes a picture of every page: 390 and 1280 px wide, Chinese and English, light and dark, into build/screenshots/.

`python tools/screenshots.py [part of a name]…`: all, or those whose file's name contains a part. Each surface hangs its
pages in its `tests/gallery.py`: states made by hand, in a database of the surface's own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.harness import plugin  # noqa: E402  # names the test server before settings are read

if TYPE_CHECKING:
    from playwright.sync_api import Page


class Hung(Protocol):
    """One page of a gallery."""

    @property
    def name(self) -> str: ...

    def open(self, tab: Page, address: str) -> None:
        """Go there and make it ready."""


SURFACES = ("merchant", "console")
OUT = ROOT / "build" / "screenshots"
WIDTHS = {390: 844, 1280: 900}
LANGUAGES = {"zh-hans": "zh-CN", "en": "en-GB"}
SCHEMES = ("light", "dark")


def main(parts: Sequence[str]) -> int:
    """Take the pictures; returns 0."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xuliu.config.settings")
    import django

    from xuliu.config import embedded

    with embedded.running(plugin.HOME, plugin.SERVER_SETTINGS):
        django.setup()
        taken = sum(_visit(surface, parts) for surface in SURFACES)
    print(f"{taken} pictures in {OUT.relative_to(ROOT)}/")
    return 0


def _visit(surface: str, parts: Sequence[str]) -> int:
    """Hang a surface's pages in a database of their own and go round."""
    from django.db import connections

    from tests.harness import databases

    name = databases.scratch_name("main", "fresh")
    url = databases.create(name)
    try:
        with databases.pointed_at(name):
            pages = import_module(f"xuliu.interfaces.{surface}.tests.gallery").hang()
            connections.close_all()
        return _take(url, pages, parts)
    finally:
        databases.drop(name)


def _take(url: str, pages: Sequence[Hung], parts: Sequence[str]) -> int:
    from tests.browsing import ADDRESS_HEADER, chromium, served

    OUT.mkdir(parents=True, exist_ok=True)
    taken = 0
    with served(url, XULIU_ADDRESS_HEADER=ADDRESS_HEADER) as address, chromium() as browser:
        for (width, height), (language, locale), scheme in product(WIDTHS.items(), LANGUAGES.items(), SCHEMES):
            context = browser.new_context(
                viewport={"width": width, "height": height},
                locale=locale,
                color_scheme=scheme,  # type: ignore[arg-type]  # one of SCHEMES
                device_scale_factor=2 if width < 600 else 1,
            )
            tab = context.new_page()
            for page in pages:
                picture = f"{page.name}-{width}-{language}-{scheme}.png"
                if parts and not any(part in picture for part in parts):
                    continue
                tab.set_viewport_size({"width": width, "height": height})
                page.open(tab, address)
                # Grown to its content, so that what is fixed to the bottom stands at the bottom of the picture.
                tall = int(tab.evaluate("document.documentElement.scrollHeight"))
                tab.set_viewport_size({"width": width, "height": max(height, tall)})
                tab.screenshot(path=OUT / picture)
                taken += 1
            context.close()
    return taken


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
