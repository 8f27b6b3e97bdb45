"""Carriers, sellers and what is sold, for tests. Each call makes something new unless it is named."""

import itertools
from datetime import UTC, datetime
from typing import Any

from psycopg.types.range import Range

from xuliu.carrier.models import Carrier
from xuliu.catalog.models import Offering, Price, PriceList
from xuliu.party.models import Seller

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_numbers = itertools.count(1)


def make_carrier(code: str = "", **fields: Any) -> Carrier:
    """A carrier; the same one for the same code."""
    code = code or f"carrier-{next(_numbers)}"
    fields.setdefault("name", {"zh-hans": f"运营商 {code}", "en": f"Carrier {code}"})
    return Carrier.objects.get_or_create(code=code, defaults=fields)[0]


def make_seller(**fields: Any) -> Seller:
    """A legal entity that sells."""
    number = next(_numbers)
    fields = {"code": f"seller-{number}", "name": {"zh-hans": f"续流科技 {number}"}, **fields}
    return Seller.objects.create(**fields)


def make_price_list(**fields: Any) -> PriceList:
    """A price list in yuan."""
    fields = {"code": f"list-{next(_numbers)}", "name": {"zh-hans": "零售价"}, "currency": "CNY", **fields}
    fields.setdefault("seller", None)
    fields["seller"] = fields["seller"] or make_seller()
    return PriceList.objects.create(**fields)


def make_offering(carrier: Carrier | None = None, **fields: Any) -> Offering:
    """A renewal by a year, unless the fields say otherwise; `kind="add_on"` is data within the period."""
    number = next(_numbers)
    is_add_on = fields.get("kind") == Offering.Kind.ADD_ON
    known: dict[str, Any] = {
        "code": f"offering-{number}",
        "name": {"zh-hans": f"套餐 {number}", "en": f"Plan {number}"},
        "kind": Offering.Kind.RENEWAL,
        "plan_code": f"P{number}",
        "months": 0 if is_add_on else 12,
        "size_bytes": 100_000_000 if is_add_on else 0,
        "proof": Offering.Proof.GRANTED_TOTAL if is_add_on else Offering.Proof.PERIOD_END,
    }
    return Offering.objects.create(carrier=carrier or make_carrier(), **{**known, **fields})


def make_price(
    offering: Offering,
    price_list: PriceList,
    amount_minor: int,
    *,
    starts_at: datetime = LONG_AGO,
    ends_at: datetime | None = None,
) -> Price:
    """A price from–to; without an end it runs on."""
    return Price.objects.create(
        offering=offering, price_list=price_list, amount_minor=amount_minor, valid=Range(starts_at, ends_at)
    )
