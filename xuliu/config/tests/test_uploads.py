"""A file that nobody asked for is refused before it reaches the disk, whatever page it is sent to."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from xuliu.interfaces.console.tests import people

pytestmark = pytest.mark.django_db

PARAMETERS = {"int": "1", "str": "abc", "slug": "abc", "path": "abc", "uuid": "00000000-0000-0000-0000-000000000000"}


def _addresses(resolver: URLResolver, prefix: str = "/") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        path = prefix + "".join(_filled(pattern))
        if isinstance(pattern, URLResolver):
            yield from _addresses(pattern, path)
        else:
            yield path


def _filled(pattern: URLPattern | URLResolver) -> str:
    text = str(pattern.pattern)
    for name, converter in pattern.pattern.converters.items():
        kind = type(converter).__name__.removesuffix("Converter").lower()
        for written in (f"<{kind}:{name}>", f"<{name}>"):
            text = text.replace(written, PARAMETERS[kind if kind in PARAMETERS else "str"])
    return text


ADDRESSES = sorted({path for path in _addresses(get_resolver()) if not set(path) & set("()?^$\\")})


@pytest.fixture(autouse=True)
def _no_disk(tmp_path: Path, settings: Any) -> None:
    """Whoever would write a file, however small, fails."""
    settings.FILE_UPLOAD_TEMP_DIR, settings.FILE_UPLOAD_MAX_MEMORY_SIZE = str(tmp_path / "nowhere"), 1


def _send(client: Client, address: str) -> int:
    file = SimpleUploadedFile("x.bin", b"x" * 1_000)
    return client.post(address, {"offering": "1", "typed": "1", "file": file}).status_code


def test_no_page_that_strangers_reach_keeps_a_file() -> None:
    assert {"/look-up", "/t/abc/quote", "/o/abc/pay", "/accounts/login/", "/console/find/"} <= set(ADDRESSES)
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    client.get("/")  # with the cookie that forms go with, their bodies are read

    statuses = {address: _send(client, address) for address in ADDRESSES}

    assert not {address: status for address, status in statuses.items() if 200 <= status < 300 or status >= 500}
    assert statuses["/look-up"] == statuses["/t/abc/quote"] == statuses["/accounts/login/"] == 400


def test_staff_are_asked_for_no_file_either() -> None:
    olga = people.signed_in(people.olga())

    assert _send(olga, "/console/catalog/offering/add/") == 400


def test_a_form_in_parts_without_a_file_is_taken(client: Client) -> None:
    answer = client.post("/look-up", {"typed": "8986040000000000000"}, headers={"Accept-Language": "en"})

    assert answer.status_code == 404
    assert "8986040000000000000" in answer.content.decode()
