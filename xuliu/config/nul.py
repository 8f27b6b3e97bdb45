"""A zero byte names nothing: PostgreSQL's text cannot hold one, so what carries one cannot be there.

It comes from who tries what a site does with it, in an address, a query, a cookie or a field. The answer is the page
for what is not there, before a view has done half of what it was asked for; never an error of ours.
"""

from collections.abc import Callable

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

NUL = "\0"
# Views that say in their own words that there is no such thing.
SAY_IT_THEMSELVES = frozenset({"merchant:look_up"})


class NulIsNowhere:
    """Middleware: where a zero byte stands there is nothing; a cookie with one is as if it were not sent.

    It stands before who reads cookies; that nothing is there is said by when the language is known. Whatever charset a
    form names, it is read as the UTF-8 that our pages send.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if any(NUL in value for value in request.COOKIES.values()):
            request.COOKIES = {name: value for name, value in request.COOKIES.items() if NUL not in value}
        if request.encoding is not None:  # our forms are UTF-8; another word makes Django fail in its own error page
            request.encoding = "utf-8"
        return self._get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponseBase], *_: object) -> None:
        """Look at what a view would be asked for. Of one that takes notices the body is its own to read."""
        query = request.META.get("QUERY_STRING", "")
        if NUL in request.path or NUL in query or "%00" in query:
            raise Http404
        is_form = request.method == "POST" and not getattr(view, "csrf_exempt", False)
        found = request.resolver_match
        if is_form and not (found and found.view_name in SAY_IT_THEMSELVES) and _has_nul(request):
            raise Http404


def _has_nul(request: HttpRequest) -> bool:
    return any(NUL in text for name, values in request.POST.lists() for text in (name, *values))
