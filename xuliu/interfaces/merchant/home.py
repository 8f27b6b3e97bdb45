"""The home page with its search field, and the language switch."""

from functools import partial

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST, require_safe

from xuliu.catalog.queries import public_price_list
from xuliu.common import browsers
from xuliu.common.addresses import client_of
from xuliu.common.codes import code_in
from xuliu.common.guard import TooManyTries
from xuliu.interfaces.merchant.presenters import order as words
from xuliu.interfaces.merchant.sims import token_of
from xuliu.interfaces.merchant.visiting import page, remembered
from xuliu.interfaces.ways.wording import scanners
from xuliu.interfaces.wording import figures
from xuliu.interfaces.wording.numbers import refusal_of_number
from xuliu.interfaces.wording.refusals import try_again
from xuliu.inventory import look_ups
from xuliu.inventory.numbers import readings
from xuliu.ordering.queries import lines_of, order_by_code

A_YEAR = 365 * 24 * 3600


@require_safe
@page
def home(request: HttpRequest) -> HttpResponseBase:
    """The search field, and the last orders made on this phone."""
    found = [order for code in remembered(request) if (order := order_by_code(code))]
    rows = [words.remembered(order, lines_of(order.pk, limit=1)) for order in found]
    return render(request, "merchant/home.html", {"orders": rows, "scan": _scan(), "contact": _contact()})


@require_POST
@page
def look_up(request: HttpRequest) -> HttpResponseBase:
    """Find the SIM by the number typed, with or without its service password."""
    given, password = request.POST.get("typed", "")[:200], request.POST.get("password", "")[:100]
    if code := code_in(given):
        return redirect("merchant:sticker", code)
    try:
        return _opened(request, given, password) if password else _found(request, given)
    except TooManyTries as refused:
        minutes = refused.minutes
        error = _too_many_passwords(minutes) if password else ""
        response = _closed(request, given, error=error, minutes=None if password else minutes)
        response.headers["Retry-After"] = str(refused.retry_after_seconds)
        return response


def _found(request: HttpRequest, given: str) -> HttpResponse:
    """Go to the SIM with that number; the page shows what strangers may see."""
    if sim := look_ups.look_up(typed=given, address=str(client_of(request))):
        return redirect("merchant:number", token_of(sim, is_whole=False))
    context = {"typed": given, "error": _no_such_number(given), "scan": _scan(), "contact": _contact()}
    return render(request, "merchant/home.html", context, status=404)


def _opened(request: HttpRequest, given: str, password: str) -> HttpResponse:
    """Open the whole SIM; from now on this browser's tries at it are counted separately."""
    address, browser_of = str(client_of(request)), partial(browsers.known, request)
    sim = look_ups.unlock(typed=given, password=password, address=address, browser_of=browser_of)
    if sim is None:
        return _closed(request, given, error=gettext("The number and the password do not belong together."))
    response = redirect("merchant:number", token_of(sim, is_whole=True))
    browsers.remember(request, response, look_ups.whom(sim))
    return response


@require_safe
def language(request: HttpRequest, code: str) -> HttpResponseBase:
    """Remember the language on this phone and return to the page the reader came from."""
    back = request.GET.get("next", "/")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    response = redirect(back if is_ours and back.startswith("/") else reverse("merchant:home"))
    if code in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            code,
            max_age=A_YEAR,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite="Lax",
            secure=settings.LANGUAGE_COOKIE_SECURE,
        )
    return response


def _too_many_passwords(minutes: int) -> str:
    return ngettext(
        "Too many passwords were tried. Try again in a minute.",
        "Too many passwords were tried. Try again in %(minutes)s minutes.",
        minutes,
    ) % {"minutes": minutes}


def _closed(request: HttpRequest, given: str, *, error: str, minutes: int | None = None) -> HttpResponse:
    """The same page whether or not the number exists, with the time to wait after too many look-ups."""
    context = {"typed": given, "error": error, "again": try_again(minutes) if minutes else "", "contact": _contact()}
    return render(request, "merchant/limited.html", context, status=429)


def _scan() -> str:
    """How to scan the sticker: with a payment app if one can scan any code, or with the camera."""
    if apps := scanners():
        return gettext("Quickest: scan the sticker on the terminal with %(app)s or the phone's camera.") % {"app": apps}
    return gettext("Quickest: scan the sticker on the terminal with the phone's camera.")


def _contact() -> str:
    """Whom to call: the contact of the public price list's seller."""
    prices = public_price_list()
    return figures.localised(prices.seller.contact_text, default="") if prices else ""


def _no_such_number(given: str) -> str:
    """ "No such number", with what looks wrong about it, if anything does."""
    if why := readings(given).why_none:
        return gettext(
            "There is no such number here (%(why)s). Check it sign by sign, or scan the sticker on the terminal."
        ) % {"why": refusal_of_number(why)}
    return gettext("There is no such number here. Check it sign by sign, or scan the sticker on the terminal.")
