"""One timeline of everything that happened around an order, newest last: moves, calls, the receipt."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xuliu.carrier.models import Call
from xuliu.common.models import CallRecord, Event
from xuliu.interfaces.console.kit.columns import badge
from xuliu.interfaces.wording import figures
from xuliu.interfaces.wording.reasons import reason
from xuliu.interfaces.wording.states import STATES_OF, Word
from xuliu.interfaces.wording.subjects import CHANNELS, ONE, who
from xuliu.ordering.models import Order, OrderLine, Receipt
from xuliu.payment.models import Payment, ProviderCall, Refund, RefundNumber

SHOWN_AT_MOST = 500


@dataclass(frozen=True, kw_only=True)
class TimelineEntry:
    """One thing that happened: `subject` to what, `text` what, `who` by whom, `detail` why or how it ended."""

    at: datetime
    kind: str
    subject: str
    text: Any
    who: str
    detail: str = ""
    link: str = ""
    has_failed: bool = False
    when: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "when", figures.instant(self.at))


def around(
    *,
    events: Sequence[Event],
    lines: Sequence[OrderLine],
    payments: Sequence[Payment],
    refunds: Sequence[Refund],
    receipt: Receipt | None = None,
) -> list[TimelineEntry]:
    """What happened to these, oldest first, at most the newest SHOWN_AT_MOST. Three queries."""
    names = _names(lines, payments, refunds)
    found = [_moved(event, names) for event in [*events, *_events_of(payments, refunds)]]
    found += [_called(call, "carrier") for call in calls_of(lines)]
    numbers = RefundNumber.objects.filter(refund_id__in=[one.pk for one in refunds]) if refunds else []
    references = [one.reference for one in payments] + [one.reference for one in numbers]
    provider_calls = ProviderCall.objects.filter(reference__in=references).order_by("-id")[:SHOWN_AT_MOST]
    found += [_called(call, "provider") for call in provider_calls]
    if receipt:
        found.append(_receipted(receipt))
    return sorted(found, key=lambda entry: entry.at)[-SHOWN_AT_MOST:]


def quoted(order: Order) -> TimelineEntry:
    """The beginning: a quote is created in its state, so no event records it."""
    return TimelineEntry(
        at=order.quoted_at,
        kind="move",
        subject=str(ONE["order"]),
        text=badge(Order.State.QUOTED, STATES_OF["order"]),
        who=str(CHANNELS.get(order.channel, order.channel)),
        detail=figures.amount(order.total_minor, order.currency),
    )


def calls_of(lines: Sequence[OrderLine]) -> list[Call]:
    """Calls to the carrier with these lines' references, oldest first."""
    references = [line.reference.hex for line in lines]
    newest = Call.objects.filter(reference__in=references).order_by("-id")[:SHOWN_AT_MOST]
    return sorted(newest, key=lambda call: call.pk)


def _events_of(payments: Sequence[Payment], refunds: Sequence[Refund]) -> list[Event]:
    of_payments = Q(kind="payment", subject_id__in=[payment.pk for payment in payments])
    of_refunds = Q(kind="refund", subject_id__in=[refund.pk for refund in refunds])
    return list(Event.objects.filter(of_payments | of_refunds).order_by("-id")[:SHOWN_AT_MOST])


def _names(
    lines: Sequence[OrderLine], payments: Sequence[Payment], refunds: Sequence[Refund]
) -> dict[tuple[str, int], str]:
    found = {("orderline", line.pk): gettext("Line %(number)s") % {"number": line.position} for line in lines}
    found |= {("payment", payment.pk): f"{ONE['payment']} …{payment.reference[-4:]}" for payment in payments}
    return found | {("refund", refund.pk): f"{ONE['refund']} …{refund.reference[-4:]}" for refund in refunds}


def _moved(event: Event, names: dict[tuple[str, int], str]) -> TimelineEntry:
    words = STATES_OF.get(event.kind, {})
    return TimelineEntry(
        at=event.at,
        kind="move",
        subject=names.get((event.kind, event.subject_id), str(ONE.get(event.kind, event.kind))),
        text=badge(event.became, words),
        who=who(event.actor_kind, event.actor_label),
        detail=reason(event.why_code, event.detail),
        has_failed=words.get(event.became, Word("")).tone == "dark",
    )


def _called(call: CallRecord, whom: str) -> TimelineEntry:
    table = "carrier_call" if whom == "carrier" else "payment_providercall"
    answer = call.failure or gettext("HTTP %(status)s in %(ms)s ms") % {"status": call.status, "ms": call.took_ms}
    return TimelineEntry(
        at=call.started_at,
        kind="call",
        subject=gettext("Call to the carrier") if whom == "carrier" else gettext("Call to the payment provider"),
        text=call.operation,
        who=who("worker", ""),
        detail=answer,
        link=reverse(f"admin:{table}_change", args=[call.pk]),
        has_failed=bool(call.failure),
    )


def _receipted(receipt: Receipt) -> TimelineEntry:
    return TimelineEntry(
        at=receipt.issued_at,
        kind="receipt",
        subject=str(_("Receipt")),
        text=receipt.text_number,
        who=who("worker", ""),
        detail=figures.amount(receipt.amount_minor, receipt.currency),
        link=reverse("admin:ordering_receipt_change", args=[receipt.pk]),
    )
