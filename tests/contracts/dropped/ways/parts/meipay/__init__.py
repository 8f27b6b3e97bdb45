"""Mei Pay to the payer: its button in words of its own, and else the shared part of a redirect."""

from collections.abc import Mapping
from typing import ClassVar

from xuliu.interfaces.ways.contract import SharedParts, WayWords


class PageParts(SharedParts):
    """Words for the button."""

    code: ClassVar[str] = "meipay"
    words: ClassVar[Mapping[str, WayWords]] = {
        "mei-page": WayWords(pay={"zh-hans": "去美付付款\u2009%(total)s", "en": "Go and pay %(total)s at Mei Pay"})
    }
