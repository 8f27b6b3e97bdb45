"""The page of one payment: its state, its refunds, and the form for refunds made in the provider's own pages."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.contrib.admin import site
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from xuliu.common.deciding import CannotDecide
from xuliu.interfaces.console.cases import case_links
from xuliu.interfaces.console.kit.columns import badge
from xuliu.interfaces.console.timeline import around
from xuliu.interfaces.ways.wording import way_name
from xuliu.interfaces.wording import figures
from xuliu.interfaces.wording.decisions import why_not
from xuliu.interfaces.wording.reasons import refund_reason
from xuliu.interfaces.wording.states import PAYMENT_STATES, REFUND_STATES
from xuliu.ordering.models import Order
from xuliu.party.models import Person
from xuliu.party.permission import may
from xuliu.party.rights import Right
from xuliu.payment import outside
from xuliu.payment.models import OutsideEntry, Payment, Refund

MOST_DIGITS = 15
DECIDED: dict[str, Any] = {
    "enter": _("It is recorded: two people have entered the same."),
    "first": _("Your entry is noted. A second person has to enter the same number and amount."),
    "rest": _("What is left goes back to the payer."),
}


def show(request: HttpRequest, payment_id: int) -> HttpResponse:
    """The payment, its refunds and the decisions."""
    if not request.user.has_perm(Right.SEE_MONEY):
        raise PermissionDenied
    payment = get_object_or_404(Payment.objects.select_related("account"), id=payment_id)
    refunds = list(Refund.objects.filter(payment_id=payment.pk).order_by("id"))
    context = {
        **site.each_context(request),
        "title": payment.reference,
        "payment": payment,
        "state": badge(payment.state, PAYMENT_STATES),
        "amount": figures.amount(payment.amount_minor, payment.currency),
        "order": Order.objects.filter(id=payment.order_id).first(),
        "facts": _facts(payment),
        "refunds": [_refund(refund) for refund in refunds],
        "cases": case_links("payment", payment.pk),
        "actions": _actions(request, payment),
        "timeline": around(events=[], lines=[], payments=[payment], refunds=refunds),
    }
    return render(request, "console/payment.html", context)


def decide(request: HttpRequest, payment_id: int, what: str) -> HttpResponse:
    """One decision, posted from the payment's page."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if what not in ("enter", "rest"):
        raise Http404
    get_object_or_404(Payment.objects.only("id"), id=payment_id)
    try:
        said = _take(what, payment_id, request.POST)
    except CannotDecide as refused:
        messages.error(request, why_not("payment", refused.code))
    else:
        messages.success(request, DECIDED[said])
    return redirect("admin:payment_payment_change", payment_id)


def _take(what: str, payment_id: int, given: QueryDict) -> str:
    why, number = (given.get(name, "").strip()[:500] for name in ("why", "number"))
    if what == "rest":
        outside.give_back_rest(payment_id=payment_id, why=why)
        return what
    amount_minor = _minor(given.get("amount", "").strip())
    is_recorded = outside.enter(payment_id=payment_id, number=number, amount_minor=amount_minor, why=why)
    return "enter" if is_recorded else "first"


def _minor(text: str) -> int:
    """An amount as people write it, in hundredths; 0 if it is not an amount."""
    try:
        amount = Decimal(text[:MOST_DIGITS].replace(",", "")) * 100
    except InvalidOperation:
        return 0
    return int(amount) if amount.is_finite() and amount == amount.to_integral_value() else 0


def _actions(request: HttpRequest, payment: Payment) -> dict[str, Any]:
    entries = list(OutsideEntry.objects.filter(payment_id=payment.pk).order_by("id"))
    names = dict(Person.objects.filter(id__in=[one.person_id for one in entries]).values_list("id", "sign_in_name"))
    rest = outside.rest_minor(payment) if may(request.user, outside.give_back_rest) else 0
    return {
        "enter": may(request.user, outside.enter) and outside.is_in_question(payment),
        "rest": figures.amount(rest, payment.currency) if rest > 0 else "",
        "entries": [
            {
                "name": names.get(one.person_id, one.person_id),
                "at": figures.instant(one.at),
                "number": one.number,
                "amount": figures.amount(one.amount_minor, payment.currency),
                "why": one.why,
            }
            for one in entries
        ],
    }


def _facts(payment: Payment) -> list[tuple[Any, Any]]:
    return [
        (_("Account"), payment.account.code),
        (_("Way to pay"), way_name(payment.way)),
        (_("Provider's number"), payment.number or figures.NONE),
        (_("Opened"), figures.instant(payment.opened_at)),
        (_("Open until"), figures.instant(payment.expires_at)),
        (_("Paid"), figures.instant(payment.paid_at)),
        (_("Counts for its order"), _("yes") if payment.is_applied else _("no")),
        (_("Payer"), f"…{payment.payer_id[-4:]}" if payment.payer_id else figures.NONE),
        (_("Failed because"), payment.failed_why or figures.NONE),
    ]


def _refund(refund: Refund) -> dict[str, Any]:
    return {
        "link": reverse("admin:payment_refund_change", args=[refund.pk]),
        "reference": refund.reference,
        "state": badge(refund.state, REFUND_STATES),
        "amount": figures.amount(refund.amount_minor, refund.currency),
        "at": figures.instant(refund.sent_at or refund.requested_at),
        "why": refund_reason(refund.why, refund.why_number),
    }
