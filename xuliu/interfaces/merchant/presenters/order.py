"""The text of an order from quote to receipt: what it costs and brings, how far it is, how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from django.utils.translation import gettext, ngettext

from xuliu.catalog.models import Offering
from xuliu.interfaces.merchant.presenters.sim import silence
from xuliu.interfaces.wording import figures, sims
from xuliu.interfaces.wording.states import ORDERS
from xuliu.interfaces.wording.steps import step as words_of_step
from xuliu.ordering.models import Order, OrderLine
from xuliu.ordering.progress import StepCode
from xuliu.ordering.queries import Sums

LINES_SHOWN = 20
# (up to this many seconds after the start, refresh after so many seconds)
PACES = ((120, 2), (900, 5), (float("inf"), 30))


class StepLike(Protocol):
    """One step of `ordering.progress`."""

    @property
    def code(self) -> StepCode: ...
    @property
    def at(self) -> datetime | None: ...
    @property
    def is_now(self) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class BoughtItem:
    """One plan bought, and for which card."""

    what: str
    for_whom: str
    price: str
    period: str


@dataclass(frozen=True, kw_only=True)
class PriceLine:
    """One row of the price."""

    label: str
    amount: str


@dataclass(frozen=True, kw_only=True)
class Quote:
    """Everything above the pay button."""

    number: str
    lines: tuple[BoughtItem, ...]
    more: str
    prices: tuple[PriceLine, ...]
    total: str
    tax: str
    seller: str
    leads_to: str
    new_end: str
    count: int
    usual: str
    valid_until: str
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StepView:
    """One step of the order with its time."""

    text: str
    time: str
    stands: str  # done, now, later or bad


@dataclass(frozen=True, kw_only=True)
class Ending:
    """The outcome: a headline, what it means and what to do."""

    tone: str
    title: str
    say: str
    advice: str = ""


def carrier_name(line: OrderLine) -> str:
    """The carrier of the line's SIM, in the reader's language."""
    return figures.localised(line.account.carrier.name)


def whose(line: OrderLine) -> str:
    """`China Mobile, card ending 0973`."""
    return gettext("%(carrier)s, card ending %(last_four)s") % {
        "carrier": carrier_name(line),
        "last_four": line.sim.iccid[-4:],
    }


def zone_of(lines: Sequence[OrderLine]) -> str:
    """The zone of the order's times: that of the first line's carrier account."""
    return lines[0].account.zone if lines else "Asia/Shanghai"


def present_quote(
    order: Order,
    lines: Sequence[OrderLine],
    *,
    sums: Sums,
    usual_seconds: int | None,
    is_other_under_way: bool,
    is_silent: bool,
) -> Quote:
    """The text of the quote, with every line of the price. Prices include tax."""
    prices = [PriceLine(label=gettext("List price"), amount=_money(order, sums.list_minor))]
    if sums.discount_minor:
        prices.append(PriceLine(label=gettext("Discount"), amount=_money(order, -sums.discount_minor)))
    return Quote(
        number=order.number,
        lines=tuple(_line(order, line) for line in lines),
        more=_more(order, lines),
        prices=tuple(prices),
        total=_money(order, order.total_minor),
        tax=_money(order, sums.tax_minor),
        seller=figures.localised(order.seller.name),
        leads_to=_leads_to(order, lines),
        new_end=figures.last_day(lines[0].ends_on) if len(lines) == 1 else "",
        count=order.line_count,
        usual=gettext("usually done in %(span)s") % {"span": figures.span(usual_seconds)} if usual_seconds else "",
        valid_until=figures.minute_time(order.valid_until, zone=zone_of(lines)),
        notes=_notes(lines, is_other_under_way, is_silent),
    )


def _leads_to(order: Order, lines: Sequence[OrderLine]) -> str:
    if order.line_count != 1:
        return ngettext("card", "cards", order.line_count)
    if lines[0].offering.kind == Offering.Kind.ADD_ON:
        return gettext("+ %(size)s, usable until") % {"size": figures.size(lines[0].offering.size_bytes)}
    return gettext("Will serve until")


def _line(order: Order, line: OrderLine) -> BoughtItem:
    return BoughtItem(
        what=figures.localised(line.offering.name),
        for_whom=whose(line),
        price=_money(order, line.price_minor),
        period=sims.until(line.ends_on, kind=line.offering.kind),
    )


def _more(order: Order, lines: Sequence[OrderLine]) -> str:
    left = order.line_count - len(lines)
    return ngettext("and %(count)s more card", "and %(count)s more cards", left) % {"count": left} if left > 0 else ""


def _notes(lines: Sequence[OrderLine], is_other_under_way: bool, is_silent: bool) -> tuple[str, ...]:
    notes = [silence(carrier_name(lines[0]))] if is_silent else []
    if is_other_under_way and lines[0].offering.kind == Offering.Kind.ADD_ON:
        notes.append(gettext("Another order for this card is under way. This one comes on top of it."))
    elif is_other_under_way:
        notes.append(
            gettext("Another renewal of this card is under way. This one comes after it and is counted from its end.")
        )
    return tuple(notes)


def _money(order: Order, amount_minor: int) -> str:
    return figures.amount(amount_minor, order.currency)


def steps(found: Sequence[StepLike], *, carrier: str, zone: str) -> list[StepView]:
    """The steps that really happened, each with its time."""
    return [
        StepView(
            text=words_of_step(step.code, is_done=step.at is not None, carrier=carrier),
            time=figures.clock_time(step.at, zone=zone) if step.at else "",
            stands=_stands(step),
        )
        for step in found
    ]


def _stands(step: StepLike) -> str:
    if step.code in (StepCode.REJECTED, StepCode.DISPUTED):
        return "bad" if step.at or step.is_now else "later"
    if step.is_now:
        return "now"
    return "done" if step.at else "later"


def pace(order: Order, *, now: datetime) -> int:
    """Seconds until a waiting page refreshes: often at first, less often later."""
    waited = (now - order.state_at).total_seconds()
    return next(seconds for within, seconds in PACES if waited < within)


def ending(
    order: Order, lines: Sequence[OrderLine], *, refund: str, is_disputed: bool, is_overdue: bool
) -> Ending | None:
    """The outcome; None while the order is under way and not overdue."""
    if order.state == Order.State.COMPLETED:
        return _completed(lines)
    if order.state == Order.State.FAILED:
        return Ending(
            tone="dark",
            title=gettext("Not renewed, money back") if order.paid_at else gettext("Not renewed"),
            say=gettext("Nothing was delivered, so you are not charged."),
            advice=_refund_words(refund),
        )
    if order.state == Order.State.PARTIAL:
        return Ending(
            tone="soon",
            title=gettext("Partly renewed"),
            say=gettext("Some cards were renewed, some not; for those the money goes back."),
            advice=_refund_words(refund),
        )
    if is_disputed:
        return Ending(
            tone="soon",
            title=gettext("Being looked into"),
            say=gettext("The carrier says it is done, but its own record does not show it yet."),
            advice=gettext(
                "Your money is held and nothing is lost. We ask the carrier again every day; a person follows it up."
            ),
        )
    return _overdue() if is_overdue else _unpaid_end(order)


def _overdue() -> Ending:
    return Ending(
        tone="soon",
        title=gettext("Paid, still under way"),
        say=gettext("It takes longer than usual; we are looking into it."),
        advice=gettext("Your money is held: it is delivered, or you get it back. Do not pay again."),
    )


def _completed(lines: Sequence[OrderLine]) -> Ending:
    advice = gettext("If the terminal is still offline, switch it off and on.")
    if len(lines) != 1:
        return Ending(
            tone="well", title=gettext("All renewed"), say=gettext("Read back from the carrier."), advice=advice
        )
    is_add_on = lines[0].offering.kind == Offering.Kind.ADD_ON
    return Ending(
        tone="well",
        title=gettext("Data added") if is_add_on else gettext("Renewed"),
        say=gettext("Serves until %(day)s, read back from %(carrier)s.")
        % {"day": figures.last_day(_served_until(lines[0])), "carrier": carrier_name(lines[0])},
        advice=advice,
    )


def _served_until(line: OrderLine) -> date:
    """Until when the SIM is served now; the line's own end if the carrier reports nothing later."""
    return max(line.ends_on, line.sim.period_end_on or line.ends_on)


