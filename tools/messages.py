"""The catalogue of what people read: taken from the sources, kept complete, compiled with Babel.

The sources are English; `xuliu/locale/zh_Hans` holds the Chinese. `python tools/messages.py update` (make messages)
brings the catalogue up to date and keeps every translation; `check` says what is missing. What the catalogue
no longer needs is dropped from it.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_javascript, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "xuliu"
LOCALE = "zh_Hans"
PO = PACKAGE / "locale" / LOCALE / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")

KEYWORDS = dict.fromkeys(
    (f"{function}{lazy}" for function in ("gettext", "ngettext", "pgettext", "npgettext") for lazy in ("", "_lazy")),
    None,
) | {"_": None, "gettext_noop": None}
HEADER = "# What people read in Chinese. Written by make messages, which keeps every translation."
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|\{\w*\}")

Found = tuple[str, str | tuple[str, str], str | None]


def extracted() -> Catalog:
    """What the sources say now, with no translation."""
    catalog = Catalog(locale=LOCALE, project="Xuliu", charset="utf-8", fuzzy=False)
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in {".py", ".html", ".txt"} and not {"tests", "sandbox"} & set(path.relative_to(ROOT).parts):
            for where, message, context in _in_file(path):
                catalog.add(message, locations=[(where, 0)], context=context)
    return catalog


def stored() -> Catalog:
    """The catalogue as it is kept."""
    if not PO.exists():
        return Catalog(locale=LOCALE)
    with PO.open("rb") as file:
        return read_po(file, locale=LOCALE)


def faults() -> list[str]:
    """What keeps the catalogue from being complete, one sentence each; nothing when it is."""
    now, kept = extracted(), stored()
    found = []
    for message in now:
        if message.id:
            translated = kept.get(message.id, message.context)
            found += _faults_of(message, translated)
    wanted = {(str(message.id), message.context) for message in now}
    found += [f"no longer used: {message.id!r}" for message in kept if (str(message.id), message.context) not in wanted]
    if not MO.exists() or MO.read_bytes() != _compiled(kept):
        found.append(f"{MO.relative_to(ROOT)} is not what {PO.name} compiles to")
    return found


def update() -> None:
    """Write the catalogue anew from the sources, with the translations it had, and compile it."""
    now, kept = extracted(), stored()
    for message in now:
        old = kept.get(message.id, message.context) if message.id else None
        if old:
            message.string = old.string
            message.flags |= old.flags & {"fuzzy"}
    now.header_comment = HEADER
    now.creation_date = kept.creation_date
    now.revision_date = kept.creation_date
    now.last_translator = now.language_team = now.msgid_bugs_address = "Xuliu"
    PO.parent.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as file:
        write_po(file, now, sort_output=True, include_lineno=False, ignore_obsolete=True, width=110)
    MO.write_bytes(_compiled(stored()))


def _in_file(path: Path) -> Iterator[Found]:
    where = str(path.relative_to(ROOT))
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        taken = extract_python(io.BytesIO(source.encode()), KEYWORDS, [], {"encoding": "utf-8"})
    else:
        # Django turns a template into a text of gettext calls; its strings read the same in both languages.
        from django.utils.translation.template import templatize

        calls = templatize(source, origin=where)
        taken = extract_javascript(io.BytesIO(calls.encode()), KEYWORDS, [], {"encoding": "utf-8"})
    # Babel's annotations name the parts in another order than they come.
    for _, function, arguments, _ in cast("Iterable[Any]", taken):
        given = (arguments,) if isinstance(arguments, str) else arguments
        message, context = _message(function, given)
        if message:
            yield where, message, context


def _message(function: str, arguments: Sequence[str | None]) -> tuple[str | tuple[str, str], str | None]:
    texts = [text for text in arguments if isinstance(text, str)]
    context = texts.pop(0) if "pgettext" in function and texts else None
    if "ngettext" in function or "npgettext" in function:
        return ((texts[0], texts[1]), context) if len(texts) >= 2 else ("", None)
    return (texts[0], context) if texts else ("", None)


def _faults_of(message: Message, translated: Message | None) -> list[str]:
    if translated is None:
        return [f"not in the catalogue (run make messages): {message.id!r}"]
    strings = [translated.string] if isinstance(translated.string, str) else list(translated.string or [""])
    if not all(strings):
        return [f"not translated: {message.id!r}"]
    if translated.fuzzy:
        return [f"translated but doubtful (fuzzy): {message.id!r}"]
    # Of a plural's two English forms the last one has every placeholder that the Chinese form may need.
    source = message.id if isinstance(message.id, str) else message.id[-1]
    return [
        f"other placeholders than its source: {message.id!r} → {text!r}"
        for text in strings
        if sorted(PLACEHOLDER.findall(text)) != sorted(PLACEHOLDER.findall(source))
    ]


def _compiled(catalog: Catalog) -> bytes:
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def main(arguments: list[str]) -> int:
    """`update` or `check`."""
    if arguments == ["update"]:
        update()
    elif arguments != ["check"]:
        print("usage: python tools/messages.py update|check", file=sys.stderr)
        return 2
    found = faults()
    print("\n".join(found) if found else "The catalogue is complete.")
    return 1 if found else 0


if __name__ == "__main__":
    from django.conf import settings

    settings.configure()
    sys.exit(main(sys.argv[1:]))
