"""Plays one real top-up and prints each step with its time: look up → quote → pay → provision → verify → receipt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Count
from django.utils.translation import gettext as _

from xuliu.carrier.models import CarrierAccount
from xuliu.catalog.models import Offering
from xuliu.cli import chosen, layout, lookup, topup, waiting
from xuliu.cli.failure import CommandFailed
from xuliu.common import actor, clock
from xuliu.interfaces.wording import figures
from xuliu.inventory.models import Sim
from xuliu.ordering.models import Order, OrderLine
from xuliu.ordering.queries import payment_of, receipt_of
from xuliu.sandbox.testing import ControlClient

READING_SECONDS = 30.0
DELIVERY_SECONDS = 120.0
LEAST_LEFT = timedelta(days=1)


def top_up(control: ControlClient, *, left_to_visitors: Sequence[str]) -> Order:
    """Renew the SIM that goes dark first among those not renewed yet; the sandbox plays the payer.

    ICCIDs in `left_to_visitors` are not touched. Raises CommandFailed if the top-up cannot start.
    """
    with actor.acting(actor.Actor("command", label="demo")):
        found = chosen.by_iccid(_next_iccid(left_to_visitors))
        where = f" · {found.terminal.model}, SN {found.terminal.serial_number}" if found.terminal else ""
        print("\n" + _("One top-up, on the way that every top-up goes") + f" · {found.sim.iccid}{where}\n")
        begun = clock.now()
        lookup.refreshed(found.sim, seconds=READING_SECONDS)
        carrier = figures.localised(found.sim.account.carrier.name)
        offering_code = _longest_renewal(found.sim)
        known = f"{carrier} · {lookup.summary(found.sim)}"
        looked_up = clock.now()
        order = topup.make_quote(found.sim, offering_code)
        telling = topup.Telling(order, since=begun)
        telling.say(_("look up"), looked_up, known)
        telling.say(_("quote"), clock.now(), _in_short(order))
        return _paid_and_followed(control, order, telling)


def _paid_and_followed(control: ControlClient, order: Order, telling: topup.Telling) -> Order:
    payment = topup.payable(order)
    if payment is None:
        raise CommandFailed("The offering costs nothing, so there is nothing to pay; take the demonstration's own.")
    control.pay(payment.reference)
    for step in waiting.steps(order.pk, seconds=DELIVERY_SECONDS):
        telling.tell(step)
    order.refresh_from_db()
    return order


def is_verified(order: Order) -> bool:
    """Whether the order was delivered, read back from the carrier, and receipted."""
    return order.state == Order.State.COMPLETED and receipt_of(order.pk) is not None


def outcome(order: Order) -> list[str]:
    """The outcome: the receipt and the payer's page, or what went wrong."""
    receipt, payment = receipt_of(order.pk), payment_of(order.pk)
    if receipt is None or payment is None or order.paid_at is None:
        return ["  " + _("It is not done: %(link)s") % {"link": topup.address("order", order.code)}]
    seconds = (receipt.issued_at - order.paid_at).total_seconds()
    rows = [
        (_("From paid to receipt"), f"{seconds:.1f} s"),
        (_("Receipt %(number)s") % {"number": receipt.text_number}, topup.address("receipt", receipt.code)),
        (_("Its payer's page"), payment.token),
    ]
    return layout.columns(rows, indent=2)


def _next_iccid(left_to_visitors: Sequence[str]) -> str:
    today = clock.civil_date(clock.now(), "Asia/Shanghai")
    served = Sim.objects.filter(state=Sim.State.ACTIVE, account__paused_at=None, period_end_on__gt=today + LEAST_LEFT)
    mine = served.exclude(iccid__in=list(left_to_visitors)).order_by("period_end_on", "id")
    accounts = CarrierAccount.objects.annotate(lines=Count("orderline")).order_by("lines", "id")
    untouched = mine.exclude(id__in=OrderLine.objects.values("sim_id"))
    # The carrier with the fewest deliveries comes first, so that successive demonstrations show them all.
    for sims in [*(untouched.filter(account=account) for account in accounts), mine]:
        if sim := sims.first():
            return sim.iccid
    raise CommandFailed("No SIM of the demonstration is in service any more; begin anew: make clean, make demo.")


def _longest_renewal(sim: Sim) -> str:
    for offer in lookup.offers_for(sim).offers:
        if offer.offering.terms.kind == Offering.Kind.RENEWAL:
            return offer.offering.code
    raise CommandFailed("No renewal is sold for the demonstration's SIMs; begin anew: make clean, make demo.")


def _in_short(order: Order) -> str:
    line = order.lines.select_related("offering").get()
    words = {
        "plan": figures.localised(line.offering.name),
        "price": figures.amount(order.total_minor, order.currency),
        "day": figures.last_day(line.ends_on),
        "number": order.number,
    }
    return _("%(plan)s for %(price)s, serves until %(day)s (order %(number)s)") % words
