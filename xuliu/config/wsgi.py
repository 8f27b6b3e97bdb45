"""The web application: two Django handlers, chosen by path.

Notices and health need no session, cookie or language, and eight middlewares take four fifths of an empty view's
speed; so they have a handler without any. Everything else goes through settings.MIDDLEWARE.
"""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

import django
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

BARE_PATHS = ("/webhooks/", "/healthz")
BARE_URLS = "xuliu.config.bare_urls"

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xuliu.config.settings")
django.setup(set_prefix=False)


class BareHandler(WSGIHandler):
    """Django's handler without middleware, with its own URLs."""

    def load_middleware(self, is_async: bool = False) -> None:
        """Do what BaseHandler.load_middleware would do for an empty list."""
        self._view_middleware: list[object] = []
        self._template_response_middleware: list[object] = []
        self._exception_middleware: list[object] = []
        self._middleware_chain = convert_exception_to_response(self._respond)

    def _respond(self, request: HttpRequest) -> HttpResponseBase:
        request.urlconf = BARE_URLS
        response: HttpResponse = self._get_response(request)  # type: ignore[attr-defined]  # Django's, not in the stubs
        response.headers["Content-Length"] = str(len(response.content))
        return response


_whole = WSGIHandler()
_bare = BareHandler()


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Pass the request to the handler for its path."""
    return (_bare if is_bare(environ.get("PATH_INFO", "")) else _whole)(environ, start_response)


def is_bare(path: str) -> bool:
    """Whether that path is served without middleware."""
    return path.startswith(BARE_PATHS)
