"""An order's page, from quote to receipt: whoever has the link may see and pay the order."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from xuliu.balance.queries import reading_of
from xuliu.common import clock
from xuliu.common.addresses import client_of
from xuliu.interfaces.merchant import browsers
from xuliu.interfaces.merchant.paying import drawn, paying, signing_in, ways_here
from xuliu.interfaces.merchant.presenters import order as words
from xuliu.interfaces.merchant.presenters.sim import is_silent
from xuliu.interfaces.merchant.visiting import live, moved, page, remember
from xuliu.interfaces.wording import figures, refusals
from xuliu.ordering.buying.cancel import cancel as cancel_order
from xuliu.ordering.buying.cannot_place import CannotPlace
from xuliu.ordering.buying.choose import TooManyOpen, choose, visitor_of
from xuliu.ordering.buying.place import place
from xuliu.ordering.buying.quote import QuoteRefused, Selection
from xuliu.ordering.buying.refusals import RefusalCode
from xuliu.ordering.buying.ways_to_pay import ways_to_pay
from xuliu.ordering.ending.withdraw import withdraw as withdraw_order
from xuliu.ordering.models import Order, OrderLine
from xuliu.ordering.patience import has_ended
from xuliu.ordering.progress import StepCode, progress
from xuliu.ordering.queries import lines_of, order_by_code, receipt_of, sums_of, under_way, usual_seconds
from xuliu.payment.models import Payment, SignIn

UNPAID = (Order.State.QUOTED, Order.State.AWAITING_PAYMENT)
MOST_LINES_REQUOTED = 100  # else each press on an order of 100,000 lines would write as many again
ENDED_UNPAID = (Order.State.QUOTED, Order.State.LAPSED, Order.State.EXPIRED, Order.State.CANCELLED)


@require_safe
@page
def order(request: HttpRequest, code: str) -> HttpResponseBase:
    """Show the order: its quote, payment, progress or outcome."""
    found = _order(code)
    browsers.known_or_new(request)
    now = clock.now()
    context = {**_context(request, found, now), "pace": words.pace(found, now=now)}
    response = live(request, "merchant/order.html", context, signed_anew=("more",))
    if response.status_code == 200:
        remember(request, response, code)
    return response


@require_POST
@page
def pay(request: HttpRequest, code: str) -> HttpResponseBase:
    """Place the order, to be paid by the chosen way. Pressing twice gives the same payment."""
    found, here = _order(code), reverse("merchant:order", args=[code])
    ways = [way.code for way in ways_to_pay(found.seller_id, found.currency).values() if not way.has_sign_in]
    way = request.POST.get("way") or next(iter(ways), "")
    if way not in ways:
        return redirect(f"{here}?refused={RefusalCode.WAY_UNKNOWN if ways else RefusalCode.NO_PROVIDER}")
    try:
        place(order_id=found.pk, way=way)
    except CannotPlace as refused:
        return redirect(f"{here}?refused={refused.code}")
    return redirect(here if len(ways) == 1 else f"{here}?way={way}")


@require_safe
@page
def paid(request: HttpRequest, reference: str) -> HttpResponseBase:
    """Back from the provider's page; the order's page shows what became of the payment."""
    payment = Payment.objects.filter(reference=reference).first()
    if payment is None:
        raise Http404
    return redirect("merchant:order", Order.objects.values_list("code", flat=True).get(id=payment.order_id))


@require_POST
@page
def cancel(request: HttpRequest, code: str) -> HttpResponseBase:
    """Cancel the order before it is paid."""
    cancel_order(order_id=_order(code).pk)
    return redirect("merchant:order", code)


@require_POST
@page
def withdraw(request: HttpRequest, code: str) -> HttpResponseBase:
    """Withdraw the lines that are paid but not sent to the carrier yet; their money is refunded."""
    withdrawn = withdraw_order(order_id=_order(code).pk)
    return redirect(reverse("merchant:order", args=[code]) + ("" if withdrawn else f"?refused={RefusalCode.TOO_LATE}"))


@require_POST
@page
def requote(request: HttpRequest, code: str) -> HttpResponseBase:
    """Quote the same plans again, at today's price."""
    old = _order(code)
    if old.line_count > MOST_LINES_REQUOTED:
        return redirect(f"{reverse('merchant:order', args=[code])}?refused={RefusalCode.TOO_MANY_LINES}")
    selections = [Selection(sim_id=line.sim_id, offering_id=line.offering_id) for line in lines_of(old.pk)]
    browser, address = browsers.known_or_new(request), str(client_of(request))
    visitor = visitor_of(order_id=old.pk, browser=browser, address=address)
    try:
        order_id = choose(
            selections=selections, price_list_id=old.price_list_id, merchant_id=old.merchant_id, visitor=visitor
        )
    except QuoteRefused as refused:
        return redirect(f"{reverse('merchant:order', args=[code])}?refused={refused.refusals[0].code}")
    except TooManyOpen as full:
        return redirect(f"{reverse('merchant:order', args=[code])}?refused={full.code}")
    return redirect("merchant:order", Order.objects.values_list("code", flat=True).get(id=order_id))


