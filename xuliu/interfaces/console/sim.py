"""The page of one SIM: what is left and until when, its terminal, and what was ordered for it."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.admin import site
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from xuliu.balance.models import Bucket, Reading
from xuliu.balance.operations import request_readings
from xuliu.balance.queries import reading_of
from xuliu.catalog.queries import public_price_list
from xuliu.common import clock
from xuliu.common.models import Event
from xuliu.interfaces.console.kit.columns import badge
from xuliu.interfaces.console.timeline import around
from xuliu.interfaces.wording import figures, refusals
from xuliu.interfaces.wording.sims import ENDS_TODAY
from xuliu.interfaces.wording.states import CARRIER_STATES, LINE_STATES, SIM_STATES
from xuliu.inventory.models import Binding, Sim
from xuliu.ordering.buying.offers import Offer, SimOffers, offers
from xuliu.ordering.models import OrderLine
from xuliu.ordering.queries import UNDER_WAY
from xuliu.party.rights import Right

LINES_SHOWN, SOON_DAYS = 50, 7


def show(request: HttpRequest, sim_id: int) -> HttpResponse:
    """The SIM's page."""
    if not request.user.has_perm(Right.SEE):
        raise PermissionDenied
    sim = get_object_or_404(Sim.objects.select_related("account__carrier", "merchant"), id=sim_id)
    now = clock.now()
    reading, prices = reading_of(sim.pk), public_price_list()
    found = offers(sim_ids=[sim.pk], price_list_id=prices.pk if prices else None, at=now)[sim.pk]
    bindings = Binding.objects.filter(sim=sim).select_related("terminal__model").order_by("-bound_at")[:10]
    events = list(Event.objects.filter(kind="sim", subject_id=sim.pk).order_by("id")[:200])
    context = {
        **site.each_context(request),
        "title": sim.iccid,
        "sim": sim,
        "state": badge(sim.state, SIM_STATES),
        "carrier": figures.localised(sim.account.carrier),
        "account_link": reverse("admin:carrier_carrieraccount_change", args=[sim.account_id]),
        "answer": _answer(sim, found.ends_on, clock.civil_date(now, sim.account.zone)),
        "data": _data(reading),
        "reading": _reading(reading, now),
        "bindings": [_binding(binding) for binding in bindings],
        "offers": [_offer(offer) for offer in found.offers],
        "refusals": _refusals(found),
        "lines": [_line(line) for line in _lines(sim.pk)],
        "timeline": around(events=events, lines=[], payments=[], refunds=[]),
    }
    return render(request, "console/sim.html", context)


def ask(request: HttpRequest, sim_id: int) -> HttpResponse:
    """Request a fresh reading; the carrier is asked at most once in five minutes."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not request.user.has_perm(Right.SEE):
        raise PermissionDenied
    get_object_or_404(Sim.objects.only("id"), id=sim_id)
    if request_readings(sim_ids=[sim_id]):
        messages.success(request, _("The carrier is asked now; load the page again in a moment."))
    else:
        messages.info(request, _("The carrier was asked within the last five minutes."))
    return redirect("admin:inventory_sim_change", sim_id)


def _answer(sim: Sim, ends_on: date | None, today: date) -> dict[str, str]:
    """The big answer: how long the SIM stays online, counted as on the payer's page."""
    if sim.state != Sim.State.ACTIVE or ends_on is None:
        text = str(SIM_STATES[sim.state].text) if sim.state != Sim.State.ACTIVE else gettext("Nobody knows until when")
        return {"text": text, "tone": "plain"}
    days = (ends_on - today).days - 1
    if days < 0:
        text = ngettext("Dark for %(days)s day", "Dark for %(days)s days", -days) % {"days": -days}
        return {"text": text, "tone": "dark"}
    if days == 0:
        return {"text": str(ENDS_TODAY), "tone": "soon"}
    text = ngettext("%(days)s day left", "%(days)s days left", days) % {"days": days}
    return {"text": text, "tone": "soon" if days <= SOON_DAYS else "well"}


def _data(reading: Reading | None) -> dict[str, Any] | None:
    if reading is None or not reading.granted_bytes or reading.left_bytes is None:
        return None
    width = max(0.0, min(100.0, 100 * reading.left_bytes / reading.granted_bytes))
    return {
        "width": width,
        "left": figures.exact_size(reading.left_bytes),
        "granted": figures.exact_size(reading.granted_bytes),
    }


def _reading(reading: Reading | None, now: Any) -> dict[str, Any] | None:
    if reading is None or reading.as_of is None:
        return None
    return {
        "as_of": figures.instant(reading.as_of),
        "ago": figures.age(reading.as_of, now=now),
        "facts": [
            (_("State at the carrier"), CARRIER_STATES.get(reading.carrier_state, figures.NONE)),
            (_("Last day served"), figures.last_day(reading.period_end_on)),
            (_("Used"), figures.exact_size(reading.used_bytes)),
            (_("In device (IMEI)"), reading.imei or figures.NONE),
            (_("Renewal blocked because"), reading.blocked_why or figures.NONE),
        ],
    }


def _offer(offer: Offer) -> dict[str, Any]:
    return {
        "code": offer.offering.code,
        "name": figures.localised(offer.offering.name),
        "starts_on": figures.day(offer.starts_on),
        "last_day": figures.last_day(offer.ends_on),
        "price": figures.amount(offer.amount_minor, offer.offering.currency),
        "tax": figures.amount(offer.tax_minor, offer.offering.currency),
    }


def _refusals(found: SimOffers) -> list[dict[str, Any]]:
    """The carrier's offerings that this SIM cannot have, with the reason."""
    sold = {offering.id: offering for offering in found.sold}
    return [
        {
            "code": sold[refusal.offering_id].code,
            "name": figures.localised(sold[refusal.offering_id].name),
            "why": refusals.for_staff(refusal.code),
        }
        for refusal in found.refusals
    ]


def _binding(binding: Binding) -> dict[str, Any]:
    return {
        "link": reverse("admin:inventory_terminal_change", args=[binding.terminal_id]),
        "terminal": f"{binding.terminal.model} · {binding.terminal.serial_number}",
        "since": figures.instant(binding.bound_at),
        "until": figures.instant(binding.unbound_at),
        "is_now": binding.unbound_at is None,
    }


def _lines(sim_id: int) -> list[OrderLine]:
    """Lines under way and delivered, newest first. An index finds both; there is none for all lines of a SIM."""
    delivered = list(
        Bucket.objects.filter(sim_id=sim_id).order_by("-id").values_list("line_id", flat=True)[:LINES_SHOWN]
    )
    joined = OrderLine.objects.select_related("order", "offering")
    under_way = joined.filter(sim_id=sim_id, state__in=UNDER_WAY).order_by("-id")[:LINES_SHOWN]
    found = {line.pk: line for line in [*under_way, *joined.filter(id__in=delivered)]}
    return [found[key] for key in sorted(found, reverse=True)]


def _line(line: OrderLine) -> dict[str, Any]:
    return {
        "link": reverse("admin:ordering_orderline_change", args=[line.pk]),
        "order": line.order.number,
        "offering": figures.localised(line.offering),
        "period": f"{figures.last_day(line.starts_on)} – {figures.day(line.ends_on)}",
        "state": badge(line.state, LINE_STATES),
        "price": figures.amount(line.price_minor, line.order.currency),
        "at": figures.instant(line.state_at),
    }
