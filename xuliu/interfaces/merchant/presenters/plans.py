"""The plans for a SIM as its page lists them: what, until when, for how much."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext

from xuliu.catalog.models import Offering
from xuliu.catalog.queries import PricedOffering
from xuliu.interfaces.wording import figures, sims
from xuliu.ordering.buying.offers import Offer

MOST_SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class PlanChoice:
    """One plan to choose; `go` is the button's text once it is chosen."""

    offering_id: int
    title: str
    price: str
    detail: str
    beside: str
    badge: str
    go: str
    is_chosen: bool


@dataclass(frozen=True, kw_only=True)
class PlanGroup:
    """The plans under one question."""

    question: str
    plans: tuple[PlanChoice, ...]


def groups(offers: Sequence[Offer], *, wants: str, chosen: str = "") -> list[PlanGroup]:
    """Renewals and add-ons, the kind the SIM needs first. The plan with the id `chosen` is selected, else the first."""
    renewals = sorted((one for one in offers if not _is_add_on(one.offering)), key=_months, reverse=True)
    add_ons = sorted((one for one in offers if _is_add_on(one.offering)), key=lambda one: one.amount_minor)
    sides = [(gettext("Until when?"), renewals[:MOST_SHOWN]), (gettext("How much more data?"), add_ons[:MOST_SHOWN])]
    if wants == "add_on":
        sides.reverse()
    filled = [(question, rows) for question, rows in sides if rows]
    ids = [row.offering.id for _, rows in filled for row in rows]
    picked = next((each for each in ids if str(each) == chosen), ids[0] if ids else 0)
    return [PlanGroup(question=question, plans=_plans(rows, picked=picked)) for question, rows in filled]


def _plans(rows: Sequence[Offer], *, picked: int) -> tuple[PlanChoice, ...]:
    cheapest = min(rows, key=_a_month)
    return tuple(
        PlanChoice(
            offering_id=row.offering.id,
            title=figures.localised(row.offering.name),
            price=figures.amount(row.amount_minor, row.offering.currency),
            detail=sims.until(row.ends_on, kind=row.offering.terms.kind),
            beside=_beside(row),
            badge=gettext("best value") if row is cheapest and len(rows) > 1 else "",
            go=_go(row),
            is_chosen=row.offering.id == picked,
        )
        for row in rows
    )


def _is_add_on(offering: PricedOffering) -> bool:
    return offering.terms.kind == Offering.Kind.ADD_ON


def _term(offering: PricedOffering) -> str:
    """How long or how much, short enough for a button."""
    if _is_add_on(offering):
        return figures.size(offering.size_bytes)
    terms = offering.terms
    years, rest = divmod(terms.months, 12)
    if years > 1 and not rest and not terms.days:
        return ngettext("%(count)s year", "%(count)s years", years) % {"count": years}
    if terms.months and not terms.days:
        return ngettext("%(count)s month", "%(count)s months", terms.months) % {"count": terms.months}
    if terms.days and not terms.months:
        return figures.days(terms.days)
    return figures.localised(offering.name)


def _beside(row: Offer) -> str:
    if _is_add_on(row.offering) or row.offering.terms.months < 2:
        return ""
    return gettext("%(price)s / month") % {"price": figures.amount(round(_a_month(row)), row.offering.currency)}


def _go(row: Offer) -> str:
    words = {"plan": _term(row.offering), "price": figures.amount(row.amount_minor, row.offering.currency)}
    if _is_add_on(row.offering):
        return gettext("Add %(plan)s for %(price)s") % words
    return gettext("Renew %(plan)s for %(price)s") % words


def _months(row: Offer) -> tuple[float, int]:
    return row.offering.terms.months + row.offering.terms.days / 30, -row.amount_minor


def _a_month(row: Offer) -> float:
    if _is_add_on(row.offering):
        return row.amount_minor / row.offering.size_bytes
    return row.amount_minor / max(_months(row)[0], 0.01)