def _refund_words(refund: str) -> str:
    if refund == "succeeded":
        return gettext("The money has gone back to where it came from.")
    if refund == "pending":
        return gettext("The money goes back to where it came from, usually within minutes. You need not ask for it.")
    if refund == "late":
        return gettext(
            "The money goes back to where it came from. It takes longer than usual; we are looking into it. "
            "You need not ask for it."
        )
    if refund == "failed":
        return gettext("The money could not be sent back by itself. A person does it; you need not ask for it.")
    return ""


def _unpaid_end(order: Order) -> Ending | None:
    if order.state == Order.State.CANCELLED:
        return Ending(
            tone="plain", title=gettext("Cancelled"), say=gettext("Nothing was paid and nothing was changed.")
        )
    if order.paid_at is None:
        return Ending(
            tone="plain",
            title=gettext("This offer has ended"),
            say=gettext("A price is held for 15 minutes. Nothing was paid and nothing was changed."),
        )
    return None


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """An order made on this phone, as a row of a list."""

    code: str
    what: str
    whom: str
    stands: str
    tone: str


def remembered(order: Order, lines: Sequence[OrderLine]) -> Remembered:
    """The order as a row: what was bought, for which card, and its state."""
    word = ORDERS[order.state].payer
    what = figures.localised(lines[0].offering.name) if lines else order.number
    whom = whose(lines[0]) if lines else ""
    return Remembered(code=order.code, what=what, whom=whom, stands=str(word.text), tone=word.tone)