@require_safe
@page
def ask(request: HttpRequest, code: str) -> HttpResponseBase:
    """A link with which somebody else can pay; this page waits and then shows the result."""
    found = _order(code)
    if found.state not in UNPAID or clock.now() >= found.valid_until:
        return moved(request, reverse("merchant:order", args=[code]))
    lines = lines_of(found.pk, limit=words.LINES_SHOWN)
    link = settings.XULIU_BASE_URL + reverse("merchant:order", args=[code])
    context = {
        "order": found.code,
        "quote": _quote(found, lines, clock.now()),
        "link": link,
        "qr": drawn(link),
        "here": reverse("merchant:ask", args=[code]),
    }
    return live(request, "merchant/ask.html", context)


def _order(code: str) -> Order:
    found = order_by_code(code)
    if found is None:
        raise Http404
    return found


def _context(request: HttpRequest, order: Order, now: datetime) -> dict[str, Any]:
    lines = lines_of(order.pk, limit=words.LINES_SHOWN)
    is_unpaid = order.state in UNPAID
    ways = ways_here(request, order) if is_unpaid else []
    signed_in = signing_in(request, order, ways)
    refused = request.GET.get("refused", "") or (signed_in.refused if signed_in else "")
    common = {
        "order": order.code,
        "here": reverse("merchant:order", args=[order.code]),
        "quote": _quote(order, lines, now),
        "error": refusals.for_payer(refused),
        "contact": figures.localised(order.seller.contact_text, default=""),
    }
    is_being_known = signed_in is not None and signed_in.state == SignIn.State.RETURNED
    if order.state == Order.State.QUOTED and now < order.valid_until and not is_being_known:
        is_paused = any(line.account.paused_at for line in lines)
        error = common["error"] or (None if ways else refusals.for_payer(RefusalCode.NO_PROVIDER))
        return {**common, "view": "quote", "ways": ways, "error": error, "is_paused": is_paused}
    if order.state == Order.State.AWAITING_PAYMENT or (is_being_known and order.state == Order.State.QUOTED):
        is_overdue = has_ended(order.valid_until, is_waited_for=True)
        return {**common, **paying(request, order, now, ways), "is_overdue": is_overdue}
    return {**common, **_under_way(order, lines)}


def _quote(order: Order, lines: list[OrderLine], now: datetime) -> words.Quote:
    flying = under_way([line.sim_id for line in lines])
    others = [line for found in flying.values() for line in found if line.order_id != order.pk]
    return words.present_quote(
        order,
        lines,
        sums=sums_of(order.pk),
        usual_seconds=usual_seconds(lines[0].account_id) if lines else None,
        is_other_under_way=bool(others),
        is_silent=is_silent(reading_of(lines[0].sim_id)) if lines else False,
    )


def _under_way(order: Order, lines: list[OrderLine]) -> dict[str, Any]:
    way, receipt = progress(order.pk), receipt_of(order.pk)
    carrier = words.carrier_name(lines[0]) if lines else ""
    is_disputed = any(step.code is StepCode.DISPUTED for step in way.steps)
    wants_receipt = order.state in (Order.State.COMPLETED, Order.State.PARTIAL) and receipt is None
    return {
        "view": "progress",
        "ending": words.ending(order, lines, refund=way.refund, is_disputed=is_disputed, is_overdue=way.is_overdue),
        "steps": words.steps(way.steps, carrier=carrier, zone=words.zone_of(lines)) if order.paid_at else [],
        "may_withdraw": way.may_withdraw,
        "may_repeat": order.state in ENDED_UNPAID and order.line_count <= MOST_LINES_REQUOTED,
        "receipt": receipt.code if receipt else "",
        # The order may have ended since it was read here: what this page says of it is then not the last word.
        "is_waiting": not way.is_final
        or way.state != order.state
        or wants_receipt
        or way.refund in ("pending", "late"),
    }
