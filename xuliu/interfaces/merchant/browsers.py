"""Recognises a browser by a random code in a cookie; we store only its hash.

The code signs nobody in and identifies nobody. It keeps one browser's open order and payment apart from another's.
"""

import re
from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from xuliu.common.codes import new_code

COOKIE, KEPT_SECONDS = "xuliu_browser", 365 * 24 * 3600
_CODE = re.compile(r"[0-9a-z]{26}")


def known(request: HttpRequest) -> str:
    """The hash of this browser's code, 64 hexadecimal digits; "" if it has none."""
    code = getattr(request, "browser_code", "") or request.COOKIES.get(COOKIE, "")
    return sha256(code.encode()).hexdigest() if _CODE.fullmatch(code) else ""


def known_or_new(request: HttpRequest) -> str:
    """The same; a browser without a code gets one with this response (by `visiting.page`)."""
    if not known(request):
        request.browser_code = new_code()  # type: ignore[attr-defined]  # `keep` sets the cookie
    return known(request)


def keep(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set the cookie if `known_or_new` made a code during this request."""
    code = getattr(request, "browser_code", "")
    if code:
        response.set_cookie(COOKIE, code, max_age=KEPT_SECONDS, httponly=True, samesite="Lax", secure=settings.IS_HTTPS)
