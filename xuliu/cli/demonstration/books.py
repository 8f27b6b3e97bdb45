"""Compares the books: ours, the sandbox provider's, the sandbox carriers'."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from xuliu.carrier.models import CarrierAccount
from xuliu.cli import layout
from xuliu.interfaces.ways.wording import provider_name
from xuliu.interfaces.wording import figures
from xuliu.ledger import addresses
from xuliu.ledger.queries import order_totals, trial_balance
from xuliu.ordering.models import Order, OrderLine
from xuliu.payment.models import Notice, Payment, ProviderAccount, Refund, RefundNumber
from xuliu.ticket.models import Case

Books = Mapping[str, Any]
IN_DOUBT = (OrderLine.State.DISPUTED, OrderLine.State.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One comparison of two sides' books. `is_equal` compares every entry, not just the sums."""

    what: str
    ours: str
    theirs: str
    is_equal: bool


def at_rest() -> bool:
    """Whether nothing is under way that the two sides may briefly see differently."""
    busy = OrderLine.objects.filter(state__in=OrderLine.OPEN, is_set_aside=False, order__paid_at__isnull=False)
    return not (
        busy.exclude(state=OrderLine.State.DISPUTED).exists()
        or Order.objects.filter(state=Order.State.PAID).exclude(lines__state=OrderLine.State.DISPUTED).exists()
        or Notice.objects.filter(state=Notice.State.STORED).exists()
        or Refund.objects.exclude(state__in=(Refund.State.SUCCEEDED, Refund.State.FAILED)).exists()
    )


def compare(theirs: Books) -> list[Comparison]:
    """All comparisons; `theirs` are the books from the sandbox's control port."""
    found = [_orders()]
    for provider in ProviderAccount.objects.order_by("provider").values_list("provider", flat=True).distinct():
        books = theirs["providers"][provider]
        found += [_taken_in(provider, books), _given_back(provider, books)]
    for account in CarrierAccount.objects.select_related("carrier").order_by("id"):
        books = theirs["carriers"][account.connector]
        found += [_delivered(account, books), _owed(account, books)]
    return found


def table(found: list[Comparison]) -> list[str]:
    """The comparisons as lines of a terminal."""
    heading = ("", _("ours"), _("theirs"), "")
    rows = [(one.what, one.ours, one.theirs, "=" if one.is_equal else _("DIFFERS")) for one in found]
    return layout.columns([heading, *rows], right=[1, 2], indent=2)


def _orders() -> Comparison:
    """Our own books: what payers paid is held, earned or owed back, and held only for open lines."""
    ids = list(Order.objects.exclude(paid_at=None).values_list("id", flat=True))
    totals = order_totals(ids)
    opened = OrderLine.objects.filter(order_id__in=ids, state__in=OrderLine.OPEN)
    held = dict(opened.values("order_id").annotate(held=Sum("price_minor")).values_list("order_id", "held"))
    is_equal = all(
        total.paid_minor == total.held_minor + total.earned_minor + total.refunded_minor
        and total.held_minor == held.get(order_id, 0)
        for order_id, total in totals.items()
    )
    paid = sum(total.paid_minor for total in totals.values())
    parts = sum(total.held_minor + total.earned_minor + total.refunded_minor for total in totals.values())
    return Comparison(
        what=_("paid = held + earned + owed back"), ours=_money(paid), theirs=_money(parts), is_equal=is_equal
    )


def _taken_in(provider: str, books: Books) -> Comparison:
    """Payment by payment: what we booked as received is what the provider reports as paid."""
    accounts = ProviderAccount.objects.filter(provider=provider)
    receivable = {addresses.provider_receivable(pk) for pk in accounts.values_list("id", flat=True)}
    ours = sum(row.out_of_minor for row in trial_balance() if row.address in receivable)
    succeeded = set(
        Payment.objects.filter(account__in=accounts, state=Payment.State.SUCCEEDED).values_list("reference", flat=True)
    )
    paid = {reference for reference, sums in books["by_reference"].items() if sums["paid_minor"]}
    theirs = sum(books["paid_minor"].values())
    return Comparison(
        what=_("%(provider)s took in") % {"provider": provider_name(provider)},
        ours=_money(ours),
        theirs=_money(theirs),
        is_equal=ours == theirs and succeeded == paid,
    )


def _given_back(provider: str, books: Books) -> Comparison:
    succeeded = RefundNumber.objects.filter(
        status=RefundNumber.Status.SUCCEEDED, refund__payment__account__provider=provider
    ).select_related("refund")
    ours = {number.reference: number.refund.amount_minor for number in succeeded}
    theirs = {one["reference"]: one["amount_minor"] for one in books["refunds"] if one["status"] == "success"}
    return Comparison(
        what=_("%(provider)s gave back") % {"provider": provider_name(provider)},
        ours=_money(sum(ours.values())),
        theirs=_money(sum(theirs.values())),
        is_equal=ours == theirs,
    )


def _delivered(account: CarrierAccount, books: Books) -> Comparison:
    """SIM by SIM: every delivered line is one effect at the carrier, and no effect is unexplained."""
    lines = OrderLine.objects.filter(account=account)
    ours = Counter(lines.filter(state=OrderLine.State.COMPLETED).values_list("sim__iccid", flat=True))
    open_to_doubt = Counter(lines.filter(state__in=IN_DOUBT).values_list("sim__iccid", flat=True))
    drifted = Case.objects.filter(subject_kind="orderline", kind="delivered_after_refusal")
    known = lines.filter(id__in=drifted.values("subject_id"))
    open_to_doubt += Counter(known.values_list("sim__iccid", flat=True))
    theirs = Counter(effect["iccid"] for effect in books["effects"])
    is_equal = not (ours - theirs) and not (theirs - ours - open_to_doubt)
    return Comparison(
        what=_("%(carrier)s: renewed") % {"carrier": figures.localised(account.carrier.name)},
        ours=str(ours.total()),
        theirs=str(theirs.total()),
        is_equal=is_equal,
    )


def _owed(account: CarrierAccount, books: Books) -> Comparison:
    """What we owe the carrier for deliveries; it may already count lines that are in doubt."""
    payable = addresses.carrier_payable(account.pk)
    ours = sum(row.out_of_minor - row.into_minor for row in trial_balance() if row.address == payable)
    theirs = sum(books["cost_minor"].values())
    in_doubt = OrderLine.objects.filter(account=account, state__in=IN_DOUBT).aggregate(sum=Sum("cost_minor"))["sum"]
    return Comparison(
        what=_("%(carrier)s: owed to it") % {"carrier": figures.localised(account.carrier.name)},
        ours=_money(ours),
        theirs=_money(theirs),
        is_equal=ours <= theirs <= ours + (in_doubt or 0),
    )


def _money(amount_minor: int) -> str:
    return figures.amount(amount_minor, "CNY")
