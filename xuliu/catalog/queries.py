"""What can be had, and for how much, at an instant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from xuliu.catalog.models import Offering, Price, PriceList


@dataclass(frozen=True, slots=True)
class PricedOffering:
    """An offering and its price on one list, in minor units of `currency`, tax included."""

    offering: Offering
    amount_minor: int
    currency: str


def public_price_list() -> PriceList | None:
    """The list that visitors without an account buy from."""
    return PriceList.objects.select_related("seller").filter(is_public=True).first()


def current_prices(*, carrier_ids: Sequence[int], price_list_id: int, at: datetime) -> list[PricedOffering]:
    """What these carriers' SIMs can have at that instant, renewals first, the longest term first; nothing paused."""
    prices = (
        Price.objects.filter(
            price_list=price_list_id,
            valid__contains=at,
            offering__carrier__in=list(carrier_ids),
            offering__paused_at__isnull=True,
        )
        .select_related("offering__carrier", "price_list")
        .order_by("offering__carrier", "-offering__kind", "-offering__months", "-offering__days", "amount_minor", "id")
    )
    return [PricedOffering(price.offering, price.amount_minor, price.price_list.currency) for price in prices]


def prices_at(*, offering_ids: Sequence[int], price_list_id: int, at: datetime) -> dict[int, int]:
    """The amount in minor units by offering id; an offering without a price then is missing. Paused ones are priced."""
    prices = Price.objects.filter(price_list=price_list_id, offering__in=list(offering_ids), valid__contains=at)
    return dict(prices.values_list("offering_id", "amount_minor"))


def price_history(*, offering_id: int, price_list_id: int) -> list[Price]:
    """Every price the offering had, has or will have on the list, oldest first."""
    return list(Price.objects.filter(offering=offering_id, price_list=price_list_id).order_by("valid"))
