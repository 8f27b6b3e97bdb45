"""Top up a SIM: quote, payment by a QR code in the terminal, every step as it happens, receipt."""

import argparse
import sys
from datetime import datetime

import segno
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from xuliu.cli import chosen, layout, lookup, speech, waiting, wall_clock
from xuliu.cli.failure import CommandFailed
from xuliu.cli.guard import refuse_unfit
from xuliu.common import actor
from xuliu.interfaces.wording import figures
from xuliu.interfaces.wording.refusals import with_remedy
from xuliu.interfaces.wording.steps import STEPS
from xuliu.interfaces.wording.steps import step as words_of_step
from xuliu.inventory.models import Sim
from xuliu.ordering.buying.cannot_place import CannotPlace
from xuliu.ordering.buying.place import place
from xuliu.ordering.buying.quote import QuoteRefused, Selection, quote
from xuliu.ordering.buying.ways_to_pay import ways_to_pay
from xuliu.ordering.models import Channel, Order
from xuliu.ordering.progress import ProgressStep
from xuliu.ordering.queries import lines_of, payment_of, receipt_of, usual_seconds
from xuliu.payment.contract import PagePart
from xuliu.payment.models import Payment
from xuliu.payment.registry import all_ways

DONE, NOT_DELIVERED, NOT_PAID, NOT_YET = 0, 3, 4, 5
INTERRUPTED = 130
OPEN_WITHIN_SECONDS = 30.0
WAIT_SECONDS = 600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which SIM and which offering."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = f"""\
ends with:
  {DONE}  delivered, verified and receipted
  {NOT_DELIVERED}  the carrier refused; the money goes back
  {NOT_PAID}  not paid, nothing changed
  {NOT_YET}  paid and not done yet; it goes on by itself

