"""Which browser asks: the one that was here before or a new one."""

from http.cookies import SimpleCookie

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from xuliu.interfaces.merchant import browsers
from xuliu.interfaces.merchant.visiting import page


@page
def told(request: HttpRequest) -> HttpResponse:
    return HttpResponse(browsers.known_or_new(request))


def ask(cookie: str = "") -> tuple[str, str]:
    """The hash that the page saw, and the cookie that it set."""
    request = RequestFactory().get("/")
    request.COOKIES = {browsers.COOKIE: cookie} if cookie else {}
    answer = told(request)
    assert isinstance(answer, HttpResponse)
    kept: SimpleCookie = answer.cookies
    return answer.content.decode(), kept[browsers.COOKIE].value if browsers.COOKIE in kept else ""


def test_a_browser_is_known_again_by_what_it_keeps_and_we_keep_only_a_hash() -> None:
    first, kept = ask()
    assert len(kept) == 26
    assert kept not in first
    assert ask(kept) == (first, "")
    assert ask()[0] != first


@pytest.mark.parametrize("forged", ["short", "x" * 27, "A" * 26, "0" * 25 + "\n"])
def test_what_is_no_code_of_ours_is_replaced(forged: str) -> None:
    seen, kept = ask(forged)
    assert len(kept) == 26
    assert seen
