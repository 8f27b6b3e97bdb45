"""Two handlers behind one door."""

from io import BytesIO
from typing import Any

from tests.make import make_shop
from tests.sales import make_unknown
from xuliu.config.wsgi import application
from xuliu.ordering.overdue import tell_of_overdue
from xuliu.ticket.models import Case


def _get(path: str) -> tuple[str, dict[str, str], bytes]:
    said: list[Any] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "HTTP_HOST": "127.0.0.1:8000",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": BytesIO(),
    }
    body = b"".join(application(environ, lambda status, headers, *_: said.append((status, dict(headers)))))  # type: ignore[arg-type]  # only what is looked at
    return said[0][0], said[0][1], body


def test_health_is_answered_without_middleware(fresh_database: str) -> None:
    status, headers, body = _get("/healthz")
    assert status == "200 OK"
    assert b'"database": "ok"' in body
    assert "Content-Security-Policy" not in headers
    assert headers["Content-Length"] == str(len(body))


def test_health_does_not_depend_on_how_long_anything_has_waited(fresh_database: str) -> None:
    line = make_unknown(make_shop(), minutes_ago=60 * 24 * 30)
    tell_of_overdue()
    assert Case.objects.filter(state="OPEN", subject_id=line.pk).exists()

    assert _get("/healthz")[0] == "200 OK"


def test_an_unknown_notice_path_is_not_found_in_a_word() -> None:
    status, headers, body = _get("/webhooks/nobody/at/all")
    assert status == "404 Not Found"
    assert body == b"Not found.\n"
    assert "Set-Cookie" not in headers


def test_every_page_forbids_inline_scripts_and_frames(fresh_database: str) -> None:
    _, headers, _ = _get("/accounts/login/")
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy + ";"
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
