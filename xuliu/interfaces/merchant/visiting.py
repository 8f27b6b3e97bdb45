"""What all visitors' pages share: caching rules, pages that refresh themselves, orders remembered on a phone."""

import hashlib
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeAlias
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from xuliu.interfaces.merchant import browsers

Rest = ParamSpec("Rest")
View: TypeAlias = Callable[Concatenate[HttpRequest, Rest], HttpResponseBase]

KEPT_IN_ADDRESS = ("refused", "way")
REMEMBERED = "xuliu_orders"
REMEMBERED_MOST = 3
REMEMBERED_SECONDS = 30 * 24 * 3600


def page(view: View[Rest]) -> View[Rest]:
    """A view whose pages no cache keeps and no search engine lists: only the holder of a code may see them."""

    @wraps(view)
    def visited(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        browsers.keep(request, response)
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.headers.setdefault("X-Robots-Tag", "noindex")
        return response

    return visited


def live(
    request: HttpRequest, template: str, context: dict[str, Any], *, signed_anew: Collection[str] = ()
) -> HttpResponse:
    """A page whose part `#live` refreshes itself: the whole page, or only that part in answer to a poll.

    A poll is answered 204 if nothing has changed, which costs a few hundred bytes on a slow link. Context that is
    `signed_anew` for each response does not count as a change.
    """
    facts = sorted((name, value) for name, value in context.items() if name not in signed_anew)
    mark = hashlib.sha256(repr(facts).encode()).hexdigest()[:12]
    is_poll = "HX-Request" in request.headers
    if is_poll and request.GET.get("seen") == mark:
        return HttpResponse(status=204)
    given = {name: request.GET.get(name, "") for name in KEPT_IN_ADDRESS}
    kept = "".join(f"&{name}={quote(value)}" for name, value in given.items() if value)
    context = {
        **context,
        "mark": mark,
        "kept": kept,
        "whole": "merchant/part.html" if is_poll else "merchant/base.html",
    }
    response = render(request, template, context)
    response.headers["Vary"] = "HX-Request"
    return response


def moved(request: HttpRequest, where: str) -> HttpResponse:
    """Redirect the reader to another page, in answer to a poll too."""
    if "HX-Request" not in request.headers:
        return redirect(where)
    response = HttpResponse(status=204)
    response.headers["HX-Redirect"] = where
    return response


def remember(request: HttpRequest, response: HttpResponse, code: str) -> None:
    """Remember the order on this phone, so that a closed page can be found again."""
    codes = [code, *(known for known in remembered(request) if known != code)][:REMEMBERED_MOST]
    response.set_cookie(
        REMEMBERED,
        ".".join(codes),
        max_age=REMEMBERED_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=settings.IS_HTTPS,
    )


def remembered(request: HttpRequest) -> list[str]:
    """The codes of the last orders made on this phone, newest first."""
    codes = request.COOKIES.get(REMEMBERED, "").split(".")
    return [code for code in codes if code.isalnum() and len(code) == 26][:REMEMBERED_MOST]
