"""Characters in and around numbers and codes: which are invisible, which mean the same. Pure.

Spreadsheets, chats and web pages leave invisible characters behind: U+200B, U+FEFF, U+202A to U+202E, soft hyphens.
"""

import unicodedata

# Unicode's Default_Ignorable_Code_Point, and the annotation marks.
_UNSEEN = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
# Joiners of letters and emoji, which matter in a name.
_JOINING = frozenset((0x200C, 0x200D, *range(0xFE00, 0xFE10), *range(0xE0020, 0xE01F0)))
_SPACES = "\t\n\v\f\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f"
_DASHES = "\u02d7\u058a\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63"
_QUOTES = '"`´\u02b9\u02bc\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2032\u2033\u2039\u203a«»「」『』《》〈〉'
_COLONS = "\u02d0\u2236\ufe13\ufe30\ufe55\ua789"
_STOPS = "。、｡､"

UNSEEN = dict.fromkeys(point for first, last in _UNSEEN for point in range(first, last + 1))
_WIDE = {point: chr(point - 0xFEE0) for point in range(0xFF01, 0xFF5F)}
_SPACED = dict.fromkeys(map(ord, _SPACES + "\u205f\u2800\u3000"), " ")

# Removes invisible characters; makes full width, spaces and dashes plain.
PLAIN = {**UNSEEN, **_WIDE, **_SPACED}
# The same, and unifies quotation marks, colons, brackets and dashes.
ALIKE = {
    **PLAIN,
    **dict.fromkeys(map(ord, _DASHES), "-"),
    **dict.fromkeys(map(ord, _QUOTES + "\uff02\uff40"), "'"),
    **dict.fromkeys(map(ord, _COLONS), ":"),
    **dict.fromkeys(map(ord, _STOPS), "."),
    ord("【"): "[",
    ord("】"): "]",
}
# A name keeps emoji and full width; a line break becomes a space.
NAME = {point: None for point in UNSEEN if point not in _JOINING} | _SPACED

_CONTROLS = {0: "NULL", 7: "BELL", 8: "BACKSPACE", 27: "ESCAPE", 127: "DELETE"}


def named(sign: str) -> str:
    """The character for people: itself if visible, with code point and Unicode name unless it is common."""
    if "!" <= sign <= "~":
        return f"“{sign}”"
    point = ord(sign)
    name = unicodedata.name(sign, "") or _CONTROLS.get(point, "")
    known = f"U+{point:04X} {name}".rstrip()
    return f"“{sign}” {known}" if sign.isprintable() and point not in UNSEEN and not sign.isspace() else known


def unseen_in(text: str) -> tuple[str, int] | None:
    """The first invisible character and its place, from 1; a plain space does not count."""
    if text.isascii() and text.isprintable():
        return None
    for place, sign in enumerate(text, start=1):
        if ord(sign) in UNSEEN or not sign.isprintable():
            return sign, place
    return None
