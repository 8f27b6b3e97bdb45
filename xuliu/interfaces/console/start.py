"""The overview: which SIMs go dark when, where the money is, what is stuck, how the carriers are. A picture first."""

from datetime import date, datetime
from typing import Any, NamedTuple

from django.contrib.admin import site
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from xuliu.common import clock
from xuliu.interfaces.console import counts
from xuliu.interfaces.console.kit import columns
from xuliu.interfaces.wording import figures
from xuliu.interfaces.wording.cases import CASE_KINDS
from xuliu.interfaces.wording.reasons import reason
from xuliu.interfaces.wording.states import STATES_OF
from xuliu.interfaces.wording.subjects import MANY
from xuliu.ordering.queries import StateCount, state_counts
from xuliu.party.rights import Right

TABLES = {
    "line": "ordering_orderline",
    "payment": "payment_payment",
    "refund": "payment_refund",
    "notice": "payment_notice",
}
FULL, SOON_DAYS = 100, 7


class Bar(NamedTuple):
    """One day of the picture. `height` is out of FULL; `tone` says how soon."""

    day: date
    sims: int
    height: float
    tone: str
    link: str
    label: str


class Part(NamedTuple):
    """One part of the money; `start` and `width` are out of FULL."""

    title: Any
    amount: str
    share: str
    start: float
    width: float
    tone: str
    link: str


def show(request: HttpRequest) -> HttpResponse:
    """The overview; money only for staff who may see it."""
    if not request.user.has_perm(Right.SEE):
        raise PermissionDenied
    now = clock.now()
    dark = counts.darkness(clock.civil_date(now, get_current_timezone_name()))
    sees_money = request.user.has_perm(Right.SEE_MONEY)
    context = {
        **site.each_context(request),
        "title": _("Overview"),
        "dark": dark,
        "bars": _bars(dark),
        "sims": reverse("admin:inventory_sim_changelist"),
        "pots": [_pot(money) for money in counts.money()] if sees_money else [],
        "cases": [_case(case, now) for case in counts.cases()],
        "state_counts": _state_counts(state_counts(), now, sees_money=sees_money),
        "carriers": [_carrier(health) for health in counts.carriers_health(now)],
        "now": figures.instant(now),
    }
    return render(request, "console/start.html", context)


def _bars(dark: counts.Darkness) -> list[Bar]:
    most = max((count for _, count in dark.by_day), default=0) or 1
    root = reverse("admin:inventory_sim_changelist")
    return [
        Bar(
            day=day,
            sims=count,
            height=max(2.0, FULL * count / most) if count else 0,
            tone="soon" if (day - dark.today).days <= SOON_DAYS else "later",
            link=f"{root}?state=ACTIVE&period_end_on__exact={day.isoformat()}",
            label=ngettext("%(day)s: %(count)s SIM", "%(day)s: %(count)s SIMs", count) % {"day": day, "count": count},
        )
        for day, count in dark.by_day
    ]


def _pot(money: counts.Money) -> dict[str, Any]:
    postings, lines = reverse("admin:ledger_posting_changelist"), reverse("admin:ordering_order_changelist")
    refunds = reverse("admin:payment_refund_changelist")
    wanted = [
        (_("Held for orders under way"), money.held, "soon", f"{lines}?state=PAID"),
        (_("Owed back to payers"), money.owed_back, "dark", f"{refunds}?state=PENDING"),
        (_("In suspense: whose it is, nobody knows yet"), money.suspense, "dark", f"{postings}?q=suspense"),
        (_("VAT to be paid"), money.tax, "plain", f"{postings}?q=tax:vat:payable"),
        (_("Earned, without VAT"), money.revenue, "well", f"{postings}?q=revenue:data"),
    ]
    whole = sum(max(0, amount) for _, amount, _, _ in wanted) or 1
    parts, start = [], 0.0
    for title, amount, tone, link in wanted:
        width = FULL * max(0, amount) / whole
        share = f"{width:.0f} %" if amount else figures.NONE
        parts.append(Part(title, figures.amount(amount, money.currency), share, start, width, tone, link))
        start += width
    return {
        "parts": parts,
        "with_providers": figures.amount(money.with_providers, money.currency),
        "owed_to_carriers": figures.amount(money.owed_to_carriers, money.currency),
    }


def _state_counts(found: list[StateCount], now: datetime, *, sees_money: bool) -> list[dict[str, Any]]:
    return [
        {
            "kind": MANY[kind],
            "link": reverse(f"admin:{table}_changelist"),
            "rows": [_state_count(one, table, now) for one in found if one.kind == kind],
        }
        for kind, table in TABLES.items()
        if kind == "line" or sees_money
    ]


def _state_count(one: StateCount, table: str, now: datetime) -> dict[str, Any]:
    root = reverse(f"admin:{table}_changelist")
    aside = f"{root}?is_set_aside=1&state={one.state}" if one.kind == "line" else f"{root}?state={one.state}"
    return {
        "state": columns.badge(one.state, STATES_OF[one.kind]),
        "count": one.count,
        "oldest": figures.age(one.oldest_at, now=now),
        "set_aside": one.set_aside,
        "overdue": one.overdue,
        "link": f"{root}?state={one.state}",
        "aside_link": aside,
    }


def _case(case: counts.CaseCount, now: datetime) -> dict[str, Any]:
    root = reverse("admin:ticket_case_changelist")
    return {
        "what": CASE_KINDS.get(case.kind, case.kind),
        "count": case.number,
        "oldest": figures.age(case.oldest_at, now=now),
        "link": f"{root}?state=OPEN&kind={case.kind}",
    }


def _carrier(health: counts.Health) -> dict[str, Any]:
    account = health.account
    lines = reverse("admin:ordering_orderline_changelist")
    if account.paused_at:
        tone, says = "dark", _("Paused")
    elif health.changes_failed or health.reads_failed > health.reads / 10:
        tone, says = "soon", _("Calls fail")
    elif health.reads or health.changes:
        tone, says = "well", _("Answers")
    else:
        tone, says = "plain", _("Not spoken to in the last hour")
    return {
        "name": figures.localised(account.carrier),
        "code": account.code,
        "tone": tone,
        "says": says,
        "why": reason(account.paused_why, account.paused_detail),
        "health": health,
        "link": reverse("admin:carrier_carrieraccount_change", args=[account.pk]),
        "ready_link": f"{lines}?state=READY&account__id__exact={account.pk}",
        "calls_link": f"{reverse('admin:carrier_call_changelist')}?account_id={account.pk}",
    }
