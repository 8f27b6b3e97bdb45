"""One search field for any number a caller reads out: of a SIM, terminal, order, payment or receipt."""

from django.contrib import messages
from django.contrib.admin import site
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xuliu.common.codes import code_in
from xuliu.interfaces.wording.numbers import refusal_of_number
from xuliu.inventory.finding import (
    sim_by_iccid,
    sim_by_msisdn,
    sim_in,
    terminal_by_serial_number,
    terminal_of_sticker,
)
from xuliu.inventory.numbers import readings
from xuliu.ordering.models import Order, Receipt
from xuliu.party.rights import Right
from xuliu.payment.models import Payment, Refund

LONGEST = 120


def show(request: HttpRequest) -> HttpResponse:
    """Go to the object with the number typed, or say that there is none."""
    if not request.user.has_perm(Right.SEE):
        raise PermissionDenied
    typed = request.GET.get("q", "").strip()[:LONGEST]
    found = _found(typed, sees_money=request.user.has_perm(Right.SEE_MONEY)) if typed else None
    if found:
        return redirect(f"admin:{found[0]}_change", found[1])
    if typed:
        messages.warning(request, _nothing(typed))
    return render(request, "console/find.html", {**site.each_context(request), "title": _("Find"), "typed": typed})


def _found(typed: str, *, sees_money: bool) -> tuple[str, int] | None:
    """The table and id of the object with that number. Every query uses an index."""
    if "\0" in typed:  # PostgreSQL's text cannot hold one
        return None
    if sim := sim_by_iccid(typed) or sim_by_msisdn(typed):
        return "inventory_sim", sim.pk
    if terminal := terminal_by_serial_number(typed) or terminal_of_sticker(code_in(typed)):
        bound = sim_in(terminal)
        return ("inventory_sim", bound.pk) if bound else ("inventory_terminal", terminal.pk)
    code = code_in(typed) or typed
    if order := Order.objects.filter(Q(number=typed) | Q(code=code)).values_list("id", flat=True).first():
        return "ordering_order", order
    if (
        receipt := Receipt.objects.filter(Q(check_code=typed) | Q(code=typed))
        .values_list("order_id", flat=True)
        .first()
    ):
        return "ordering_order", receipt
    return _money(typed) if sees_money else None


def _nothing(typed: str) -> str:
    if why := readings(typed).why_none:
        words = {"typed": typed, "why": refusal_of_number(why)}
        return gettext("Nothing is called “%(typed)s” (%(why)s).") % words
    return gettext("Nothing is called “%(typed)s”.") % {"typed": typed}


def _money(typed: str) -> tuple[str, int] | None:
    if payment := Payment.objects.filter(reference=typed).values_list("order_id", flat=True).first():
        return "ordering_order", payment
    if refund := Refund.objects.filter(reference=typed).values_list("payment__order_id", flat=True).first():
        return "ordering_order", refund
    return None
