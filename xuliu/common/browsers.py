"""Browsers that were let in before: each has its own tries, which strangers cannot use up.

A signed cookie holds, for each of the last few names or SIMs that this browser opened, a random name for the two. It
grants no access; it only says whose tries are counted.
"""

from base64 import urlsafe_b64encode

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from xuliu.common.codes import new_code
from xuliu.common.crypto import keyed_hash

COOKIE = "xuliu_let_in"
SALT = "xuliu browser"
KEPT_SECONDS = 180 * 24 * 3600
KEPT_MOST = 8
MARK_BYTES = 9


def known(request: HttpRequest, whom: str) -> str:
    """This browser's own random name where it has opened that before, such as `person lin`; else empty."""
    return _kept(request).get(_mark(whom), "")


def remember(request: HttpRequest, response: HttpResponseBase, whom: str) -> None:
    """Remember that this browser was just let in."""
    kept, mark = _kept(request), _mark(whom)
    name = kept.pop(mark, "") or new_code()
    newest = dict(list({mark: name, **kept}.items())[:KEPT_MOST])
    response.set_cookie(
        COOKIE,
        signing.dumps(newest, salt=SALT),
        max_age=KEPT_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=settings.IS_HTTPS,
    )


def _kept(request: HttpRequest) -> dict[str, str]:
    """By mark, newest first; nothing where the cookie is none of ours, or old."""
    try:
        kept = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=KEPT_SECONDS)
    except signing.BadSignature:
        return {}
    return {str(mark): str(name) for mark, name in kept.items()}


def _mark(whom: str) -> str:
    """The hashed name in the cookie, which reveals nobody to its reader."""
    return urlsafe_b64encode(keyed_hash(whom, purpose="browser")[:MARK_BYTES]).decode()
