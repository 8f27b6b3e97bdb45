"""A zero byte means "not found": PostgreSQL's text cannot hold one, so nothing stored has one.

Only people who probe a site send one, in an address, a query, a cookie or a field. The answer is the 404 page, before
a view has done half of its work; never a server error.
"""

from collections.abc import Callable

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

NUL = "\0"
# Views that answer "not found" in their own words.
SAY_IT_THEMSELVES = frozenset({"merchant:look_up"})


class NulIsNowhere:
    """Middleware: a request with a zero byte finds nothing; a cookie with one is ignored.

    It runs before cookies are read, and answers once the language is known. Forms are read as UTF-8, whatever charset
    they name.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if any(NUL in value for value in request.COOKIES.values()):
            request.COOKIES = {name: value for name, value in request.COOKIES.items() if NUL not in value}
        if request.encoding is not None:  # our forms are UTF-8; another charset makes Django's own error page fail
            request.encoding = "utf-8"
        return self._get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponseBase], *_: object) -> None:
        """Check what the view would receive, except a notice's body, which its view reads itself."""
        query = request.META.get("QUERY_STRING", "")
        if NUL in request.path or NUL in query or "%00" in query:
            raise Http404
        is_form = request.method == "POST" and not getattr(view, "csrf_exempt", False)
        found = request.resolver_match
        if is_form and not (found and found.view_name in SAY_IT_THEMSELVES) and _has_nul(request):
            raise Http404


def _has_nul(request: HttpRequest) -> bool:
    return any(NUL in text for name, values in request.POST.lists() for text in (name, *values))
