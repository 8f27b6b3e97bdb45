"""The side bar of every page: the tables this person may see, in the order of the day's work."""

from typing import Any, NamedTuple

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from xuliu.ticket.queries import open_cases

COUNTED_AT_MOST = 100
GROUPS: tuple[tuple[Promise, tuple[str, ...]], ...] = (
    (_("Fleet"), ("inventory.sim", "inventory.terminal", "party.merchant", "balance.reading", "inventory.binding")),
    (_("Orders"), ("ordering.order", "ordering.orderline", "ordering.receipt")),
    (_("Money"), ("payment.payment", "payment.refund", "payment.notice", "ledger.posting")),
    (_("What is sold"), ("catalog.offering", "catalog.price", "catalog.pricelist")),
    (
        _("Lines to the outside"),
        (
            "carrier.carrieraccount",
            "payment.provideraccount",
            "carrier.call",
            "payment.providercall",
            "carrier.carrier",
        ),
    ),
    (_("The house"), ("party.person", "party.seller", "common.event")),
)


class Link(NamedTuple):
    """One link, with the count `waiting` beside it."""

    title: Any
    link: str
    is_here: bool
    waiting: str = ""


class LinkGroup(NamedTuple):
    """Links under a heading; the first group has none."""

    title: Any
    items: list[Link]


def navigation(site: AdminSite, request: HttpRequest) -> list[LinkGroup]:
    """The groups this person sees, with the number of open cases."""
    if not site.has_permission(request):
        return []
    tables = {model._meta.label_lower: table for model, table in site._registry.items()}  # noqa: SLF001  # Django 5.2 has no other way to it
    groups = [LinkGroup("", [Link(_("Overview"), reverse("admin:index"), request.path == reverse("admin:index"))])]
    if _is_seen(tables.get("ticket.case"), request):
        groups[0].items.append(_cases(request))
    for title, labels in GROUPS:
        seen = [label for label in labels if _is_seen(tables.get(label), request)]
        if seen:
            groups.append(LinkGroup(title, [_item(label, tables[label], request) for label in seen]))
    return groups


def _is_seen(table: Any, request: HttpRequest) -> bool:
    return table is not None and table.has_view_permission(request)


def _item(label: str, table: Any, request: HttpRequest) -> Link:
    app, model = label.split(".")
    root = reverse(f"admin:{app}_{model}_changelist")
    return Link(table.plural, root, request.path.startswith(root))


def _cases(request: HttpRequest) -> Link:
    root = reverse("admin:ticket_case_changelist")
    count = open_cases().order_by()[:COUNTED_AT_MOST].count()
    shown = f"{COUNTED_AT_MOST}+" if count == COUNTED_AT_MOST else str(count or "")
    return Link(_("Cases"), f"{root}?state=OPEN", request.path.startswith(root), shown)
