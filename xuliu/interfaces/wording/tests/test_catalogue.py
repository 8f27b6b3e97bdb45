"""Chinese as it is set: full-width punctuation, a thin space between Han and figures."""

import re
from dataclasses import fields

from babel.messages.pofile import read_po
from django.conf import settings

from xuliu.interfaces.ways.registry import all_parts

HAN = "[\u3400-\u9fff]"
CROWDED = re.compile(f"{HAN}[A-Za-z0-9¥]|[A-Za-z0-9]{HAN}|{HAN} (?=[A-Za-z0-9¥%])|[A-Za-z0-9)] (?={HAN})")
PHRASES = {"app", "carrier", "ago", "whom", "why", "provider", "span", "seller"}
PAGES = ("interfaces/merchant", "interfaces/ways", "interfaces/wording")
HALF_WIDTH = re.compile(f"{HAN}[,;:!?]|[,;:!?]{HAN}|{HAN}\\.(?!\\w)")


def texts() -> list[str]:
    """Every Chinese text of the phone pages, of what ways to pay bring to them, and of what all surfaces say."""
    path = settings.LOCALE_PATHS[0] / "zh_Hans" / "LC_MESSAGES" / "django.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale="zh_Hans")
    ours = [one for one in catalogue if one.id and any(page in where for where, _ in one.locations for page in PAGES)]
    assert len(ours) > 350
    catalogued = [text for one in ours for text in ([one.string] if isinstance(one.string, str) else one.string or [])]
    return [_filled(text) for text in [*catalogued, *_brought()]]


def _brought() -> list[str]:
    words = [one for parts in all_parts().values() for one in parts.words.values()]
    brought = [getattr(one, field.name).get("zh-hans", "") for one in words for field in fields(one)]
    assert len([text for text in brought if text]) > 5
    return brought


def _filled(text: str) -> str:
    """With a Han character where a name or a phrase will stand, and a figure elsewhere."""
    return re.sub(r"%\((\w+)\)s", lambda found: "汉" if found[1] in PHRASES else "0", text)


def test_han_and_figures_stand_a_thin_space_apart() -> None:
    assert [text for text in texts() if CROWDED.search(text)] == []


def test_punctuation_after_han_is_full_width() -> None:
    assert [text for text in texts() if HALF_WIDTH.search(text)] == []
