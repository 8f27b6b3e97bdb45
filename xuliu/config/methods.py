"""Pages are read with GET and asked with POST. Whoever comes with anything else is told so before a form's token is
asked for: a page has no PUT, and 403 would say that with a token it had one. Notices and health have a door of their
own (`wsgi`)."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase

WITHOUT_BODY = ("GET", "HEAD", "OPTIONS", "TRACE")  # a view says of these itself what it takes


class PagesAreReadOrPosted:
    """Middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponseBase | None:
        """Refuse what no page takes."""
        if request.method in (*WITHOUT_BODY, "POST"):
            return None
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
