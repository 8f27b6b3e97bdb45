"""A SIM's page, reached by sticker or typed number, and the request for a quote on it."""

from typing import Any

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from xuliu.balance.operations import request_readings
from xuliu.balance.queries import reading_of
from xuliu.catalog.queries import public_price_list
from xuliu.common import clock
from xuliu.common.addresses import client_of
from xuliu.interfaces.merchant import browsers
from xuliu.interfaces.merchant.presenters import plans
from xuliu.interfaces.merchant.presenters import sim as words
from xuliu.interfaces.merchant.visiting import live, page, remembered
from xuliu.interfaces.wording import figures, refusals
from xuliu.inventory.finding import sim_in, terminal_of_sticker
from xuliu.inventory.models import Sim, Terminal
from xuliu.ordering.buying.choose import TooManyOpen, Visitor, choose
from xuliu.ordering.buying.offers import offers
from xuliu.ordering.buying.openings import shares_of_address, shares_of_shop
from xuliu.ordering.buying.quote import QuoteRefused, Selection
from xuliu.ordering.buying.refusals import RefusalCode
from xuliu.ordering.models import Order, OrderLine
from xuliu.ordering.queries import under_way

TYPED_SALT, TYPED_SECONDS = "xuliu typed look-up", 3600


@require_safe
@page
def sticker(request: HttpRequest, code: str) -> HttpResponseBase:
    """The SIM in the terminal with this sticker: shown in full, never rate-limited."""
    terminal, sim = _of_sticker(code)
    browsers.known_or_new(request)  # before a plan is chosen, so that two presses at once come from one known browser
    if sim is None:
        return render(request, "merchant/no_sim.html", {"terminal": str(terminal.model)}, status=404)
    links = {
        "here": reverse("merchant:sticker", args=[code]),
        "quote_url": reverse("merchant:quote_sticker", args=[code]),
    }
    return live(request, "merchant/sim.html", {**_context(request, sim, terminal, is_whole=True), **links})


@require_safe
@page
def number(request: HttpRequest, token: str) -> HttpResponseBase:
    """The SIM found by number: carrier, last four digits, state, end, plans; the rest needs the service password."""
    sim, is_whole = _of_token(token)
    if sim is None:
        return redirect("merchant:home")
    browsers.known_or_new(request)
    links = {
        "here": reverse("merchant:number", args=[token]),
        "quote_url": reverse("merchant:quote_number", args=[token]),
    }
    return live(request, "merchant/sim.html", {**_context(request, sim, None, is_whole=is_whole), **links})


@require_POST
@page
def quote_sticker(request: HttpRequest, code: str) -> HttpResponseBase:
    """Quote the chosen plan for the terminal's SIM."""
    terminal, sim = _of_sticker(code)
    shares = shares_of_shop(terminal_id=terminal.pk, merchant_id=sim.merchant_id if sim else None)
    visitor = Visitor(browser=browsers.known_or_new(request), shares=shares, is_by_sticker=True)
    return _quoted(request, sim, visitor, reverse("merchant:sticker", args=[code]))


@require_POST
@page
def quote_number(request: HttpRequest, token: str) -> HttpResponseBase:
    """Quote the chosen plan for the SIM found by its number."""
    shares = shares_of_address(str(client_of(request)))
    visitor = Visitor(browser=browsers.known_or_new(request), shares=shares, is_by_sticker=False)
    return _quoted(request, _of_token(token)[0], visitor, reverse("merchant:number", args=[token]))


def token_of(sim: Sim, *, is_whole: bool) -> str:
    """The address of a look-up's page for an hour, so that reloading it does not count as another try."""
    return signing.dumps([sim.pk, is_whole], salt=TYPED_SALT)


def _of_sticker(code: str) -> tuple[Terminal, Sim | None]:
    terminal = terminal_of_sticker(code)
    if terminal is None:
        raise Http404
    return terminal, sim_in(terminal)


def _of_token(token: str) -> tuple[Sim | None, bool]:
    try:
        sim_id, is_whole = signing.loads(token, salt=TYPED_SALT, max_age=TYPED_SECONDS)
    except signing.SignatureExpired:
        return None, False
    except signing.BadSignature as error:
        raise Http404 from error
    return Sim.objects.select_related("account__carrier").filter(id=sim_id).first(), is_whole


def _quoted(request: HttpRequest, sim: Sim | None, visitor: Visitor, back: str) -> HttpResponse:
    offering, prices = request.POST.get("offering", ""), public_price_list()
    if sim is None or prices is None or not (offering.isascii() and offering.isdigit() and len(offering) < 19):
        return redirect(f"{back}?refused={RefusalCode.NO_PLAN_CHOSEN}")
    selection = Selection(sim_id=sim.pk, offering_id=int(offering))
    try:
        order_id = choose(selections=[selection], price_list_id=prices.pk, merchant_id=sim.merchant_id, visitor=visitor)
    except QuoteRefused as refused:
        return redirect(f"{back}?refused={refused.refusals[0].code}")
    except TooManyOpen as full:
        return redirect(f"{back}?refused={full.code}")
    return redirect("merchant:order", Order.objects.values_list("code", flat=True).get(id=order_id))


def _context(request: HttpRequest, sim: Sim, terminal: Terminal | None, *, is_whole: bool) -> dict[str, Any]:
    now, account, prices = clock.now(), sim.account, public_price_list()
    request_readings(sim_ids=[sim.pk])
    found = offers(sim_ids=[sim.pk], price_list_id=prices.pk if prices else None, at=now)[sim.pk]
    facts = words.Facts(
        sim=sim,
        reading=reading_of(sim.pk),
        ends_on=found.ends_on,
        today=clock.civil_date(now, account.zone),
        now=now,
    )
    answer = words.answer(facts)
    lines = under_way([sim.pk]).get(sim.pk, [])
    carrier = figures.localised(account.carrier.name)
    groups = plans.groups(found.offers, wants=answer.wants, chosen=request.GET.get("plan", ""))
    tracks = [words.period_track(facts), words.data_track(facts) if is_whole else None]
    return {
        "who": gettext("%(carrier)s, ending %(last_four)s") % {"carrier": carrier, "last_four": sim.iccid[-4:]},
        "terminal": str(terminal.model) if terminal else "",
        "answer": answer,
        "tracks": [track for track in tracks if track],
        "as_of": words.as_of(facts, carrier=carrier, zone=account.zone),
        "is_waiting": words.is_waiting(facts),
        "notices": words.notices(
            facts,
            carrier=carrier,
            under_way=_known_order(request, lines),
            zone=account.zone,
            terminal_imei=terminal.imei if terminal else "",
        ),
        "error": refusals.for_payer(request.GET.get("refused", "")),
        "groups": groups,
        "nothing": "" if found.offers or account.paused_at else _nothing(answer),
        "contact": figures.localised(prices.seller.contact_text, default="") if prices else "",
    }


def _nothing(answer: words.Headline) -> str:
    """Why there is no plan to choose, unless the headline already says it."""
    return gettext("There is no plan for this SIM at the moment. Call your service provider.") if answer.wants else ""


def _known_order(request: HttpRequest, lines: list[OrderLine]) -> words.PendingOrder | None:
    """The renewal under way for this SIM, with a link if it was ordered on this phone."""
    if not lines:
        return None
    codes = remembered(request)
    own = Order.objects.filter(code__in=codes, id__in=[line.order_id for line in lines]).first() if codes else None
    link = reverse("merchant:order", args=[own.code]) if own else ""
    return words.PendingOrder(since=lines[0].state_at, link=link)
