"""The page of one refund: its numbers, what the provider says about each, and what people may do."""

from typing import Any

from django.contrib import messages
from django.contrib.admin import site
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from xuliu.common.deciding import PEOPLE_NEEDED, CannotDecide
from xuliu.interfaces.console.cases import case_links
from xuliu.interfaces.console.kit.columns import badge
from xuliu.interfaces.console.timeline import around
from xuliu.interfaces.wording import figures
from xuliu.interfaces.wording.decisions import why_not
from xuliu.interfaces.wording.reasons import refund_reason
from xuliu.interfaces.wording.states import REFUND_NUMBER_STATUSES, REFUND_STATES
from xuliu.ordering.models import Order
from xuliu.party.models import Person
from xuliu.party.permission import NeedsRight, may
from xuliu.party.rights import Right
from xuliu.payment import anew
from xuliu.payment.models import Refund, RefundApproval, RefundNumber

ACTIONS: dict[str, NeedsRight] = {"ask": anew.ask_now, "anew": anew.ask_anew, "send": anew.send_again}
DECIDED: dict[str, Any] = {
    "ask": _("The provider is asked about it now."),
    "anew": _(
        "Two people have said so. The old number is asked about once more; if it is still closed, a new one is sent."
    ),
    "first": _(
        "Your word is noted. A second person has to say the same; then the old number is asked about once more."
    ),
    "send": _("It is sent once more, under the same number."),
}


def show(request: HttpRequest, refund_id: int) -> HttpResponse:
    """Its numbers and the decisions."""
    if not request.user.has_perm(Right.SEE_MONEY):
        raise PermissionDenied
    refund = get_object_or_404(Refund.objects.select_related("payment"), id=refund_id)
    numbers = list(RefundNumber.objects.filter(refund_id=refund.pk).order_by("-id"))
    context = {
        **site.each_context(request),
        "title": refund.reference,
        "refund": refund,
        "state": badge(refund.state, REFUND_STATES),
        "amount": figures.amount(refund.amount_minor, refund.currency),
        "why": refund_reason(refund.why, refund.why_number),
        "order": Order.objects.filter(id=refund.payment.order_id).first(),
        "sent": figures.instant(refund.sent_at),
        "numbers": [_number(number) for number in numbers],
        "cases": case_links("refund", refund.pk),
        "actions": _actions(request, refund),
        "timeline": around(events=[], lines=[], payments=[], refunds=[refund]),
    }
    return render(request, "console/refund.html", context)


def decide(request: HttpRequest, refund_id: int, what: str) -> HttpResponse:
    """One decision, posted from the refund's page."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if what not in ACTIONS:
        raise Http404
    get_object_or_404(Refund.objects.only("id"), id=refund_id)
    try:
        said = _take(what, refund_id, request.POST.get("why", "").strip()[:500])
    except CannotDecide as refused:
        messages.error(request, why_not("refund", refused.code))
    else:
        messages.success(request, DECIDED[said])
    return redirect("admin:payment_refund_change", refund_id)


def _take(what: str, refund_id: int, why: str) -> str:
    if what == "anew":
        return "anew" if anew.ask_anew(refund_id=refund_id, why=why) else "first"
    if what == "send":
        anew.send_again(refund_id=refund_id, why=why)
    else:
        anew.ask_now(refund_id=refund_id)
    return what


def _actions(request: HttpRequest, refund: Refund) -> dict[str, Any]:
    """The decisions open to this person, given what the provider says."""
    approvals = list(RefundApproval.objects.filter(reference=refund.reference).order_by("id"))
    names = dict(Person.objects.filter(id__in=[one.person_id for one in approvals]).values_list("id", "sign_in_name"))
    can = {what: may(request.user, action) for what, action in ACTIONS.items()}
    return {
        "ask": can["ask"] and refund.state in (Refund.State.SENT, Refund.State.UNKNOWN, Refund.State.FAILED),
        "anew": can["anew"] and anew.may_be_asked_anew(refund),
        "send": can["send"] and anew.may_be_sent_again(refund),
        "said": [(names.get(one.person_id, one.person_id), figures.instant(one.at), one.why) for one in approvals],
        "has_said": any(one.person_id == request.user.pk for one in approvals),
        "is_asking": len(approvals) >= PEOPLE_NEEDED,
    }


def _number(number: RefundNumber) -> dict[str, Any]:
    return {
        "reference": number.reference,
        "number": number.number,
        "status": badge(number.status, REFUND_NUMBER_STATUSES),
        "detail": number.detail,
        "said": figures.instant(number.said_at or number.asked_at),
        "link": f"{reverse('admin:payment_providercall_changelist')}?q={number.reference}",
    }
