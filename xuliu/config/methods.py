"""Pages take GET and POST. Any other method is refused before the check of the form's token, because 403 would suggest
that a token helps. Notices and health have their own handler (`wsgi`)."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase

WITHOUT_BODY = ("GET", "HEAD", "OPTIONS", "TRACE")  # for these the view itself decides


class PagesAreReadOrPosted:
    """Middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponseBase | None:
        """Refuse methods that no page takes."""
        if request.method in (*WITHOUT_BODY, "POST"):
            return None
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
