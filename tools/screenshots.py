"""Takes a picture of every page: 390 and 1280 px wide, Chinese and English, light and dark, into build/screenshots/.

`python tools/screenshots.py [part of a name]…`: all, or those whose file's name contains a part. The pages stand in
`xuliu/interfaces/merchant/tests/gallery.py`; each is a state made by hand in a database of its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.harness import plugin  # noqa: E402  # names the test server before settings are read

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
        from tests.harness import databases

        name = databases.scratch_name("main", "fresh")
        url = databases.create(name)
        try:
            with databases.pointed_at(name):
                taken = _take(url, parts)
        finally:
            databases.drop(name)
    print(f"{taken} pictures in {OUT.relative_to(ROOT)}/")
    return 0


def _take(url: str, parts: Sequence[str]) -> int:
    from django.db import connections

    from tests.browsing import chromium, served
    from xuliu.interfaces.merchant.tests.gallery import ADDRESS_HEADER, hang

    pages = hang()
    connections.close_all()
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
