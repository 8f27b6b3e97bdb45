"""One field for everything a caller reads out: an ICCID, a serial number, an order, a payment, a receipt."""

from django.contrib import messages
from django.contrib.admin import site
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xuliu.common.rights import Right
from xuliu.inventory.look_ups import normalised
from xuliu.inventory.models import Binding, Sim, Terminal
from xuliu.ordering.models import Order, Receipt
from xuliu.payment.models import Payment, Refund

LONGEST = 80


def show(request: HttpRequest) -> HttpResponse:
    """Go to what was typed, or say that there is no such thing."""
    if not request.user.has_perm(Right.SEE):
        raise PermissionDenied
    typed = request.GET.get("q", "").strip()[:LONGEST]
    found = _found(typed, sees_money=request.user.has_perm(Right.SEE_MONEY)) if typed else None
    if found:
        return redirect(f"admin:{found[0]}_change", found[1])
    if typed:
        messages.warning(request, gettext("Nothing is called “%(typed)s”.") % {"typed": typed})
    return render(request, "console/find.html", {**site.each_context(request), "title": _("Find"), "typed": typed})


def _found(typed: str, *, sees_money: bool) -> tuple[str, int] | None:
    """The table and the id of what is called so. Every question goes through an index."""
    plain = normalised(typed)
    if sim := Sim.objects.filter(Q(iccid=plain) | Q(msisdn=plain)).values_list("id", flat=True).first():
        return "inventory_sim", sim
    if terminal := Terminal.objects.filter(serial_number=plain).values_list("id", flat=True).first():
        bound = Binding.objects.filter(terminal=terminal, unbound_at=None).values_list("sim_id", flat=True).first()
        return ("inventory_sim", bound) if bound else ("inventory_terminal", terminal)
    if order := Order.objects.filter(Q(number=typed) | Q(code=typed)).values_list("id", flat=True).first():
        return "ordering_order", order
    if (
        receipt := Receipt.objects.filter(Q(check_code=typed) | Q(code=typed))
        .values_list("order_id", flat=True)
        .first()
    ):
        return "ordering_order", receipt
    return _money(typed) if sees_money else None


def _money(typed: str) -> tuple[str, int] | None:
    if payment := Payment.objects.filter(reference=typed).values_list("order_id", flat=True).first():
        return "ordering_order", payment
    if refund := Refund.objects.filter(reference=typed).values_list("payment__order_id", flat=True).first():
        return "ordering_order", refund
    return None
