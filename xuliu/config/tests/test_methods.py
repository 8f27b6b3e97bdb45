"""What a page does not take is said before a form's token is asked for."""

import pytest
from django.test import Client

PAGES = ("/", "/t/x", "/o/x", "/r/x", "/check", "/look-up", "/console/", "/accounts/login/", "/sign-in/return")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "PROPFIND"])
@pytest.mark.parametrize("path", PAGES)
def test_no_page_is_put_patched_or_deleted_and_it_says_so(path: str, method: str) -> None:
    answer = Client(enforce_csrf_checks=True).generic(method, path, b"x")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, POST"


def test_what_is_not_there_is_not_there_and_a_form_still_wants_its_token() -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.put("/nowhere").status_code == 404
    assert client.post("/look-up").status_code == 403
