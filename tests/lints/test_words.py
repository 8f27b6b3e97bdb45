"""Every visible word is translated, in both languages, as whole sentences."""

from __future__ import annotations

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

from tests.lints import sources
from tools import messages

HAN = re.compile(r"[\u3400-\u9fff]")
LETTERS = re.compile(r"[A-Za-z\u3400-\u9fff]{2,}")
READ_ALOUD = {"alt", "title", "placeholder", "aria-label", "aria-description", "label"}
# The same in every language.
NAMES = {
    "Xuliu",
    "续流",
    "English",
    "中文",
    "简体中文",
    "ICCID",
    "IMEI",
    "MSISDN",
    "SN",
    "EID",
    "TOTP",
    "MB",
    "GB",
    "QR",
    "HTTP",
    "ms",
    "csrf",
}
# Where Chinese is somebody else's: a vendor's words, or what people write in files and around numbers.
NOT_OURS = (
    Path("xuliu/carrier/connectors"),
    Path("xuliu/payment/providers"),
    Path("xuliu/inventory/imports/columns.py"),
    Path("xuliu/inventory/imports/table.py"),
    Path("xuliu/inventory/numbers.py"),
    Path("xuliu/sandbox"),
)
TRANSLATED = re.compile(r"{%\s*blocktrans(?:late)?\b.*?{%\s*endblocktrans(?:late)?\s*%}", re.DOTALL)
COMMENTED = re.compile(r"{%\s*comment\b.*?{%\s*endcomment\s*%}|{#.*?#}", re.DOTALL)
# A block for the classes of the page that is extended: nobody reads them.
CLASSES = re.compile(r"{%\s*block \w*class\s*%}.*?{%\s*endblock\b.*?%}", re.DOTALL)
TEMPLATE_CODE = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)


def test_the_chinese_catalogue_is_complete() -> None:
    found = messages.faults()
    assert not found, sources.report(found)


def test_no_page_has_a_word_that_cannot_be_translated() -> None:
    found = [
        f"{path}: {text!r}"
        for path in sources.files(".html")
        if "templates" in path.parts and "interfaces" in path.parts
        for text in _bare_words(sources.text(path))
    ]
    assert not found, sources.report(found)


def test_chinese_stands_in_the_catalogue_or_beside_its_locale() -> None:
    found = [
        sources.at(path, node, repr(node.value)[:80])
        for path in sources.python(tests=False)
        if path.parts[0] == "xuliu" and not any(path.is_relative_to(place) for place in NOT_OURS)
        for node in _strings_out_of_place(sources.tree(path))
    ]
    assert not found, sources.report(found)


def _bare_words(template: str) -> list[str]:
    for pattern in (COMMENTED, TRANSLATED, CLASSES, TEMPLATE_CODE):
        template = pattern.sub("", template)
    reader = _Reader()
    reader.feed(template)
    return [text for text in reader.texts if not NAMES.issuperset(LETTERS.findall(text))]


class _Reader(HTMLParser):
    """Gathers what a person sees or hears."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent = tag in {"script", "style"}
        self.texts += [value.strip() for name, value in attrs if name in READ_ALOUD and value]

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(data.strip())


def _strings_out_of_place(tree: ast.Module) -> list[ast.Constant]:
    """Constants with Chinese characters that are neither docstrings nor the zh-hans value of a mapping."""
    placed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            placed |= {id(value) for key, value in pairs if getattr(key, "value", None) == "zh-hans"}
        if isinstance(node, ast.keyword) and node.arg == "zh_hans":
            placed.add(id(node.value))
        if isinstance(node, ast.Expr):
            placed.add(id(node.value))
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and HAN.search(node.value)
        if id(node) not in placed
    ]
