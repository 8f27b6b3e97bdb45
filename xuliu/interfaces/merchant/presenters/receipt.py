"""The text of a receipt: for its page, its PDF and the public check page."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext

from xuliu.catalog.models import Offering
from xuliu.interfaces.merchant.presenters.order import zone_of
from xuliu.interfaces.ways.wording import provider_name
from xuliu.interfaces.wording import figures, sims
from xuliu.interfaces.wording.terms import receipt_proof
from xuliu.ordering.models import OrderLine, Receipt
from xuliu.payment.models import Payment

CHECK_CODE_GROUP = 4
LINES_PRINTED = 500


@dataclass(frozen=True, kw_only=True)
class DeliveredItem:
    """One delivered line."""

    what: str
    card: str
    period: str
    proof: str
    price: str


@dataclass(frozen=True, kw_only=True)
class ReceiptText:
    """The receipt; `facts` are pairs of label and value."""

    title: str
    number: str
    issued: str
    seller: str
    tax_number: str
    contact: str
    items: tuple[DeliveredItem, ...]
    total: str
    tax: str
    facts: tuple[tuple[str, str], ...]
    check_code: str


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a stranger may learn: number, day, amount and seller. No card, no order, no payer."""

    number: str
    issued_on: str
    amount: str
    seller: str


def present_receipt(
    receipt: Receipt, lines: Sequence[OrderLine], *, payment: Payment | None, proofs: Mapping[int, str]
) -> ReceiptText:
    """The receipt: what was delivered and how it was proven. Refunded lines are not on it."""
    delivered = [line for line in lines if line.state == OrderLine.State.COMPLETED]
    zone = zone_of(lines)
    return ReceiptText(
        title=gettext("Receipt for data fees"),
        number=receipt.text_number,
        issued=figures.instant(receipt.issued_at, zone=zone),
        seller=figures.localised(receipt.seller.name),
        tax_number=receipt.seller.tax_number,
        contact=figures.localised(receipt.seller.contact_text, default=""),
        items=tuple(_item(line, proofs.get(line.pk, "")) for line in delivered),
        total=figures.amount(receipt.amount_minor, receipt.currency),
        tax=figures.amount(receipt.tax_minor, receipt.currency),
        facts=_facts(receipt, payment, zone),
        check_code=grouped(receipt.check_code),
    )


def _item(line: OrderLine, proof: str) -> DeliveredItem:
    is_add_on = line.offering.kind == Offering.Kind.ADD_ON
    first, last = line.starts_on.isoformat(), figures.last_day(line.ends_on)
    return DeliveredItem(
        what=figures.localised(line.offering.name),
        card=f"{figures.localised(line.account.carrier.name)} {line.sim.iccid}",
        period=sims.until(line.ends_on, kind=line.offering.kind)
        if is_add_on
        else gettext("%(first)s to %(last)s") % {"first": first, "last": last},
        proof=receipt_proof(proof),
        price=figures.amount(line.price_minor, line.order.currency),
    )


def _facts(receipt: Receipt, payment: Payment | None, zone: str) -> tuple[tuple[str, str], ...]:
    order = receipt.order
    facts = [(gettext("Order"), order.number)]
    if order.paid_at:
        facts.append((gettext("Paid"), figures.instant(order.paid_at, zone=zone)))
    if payment:
        facts.append((gettext("Paid by"), provider_name(payment.account.provider)))
        if payment.number:
            facts.append((gettext("Payment number"), payment.number))
    return tuple(facts)


def grouped(check_code: str) -> str:
    """The check code in groups of four, for reading aloud."""
    return " ".join(check_code[i : i + CHECK_CODE_GROUP] for i in range(0, len(check_code), CHECK_CODE_GROUP))


def printed(words: ReceiptText) -> dict[str, Any]:
    """The data for the PDF's template: the receipt's text and the template's labels."""
    labels = {
        "issued": gettext("Issued"),
        "seller": gettext("Seller"),
        "tax_number": gettext("Tax number"),
        "what": gettext("Delivered"),
        "amount": gettext("Amount"),
        "total": gettext("Total"),
        "tax": gettext("of which tax"),
        "check": gettext("Check code"),
        "scan": gettext("Scan to check that this receipt is genuine"),
        "note": gettext("A data fee for the SIM in a terminal. It has nothing to do with card-processing fees."),
    }
    return {**asdict(words), "labels": labels}


def checked(receipt: Receipt) -> Checked:
    """What the public check page may show."""
    return Checked(
        number=receipt.text_number,
        issued_on=figures.instant(receipt.issued_at, zone="Asia/Shanghai")[:10],
        amount=figures.amount(receipt.amount_minor, receipt.currency),
        seller=figures.localised(receipt.seller.name),
    )