`xuliu lookup` lists the codes of offerings."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--iccid", help="the card's number")
    which.add_argument("--sn", help="the terminal's serial number")
    which.add_argument("--sticker", metavar="CODE", help="the code or the address of the terminal's sticker")
    parser.add_argument("--offering", required=True, metavar="CODE", help="what to buy")
    parser.add_argument(
        "--way", choices=drawn_ways(), help="to pay, by a code that is drawn here (default: the seller's first)"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask whether the quote is right")
    parser.add_argument(
        "--wait", type=float, default=WAIT_SECONDS, metavar="SECONDS", help="for the end, once it is paid"
    )
    speech.add_language(parser)
    parser.add_argument("--demo", action="store_true", help="allow the demo secret and sandbox accounts")


def run(args: argparse.Namespace) -> int:
    """Make one order on the path of every order, printing each step."""
    refuse_unfit(is_demo=args.demo)
    with override(args.language), actor.acting(actor.Actor("command", label="topup")):
        order = make_quote(_chosen(args).sim, args.offering)
        print("\n".join(price_lines(order)))
        if not (args.yes or _is_confirmed()):
            print(_("Nothing was ordered and nothing is to be paid."))
            return NOT_PAID
        payment = payable(order, way=args.way)
        if payment:
            _show_payment(payment)
        try:
            telling = Telling(order)
            for step in waiting.steps(order.pk, seconds=args.wait):
                telling.tell(step)
        except KeyboardInterrupt:
            print(
                "\n" + _("No longer watched; the order stands here: %(link)s") % {"link": address("order", order.code)}
            )
            return INTERRUPTED
        return _end(order)


def make_quote(sim: Sim, offering_code: str) -> Order:
    """A quote for this SIM, made by the person at the terminal. Raises CommandFailed, naming what the SIM can have."""
    found = lookup.offers_for(sim)
    sold = {offering.code: offering.id for offering in found.sold}
    if offering_code not in sold:
        there_is = ", ".join(offer.offering.code for offer in found.offers) or "nothing"
        raise CommandFailed(f"{offering_code} cannot be had for this SIM; there is: {there_is}.")
    selection = Selection(sim_id=sim.pk, offering_id=sold[offering_code])
    price_list_id = lookup.public_prices().pk
    try:
        order_id = quote(
            selections=[selection],
            price_list_id=price_list_id,
            channel=Channel.COMMAND,
            merchant_id=sim.merchant_id,
            is_waited_for=True,
        )
    except QuoteRefused as refused:
        raise CommandFailed(with_remedy(refused.refusals[0].code)) from refused
    return Order.objects.select_related("seller").get(id=order_id)


def price_lines(order: Order) -> list[str]:
    """The quote: the plan and card, every line of the price, the new end, and how long the quote is valid."""
    line = lines_of(order.pk)[0]
    rows = [(figures.localised(line.offering.name), _money(order, line.list_minor))]
    if line.discount_minor:
        rows.append((_("Discount"), _money(order, -line.discount_minor)))
    rows += [(_("To pay"), _money(order, order.total_minor)), (_("tax in it"), _money(order, line.tax_minor))]
    usual = usual_seconds(line.account_id)
    carrier = figures.localised(line.account.carrier.name)
    until = _("Serves until %(day)s.") % {"day": figures.last_day(line.ends_on)}
    held = _("The price is held until %(time)s.") % {
        "time": figures.minute_time(order.valid_until, zone=wall_clock.here())
    }
    done = [_("Usually done in %(count)s s.") % {"count": usual}] if usual else []
    return [
        _("Order %(number)s, sold by %(seller)s")
        % {"number": order.number, "seller": figures.localised(order.seller.name)},
        f"  {carrier}, ICCID {line.sim.iccid}",
        *layout.columns(rows, right=[1], indent=2),
        "  " + " ".join([until, *done, held]),
    ]


def drawn_ways() -> list[str]:
    """The ways to pay by a QR code for another device: a terminal can draw it like a page."""
    return [way.code for way, _provider in all_ways().values() if way.part is PagePart.QR]


def _first_way(order: Order) -> str:
    ways = ways_to_pay(order.seller_id, order.currency)
    return next((code for code in drawn_ways() if code in ways), "")


def payable(order: Order, *, way: str | None = None) -> Payment | None:
    """Place the order, to be paid that way or the seller's first QR code, and wait until the provider has opened its
    payment; None if there is nothing to pay.

    Raises CommandFailed if it cannot be paid, or if no worker opens the payment.
    """
    try:
        payment_id = place(order_id=order.pk, way=way or _first_way(order))
    except CannotPlace as refused:
        raise CommandFailed(with_remedy(refused.code)) from refused
    if payment_id is None:
        return None
    payment = waiting.until(lambda: _opened(order.pk), seconds=OPEN_WITHIN_SECONDS)
    if payment is None:
        raise CommandFailed("No payment was opened: no worker runs, or the provider does not answer (xuliu worker).")
    if payment.state == Payment.State.FAILED:
        raise CommandFailed(f"The provider refused to open the payment: {payment.failed_why}.")
    return payment


class Telling:
    """Prints an order's steps, one line each: when, which of the six, how long it took, what happened."""

    def __init__(self, order: Order, *, since: datetime | None = None) -> None:
        line = lines_of(order.pk)[0]
        self._carrier = figures.localised(line.account.carrier.name)
        self._before = since

    def tell(self, step: ProgressStep) -> None:
        """Print a step that was reached."""
        if step.at:
            text = words_of_step(step.code, is_done=True, carrier=self._carrier)
            self.say(str(STEPS[step.code].part), step.at, text)

    def say(self, name: str, at: datetime, text: str) -> None:
        """Print one line. Providers give whole seconds, so a step is never shown before the previous one."""
        at = max(at, self._before or at)
        took = f"+{(at - self._before).total_seconds():.2f} s" if self._before else ""
        self._before = at
        print(f"  {wall_clock.tenths(at)}  {layout.padded(name, 10)} {took:>9}  {text}")


def address(name: str, code: str) -> str:
    """The full address of a phone page."""
    return f"{settings.XULIU_BASE_URL}{reverse(f'merchant:{name}', args=[code])}"


def _chosen(args: argparse.Namespace) -> chosen.Chosen:
    if args.iccid:
        return chosen.by_iccid(args.iccid)
    return chosen.by_serial_number(args.sn) if args.sn else chosen.by_sticker(args.sticker)


def _is_confirmed() -> bool:
    if not sys.stdin.isatty():
        raise CommandFailed("Nobody is there to confirm the quote; add --yes.")
    return input(_("Pay this? [y/N] ")).strip().lower() in {"y", "yes"}


def _opened(order_id: int) -> Payment | None:
    payment = payment_of(order_id)
    return payment if payment and payment.state != Payment.State.OPENING else None


def _show_payment(payment: Payment) -> None:
    if payment.token and payment.state == Payment.State.PENDING:
        print("\n" + _("Scan to pay %(amount)s:") % {"amount": figures.amount(payment.amount_minor, payment.currency)})
        segno.make(payment.token, error="m", micro=False).terminal(compact=True)
        if payment.account.is_sandbox:
            print(f"  {payment.token}")
        print()


def _end(order: Order) -> int:
    order.refresh_from_db()
    receipt = receipt_of(order.pk)
    print()
    if order.state == Order.State.COMPLETED and receipt:
        print(
            _("Done. Receipt %(number)s: %(link)s")
            % {"number": receipt.text_number, "link": address("receipt", receipt.code)}
        )
        return DONE
    if order.state == Order.State.FAILED:
        print(
            _("Not delivered; the money goes back to where it came from: %(link)s")
            % {"link": address("order", order.code)}
        )
        return NOT_DELIVERED
    if order.paid_at is None:
        print(_("It was not paid, so nothing was changed."))
        return NOT_PAID
    print(_("It is paid and goes on by itself: %(link)s") % {"link": address("order", order.code)})
    return NOT_YET


def _money(order: Order, amount_minor: int) -> str:
    return figures.amount(amount_minor, order.currency)
