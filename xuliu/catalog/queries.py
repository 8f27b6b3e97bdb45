"""Offerings and their prices at an instant."""

from collections.abc import Sequence
from datetime import datetime
from json import loads
from typing import Any, NamedTuple

from django.db import connection

from xuliu.catalog.models import Price, PriceList
from xuliu.catalog.periods import Terms
from xuliu.common import arrays


class PricedOffering(NamedTuple):
    """An offering as it is sold, with its price on one list: in minor units of `currency`, tax included.

    `amount_minor` is None if it has no price at that instant. `name` is by language.
    """

    id: int
    code: str
    name: dict[str, str]
    carrier_id: int
    terms: Terms
    size_bytes: int
    tax_basis_points: int
    cost_minor: int
    paused_at: datetime | None
    currency: str
    amount_minor: int | None


def public_price_list() -> PriceList | None:
    """The price list for visitors without an account."""
    return PriceList.objects.select_related("seller").filter(is_public=True).first()


def prices_at(*, offering_ids: Sequence[int], price_list_id: int, at: datetime) -> dict[int, PricedOffering]:
    """These offerings, paused ones too, with their prices at that instant; unknown ids are missing."""
    found = _priced("o.id = ANY(%s::bigint[])", sorted(set(offering_ids)), price_list_id, at)
    return {offering.id: offering for offering in found}


def prices_of(*, carrier_ids: Sequence[int], price_list_id: int, at: datetime) -> list[PricedOffering]:
    """The offerings of these carriers on that list at that instant, paused ones too.

    Renewals come first, the longest term first.
    """
    return _priced("o.carrier_id = ANY(%s::bigint[]) AND p.id IS NOT NULL", sorted(set(carrier_ids)), price_list_id, at)


def _priced(which: str, ids: Sequence[int], price_list_id: int, at: datetime) -> list[PricedOffering]:
    """One statement: every quote and page runs it, and two ORM queries took three times as long."""
    sql = f"""
        SELECT o.id, o.code, o.name, o.carrier_id, o.kind, o.months, o.days, o.starts, o.after_expiry,
            o.size_bytes, o.tax_basis_points, o.cost_minor, o.paused_at, l.currency, p.amount_minor
        FROM catalog_offering o JOIN catalog_pricelist l ON l.id = %s
        LEFT JOIN catalog_price p ON p.offering_id = o.id AND p.price_list_id = l.id AND p.valid @> %s::timestamptz
        WHERE {which}
        ORDER BY o.carrier_id, o.kind DESC, o.months DESC, o.days DESC, p.amount_minor, o.id"""
    with connection.cursor() as cursor:
        cursor.execute(sql, (price_list_id, at, arrays.integers(ids)))
        return [_priced_offering(*row) for row in cursor.fetchall()]


def _priced_offering(
    offering_id: int,
    code: str,
    name: str,
    carrier_id: int,
    kind: str,
    months: int,
    days: int,
    starts: str,
    after_expiry: str,
    *rest: Any,
) -> PricedOffering:
    terms = Terms(kind=kind, months=months, days=days, starts=starts, after_expiry=after_expiry)
    return PricedOffering(offering_id, code, loads(name), carrier_id, terms, *rest)


def price_history(*, offering_id: int, price_list_id: int) -> list[Price]:
    """Every price the offering had, has or will have on the list, oldest first."""
    return list(Price.objects.filter(offering=offering_id, price_list=price_list_id).order_by("valid"))
