"""Receives payment providers' notices: checks, stores (raw, in one insert), answers. A step applies them later.

Nothing here waits for anybody. Accounts are few and seldom change, so each process caches their providers and checks
for changes every few seconds: a rotated key soon works everywhere, without a query per notice.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from xuliu.common import actor, clock
from xuliu.payment.accounts import provider_of
from xuliu.payment.contract import Forged, VerifiedNotice
from xuliu.payment.guarded import Guarded
from xuliu.payment.models import ProviderAccount
from xuliu.payment.operations import store_notice

LOOK_AGAIN_SECONDS = 3.0
LARGEST_BYTES = 256 * 1024
UNAUTHORIZED = 401
JSON = "application/json"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NoticeAccount:
    """One account as notices need it."""

    id: int
    provider: Guarded


@dataclass(slots=True)
class _Accounts:
    """The accounts by code, with their providers; reloaded when they are too old."""

    by_code: Mapping[str, NoticeAccount] = field(default_factory=dict)
    read_at: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, code: str) -> NoticeAccount | None:
        if time.monotonic() - self.read_at > LOOK_AGAIN_SECONDS:
            with self.lock:
                if time.monotonic() - self.read_at > LOOK_AGAIN_SECONDS:
                    self.by_code = _read()
                    self.read_at = time.monotonic()
        return self.by_code.get(code)

    def forget(self) -> None:
        """Reload at the next notice."""
        self.read_at = float("-inf")


accounts = _Accounts()


def notice(request: HttpRequest, account_code: str) -> HttpResponse:
    """Take one notice. 404 for an unknown account, 401 for a notice that the provider did not sign."""
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    if len(request.body) > LARGEST_BYTES:
        return HttpResponse(status=413)
    known = accounts.get(account_code)
    if known is None:
        return HttpResponse(status=404)
    try:
        signed = known.provider.check_signature(headers=_headers(request), body=request.body, now=clock.now())
    except Forged as why:
        log.warning("a notice for %s is refused: %s", account_code, why)
        return HttpResponse(known.provider.acknowledgement(is_stored=False)[1], status=UNAUTHORIZED, content_type=JSON)
    return _stored(known, signed, request.body)


def _stored(known: NoticeAccount, signed: VerifiedNotice, body: bytes) -> HttpResponse:
    """Store and acknowledge the notice, even a repeated one. If storing fails, the provider is told to repeat it."""
    try:
        with actor.acting(actor.Actor("provider", known.id)):
            store_notice(account_id=known.id, signed=signed, body=body)
    except DatabaseError:
        log.exception("a notice could not be stored; the provider will repeat it")
        status, answer = known.provider.acknowledgement(is_stored=False)
    else:
        status, answer = known.provider.acknowledgement(is_stored=True)
    return HttpResponse(answer, status=status, content_type=JSON)


def _headers(request: HttpRequest) -> dict[str, str]:
    """The headers by lower-case name, straight from the server's environment."""
    return {
        name[5:].replace("_", "-").lower(): value for name, value in request.META.items() if name.startswith("HTTP_")
    }


def _read() -> dict[str, NoticeAccount]:
    """All accounts with usable credentials; one that is badly set up must not stop the others."""
    found = {}
    for account in ProviderAccount.objects.all():
        try:
            found[account.code] = NoticeAccount(account.pk, provider_of(account))
        except Exception:  # whatever is wrong with the account: it is logged here, and shown in the console
            log.exception("the provider account %s cannot be used", account.code)
    return found
