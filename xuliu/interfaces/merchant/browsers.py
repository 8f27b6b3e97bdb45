"""Which browser this is: a random code that it keeps, of which we keep no more than a hash.

It signs nobody in and names nobody. It tells one browser's open order and one payer's sheet from another's.
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
    """The hash of the code that this browser keeps, 64 hexadecimal digits; "" where it keeps none."""
    code = getattr(request, "browser_code", "") or request.COOKIES.get(COOKIE, "")
    return sha256(code.encode()).hexdigest() if _CODE.fullmatch(code) else ""


def known_or_new(request: HttpRequest) -> str:
    """The same; a browser that keeps no code is given one with this answer (by `visiting.page`)."""
    if not known(request):
        request.browser_code = new_code()  # type: ignore[attr-defined]  # taken to the browser by `keep`
    return known(request)


def keep(request: HttpRequest, response: HttpResponseBase) -> None:
    """Have the browser keep the code that it was given while it was answered."""
    code = getattr(request, "browser_code", "")
    if code:
        response.set_cookie(COOKIE, code, max_age=KEPT_SECONDS, httponly=True, samesite="Lax", secure=settings.IS_HTTPS)
